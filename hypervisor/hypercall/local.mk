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
hypervisor_haven_SOURCES += hypervisor/hypercall/continuation.c
hypervisor_haven_SOURCES += \
	hypervisor/hypercall/domctl.c \
	hypervisor/hypercall/domctl_create.c \
	hypervisor/hypercall/domctl_memory.c \
	hypervisor/hypercall/domctl_policy.c \
	hypervisor/hypercall/domctl_rights.c \
	hypervisor/hypercall/domctl_sched.c \
	hypervisor/hypercall/domctl_vcpu.c
hypervisor_haven_SOURCES += hypervisor/hypercall/multicall.c
hypervisor_haven_SOURCES += hypervisor/hypercall/operation.c
hypervisor_haven_SOURCES += hypervisor/hypercall/sched_op.c
hypervisor_haven_SOURCES += \
	hypervisor/hypercall/sysctl.c \
	hypervisor/hypercall/sysctl_cpupool.c
hypervisor_haven_SOURCES += hypervisor/hypercall/table.c
hypervisor_haven_SOURCES += hypervisor/hypercall/timer_op.c
hypervisor_haven_SOURCES += hypervisor/hypercall/vcpu_op.c
hypervisor_haven_SOURCES += hypervisor/hypercall/version_op.c
hypervisor_haven_SOURCES += \
	hypervisor/hypercall/console_op.c \
	hypervisor/hypercall/physdev_op.c \
	hypervisor/hypercall/platform_op.c
