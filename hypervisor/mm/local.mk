# SPDX-License-Identifier: GPL-2.0-or-later
hypervisor_haven_SOURCES += \
	hypervisor/mm/buddy.c \
	hypervisor/mm/cpu_memory.c \
	hypervisor/mm/early.c \
	hypervisor/mm/frame.c \
	hypervisor/mm/guest_copy.c \
	hypervisor/mm/heap.c \
	hypervisor/mm/hv_map.c \
	hypervisor/mm/hv_map_build.c \
	hypervisor/mm/memory_map.c \
	hypervisor/mm/shared_frame.c \
	hypervisor/mm/tlb.c
