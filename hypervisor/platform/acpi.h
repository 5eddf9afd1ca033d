/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ACPI tables that the hypervisor reads: MADT, FADT, HPET, MCFG. Parsing is pure (acpi_parse.c) and bounded by the
 * tables' own lengths. */
#ifndef HAVEN_PLATFORM_ACPI_H
#define HAVEN_PLATFORM_ACPI_H

#include "lib/types.h"

#define ACPI_IOAPICS_MAX   8
#define ACPI_CPUS_MAX      64
#define ACPI_OVERRIDES_MAX 24
#define ACPI_MCFG_MAX      8

struct acpi_info {
    unsigned int cpu_count;
    uint32_t cpu_apic_id[ACPI_CPUS_MAX]; /* enabled ones, in table order */
    uint32_t cpu_acpi_id[ACPI_CPUS_MAX];
    paddr_t lapic_address;
    unsigned int ioapic_count;
    struct {
        uint32_t id, gsi_base;
        paddr_t address;
    } ioapic[ACPI_IOAPICS_MAX];
    unsigned int override_count;
    struct {
        uint8_t isa_irq;
        uint32_t gsi;
        bool level, active_low;
    } isa_override[ACPI_OVERRIDES_MAX];
    uint16_t pm_timer_port; /* 0: none */
    bool pm_timer_32bit;
    uint16_t pm1a_control, pm1b_control;
    struct {
        bool valid;
        bool io;
        paddr_t address;
        uint8_t value;
    } reset;
    paddr_t hpet_address; /* 0: none */
    unsigned int mcfg_count;
    struct {
        paddr_t base;
        uint16_t segment;
        uint8_t bus_first, bus_last;
    } mcfg[ACPI_MCFG_MAX];
};

extern struct acpi_info acpi_info;

/* rsdp: from the boot loader, or 0 to search the BIOS area. False: no usable ACPI (a line says what is wrong). Direct
 * map is up. */
bool acpi_init(paddr_t rsdp);

#endif
