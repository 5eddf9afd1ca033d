# SPDX-License-Identifier: GPL-2.0-or-later
sbin_PROGRAMS += dom0-tools/hvd/hvd
dom0_tools_hvd_hvd_SOURCES = \
	dom0-tools/hvd/main.c \
	dom0-tools/hvd/policy.c \
	dom0-tools/hvd/report.c \
	dom0-tools/hvd/restart.c
dom0_tools_hvd_hvd_CPPFLAGS = $(tools_cppflags)
dom0_tools_hvd_hvd_CFLAGS = $(tools_cflags)
dom0_tools_hvd_hvd_LDFLAGS =
dom0_tools_hvd_hvd_LDADD = $(tools_ldadd) -lmnl

man_MANS += docs/man/hvd.8
