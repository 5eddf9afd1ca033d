# SPDX-License-Identifier: GPL-2.0-or-later
hypervisor_haven_SOURCES += hypervisor/hypercall/event_op.c
hypervisor_haven_SOURCES += hypervisor/hypercall/grant_op.c
hypervisor_haven_SOURCES += hypervisor/hypercall/callback_op.c
hypervisor_haven_SOURCES += hypervisor/hypercall/cpu_op.c
hypervisor_haven_SOURCES += hypervisor/hypercall/mmu_op.c
hypervisor_haven_SOURCES += hypervisor/hypercall/mmuext_op.c
hypervisor_haven_SOURCES += \
	hypervisor/hypercall/memory_exchange.c \
	hypervisor/hypercall/memory_map_op.c \
	hypervisor/hypercall/memory_op.c
