# SPDX-License-Identifier: GPL-2.0-or-later
#
# dom0's tools: ordinary programs, installed in /usr/sbin.

sbin_PROGRAMS += dom0-tools/hvctl/hvctl
dom0_tools_hvctl_hvctl_SOURCES = \
	dom0-tools/hvctl/cmd_debug_keys.c \
	dom0-tools/hvctl/cmd_dmesg.c \
	dom0-tools/hvctl/cmd_info.c \
	dom0-tools/hvctl/main.c \
	dom0-tools/libhv/hypervisor.c
dom0_tools_hvctl_hvctl_CPPFLAGS = -D_GNU_SOURCE -D__XEN_TOOLS__ -iquote $(srcdir)/dom0-tools
dom0_tools_hvctl_hvctl_CFLAGS = -std=gnu11 $(WARN_CFLAGS)
dom0_tools_hvctl_hvctl_LDFLAGS =
dom0_tools_hvctl_hvctl_LDADD = -lxencall

dist_man_MANS = docs/man/hvctl.8
