# SPDX-License-Identifier: GPL-2.0-or-later
hypervisor_haven_SOURCES += \
	hypervisor/lib/format.c \
	hypervisor/lib/log.c \
	hypervisor/lib/option.c \
	hypervisor/lib/rangeset.c \
	hypervisor/lib/spinlock.c \
	hypervisor/lib/string.c
