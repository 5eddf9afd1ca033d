# SPDX-License-Identifier: GPL-2.0-or-later
hypervisor_haven_SOURCES += \
	hypervisor/irq/call.c \
	hypervisor/irq/debug_key_softirq.c \
	hypervisor/irq/ioapic.c \
	hypervisor/irq/irq.c \
	hypervisor/irq/msi.c \
	hypervisor/irq/softirq.c
