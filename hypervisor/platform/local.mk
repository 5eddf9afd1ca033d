# SPDX-License-Identifier: GPL-2.0-or-later
hypervisor_haven_SOURCES += \
	hypervisor/platform/acpi.c \
	hypervisor/platform/acpi_parse.c \
	hypervisor/platform/cmos.c \
	hypervisor/platform/console.c \
	hypervisor/platform/console_ring.c \
	hypervisor/platform/debug_keys.c \
	hypervisor/platform/io_memory.c \
	hypervisor/platform/lapic.c \
	hypervisor/platform/panic.c \
	hypervisor/platform/pci.c \
	hypervisor/platform/pic.c \
	hypervisor/platform/power.c \
	hypervisor/platform/serial.c \
	hypervisor/platform/stop.c \
	hypervisor/platform/symbols.c \
	hypervisor/platform/virtual_ports.c
