# SPDX-License-Identifier: GPL-2.0-or-later
sbin_PROGRAMS += dom0-tools/hvctl/hvctl
dom0_tools_hvctl_hvctl_SOURCES = \
	dom0-tools/hvctl/cmd_block.c \
	dom0-tools/hvctl/cmd_console.c \
	dom0-tools/hvctl/cmd_config_update.c \
	dom0-tools/hvctl/cmd_create.c \
	dom0-tools/hvctl/cmd_debug_keys.c \
	dom0-tools/hvctl/cmd_destroy.c \
	dom0-tools/hvctl/cmd_dmesg.c \
	dom0-tools/hvctl/cmd_dump_core.c \
	dom0-tools/hvctl/cmd_events.c \
	dom0-tools/hvctl/cmd_host.c \
	dom0-tools/hvctl/cmd_info.c \
	dom0-tools/hvctl/cmd_list.c \
	dom0-tools/hvctl/cmd_mem_plan.c \
	dom0-tools/hvctl/cmd_memory.c \
	dom0-tools/hvctl/cmd_name.c \
	dom0-tools/hvctl/cmd_network.c \
	dom0-tools/hvctl/cmd_network_setup.c \
	dom0-tools/hvctl/cmd_pause.c \
	dom0-tools/hvctl/cmd_sched.c \
	dom0-tools/hvctl/cmd_shutdown.c \
	dom0-tools/hvctl/cmd_top.c \
	dom0-tools/hvctl/cmd_uptime.c \
	dom0-tools/hvctl/cmd_vcpu.c \
	dom0-tools/hvctl/command.c \
	dom0-tools/hvctl/commands.c \
	dom0-tools/hvctl/console_attach.c \
	dom0-tools/hvctl/console_log.c \
	dom0-tools/hvctl/domain_life.c \
	dom0-tools/hvctl/host_daemon.c \
	dom0-tools/hvctl/host_parts.c \
	dom0-tools/hvctl/device_command.c \
	dom0-tools/hvctl/device_rates.c \
	dom0-tools/hvctl/list_devices.c \
	dom0-tools/hvctl/list_format.c \
	dom0-tools/hvctl/list_long.c \
	dom0-tools/hvctl/main.c \
	dom0-tools/hvctl/page_holders.c \
	dom0-tools/hvctl/raw_terminal.c \
	dom0-tools/hvctl/size_parse.c
dom0_tools_hvctl_hvctl_CPPFLAGS = $(tools_cppflags) -iquote $(srcdir)/include
dom0_tools_hvctl_hvctl_CFLAGS = $(tools_cflags)
dom0_tools_hvctl_hvctl_LDFLAGS =
dom0_tools_hvctl_hvctl_LDADD = $(tools_ldadd) -lmnl

man_MANS += docs/man/hvctl.8
