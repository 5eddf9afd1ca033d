# SPDX-License-Identifier: GPL-2.0-or-later
hypervisor_haven_SOURCES += \
	hypervisor/cpu/cpu_local.c \
	hypervisor/cpu/desc.c \
	hypervisor/cpu/extable.c \
	hypervisor/cpu/features.c \
	hypervisor/cpu/fpu.c \
	hypervisor/cpu/msr.c
