# SPDX-License-Identifier: GPL-2.0-or-later
hypervisor_haven_SOURCES += \
	hypervisor/entry/entry.S \
	hypervisor/entry/exit_to_guest.c \
	hypervisor/entry/interrupt.c \
	hypervisor/entry/nmi.c \
	hypervisor/entry/smap_probe.S \
	hypervisor/entry/smap_test.c \
	hypervisor/entry/trap.c
