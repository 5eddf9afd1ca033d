/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IO-APICs: their pins are the GSIs, irq numbers 0..irq_gsi_count()-1. */
#ifndef HAVEN_IRQ_IOAPIC_H
#define HAVEN_IRQ_IOAPIC_H

#include "lib/types.h"

/* Maps all, masks every pin, gives their irqs the chip. After acpi_init and irq_init. */
void ioapic_init(void);

/* The GSI that an ISA interrupt arrives on (MADT overrides). */
unsigned int ioapic_isa_gsi(unsigned int isa_irq);

/*
 * Trigger mode and polarity of a GSI as ACPI tells dom0. -EINVAL: no such pin; -EEXIST: in use by the hypervisor, or
 * set before (the first one counts).
 */
int ioapic_setup_gsi(unsigned int gsi, bool level, bool active_low);

/* PHYSDEVOP_apic_read, by the IO-APIC's physical address. -EINVAL: there is none. */
int ioapic_guest_read(uint64_t address, uint32_t reg, uint32_t *value);
bool ioapic_exists(uint64_t address);

#endif
