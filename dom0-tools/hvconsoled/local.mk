# SPDX-License-Identifier: GPL-2.0-or-later
sbin_PROGRAMS += dom0-tools/hvconsoled/hvconsoled
dom0_tools_hvconsoled_hvconsoled_SOURCES = \
	dom0-tools/hvconsoled/backlog.c \
	dom0-tools/hvconsoled/console.c \
	dom0-tools/hvconsoled/domains.c \
	dom0-tools/hvconsoled/hypervisor_log.c \
	dom0-tools/hvconsoled/log_file.c \
	dom0-tools/hvconsoled/main.c \
	dom0-tools/hvconsoled/report.c \
	dom0-tools/hvconsoled/ring.c \
	dom0-tools/hvconsoled/terminal.c
dom0_tools_hvconsoled_hvconsoled_CPPFLAGS = $(tools_cppflags)
dom0_tools_hvconsoled_hvconsoled_CFLAGS = $(tools_cflags)
dom0_tools_hvconsoled_hvconsoled_LDFLAGS =
dom0_tools_hvconsoled_hvconsoled_LDADD = $(tools_ldadd) -lxengnttab

# hvctl console reads the logs, too, and every daemon is a service.
dom0_tools_libhv_a_SOURCES += dom0-tools/hvconsoled/log_format.c dom0-tools/libhv/service.c

man_MANS += docs/man/hvconsoled.8
