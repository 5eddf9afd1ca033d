# SPDX-License-Identifier: GPL-2.0-or-later
config_sources = \
	dom0-tools/config/cpu_set.c \
	dom0-tools/config/diagnostics.c \
	dom0-tools/config/disk.c \
	dom0-tools/config/guest_config.c \
	dom0-tools/config/keys.c \
	dom0-tools/config/lexer.c \
	dom0-tools/config/memory_from.c \
	dom0-tools/config/parse.c \
	dom0-tools/config/read.c \
	dom0-tools/config/spec_error.c \
	dom0-tools/config/tree.c \
	dom0-tools/config/uuid.c \
	dom0-tools/config/vif.c
dom0_tools_libhv_a_SOURCES += $(config_sources)

man_MANS += docs/man/hvctl.cfg.5
