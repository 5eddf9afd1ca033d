/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IO-APICs (82093AA data sheet). Registers are behind a select register and a window, hence a lock. A pin's redirection
 * entry is kept here as well, so that changing one field needs no reading.
 *
 * dom0 may look at the registers but never write: it says trigger mode and polarity by PHYSDEVOP_setup_gsi. Defaults
 * are ISA's (edge, high) with the MADT's overrides for the first 16 pins and PCI's (level, low) above.
 */
#include "irq/ioapic.h"
#include "irq/irq.h"
#include "lib/assert.h"
#include "lib/compiler.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lib/spinlock.h"
#include "mm/hv_map.h"
#include "platform/acpi.h"
#include "platform/io_memory.h"

#define SELECT 0x00
#define WINDOW 0x10

#define REG_VERSION  0x01
#define REG_ENTRY(n) (0x10 + 2 * (n))

/* Redirection entry. Delivery mode 0 (fixed), destination mode 0 (physical). */
#define ENTRY_LOW        (1ULL << 13)
#define ENTRY_LEVEL      (1ULL << 15)
#define ENTRY_MASKED     (1ULL << 16)
#define ENTRY_DEST_SHIFT 56

#define GSI_MAX  (IRQ_MAX / 2) /* the rest is for MSIs */
#define ISA_IRQS 16

static struct ioapic {
    volatile uint8_t *page;
    paddr_t address;
    unsigned int gsi_base, pins;
} ioapics[ACPI_IOAPICS_MAX];
static unsigned int ioapic_count, gsi_count;

static struct spinlock lock = SPINLOCK_INIT(LOCK_LEVEL_DEVICE);
static uint64_t entry[GSI_MAX];  /* what each pin is set to; lock */
static bool configured[GSI_MAX]; /* dom0 told the trigger mode; lock */

static uint32_t ioapic_read(const struct ioapic *a, uint32_t reg)
{
    *(volatile uint32_t *)(a->page + SELECT) = reg;
    return *(volatile uint32_t *)(a->page + WINDOW);
}

static void ioapic_write(const struct ioapic *a, uint32_t reg, uint32_t value)
{
    *(volatile uint32_t *)(a->page + SELECT) = reg;
    *(volatile uint32_t *)(a->page + WINDOW) = value;
}

static struct ioapic *ioapic_of(unsigned int gsi)
{
    for (unsigned int i = 0; i < ioapic_count; i++)
        if (gsi >= ioapics[i].gsi_base && gsi - ioapics[i].gsi_base < ioapics[i].pins)
            return &ioapics[i];
    return NULL;
}

/* Lock held. The half with the mask bit is written last when unmasking, first when masking. */
static void entry_write(unsigned int gsi, uint64_t e)
{
    const struct ioapic *a = ioapic_of(gsi);
    uint32_t reg = REG_ENTRY(gsi - a->gsi_base);
    if (e & ENTRY_MASKED)
        ioapic_write(a, reg, (uint32_t)e);
    if ((e ^ entry[gsi]) >> 32)
        ioapic_write(a, reg + 1, (uint32_t)(e >> 32));
    if (!(e & ENTRY_MASKED))
        ioapic_write(a, reg, (uint32_t)e);
    entry[gsi] = e;
}

static void pin_mask(unsigned int gsi, bool masked)
{
    spin_lock(&lock);
    entry_write(gsi, masked ? entry[gsi] | ENTRY_MASKED : entry[gsi] & ~ENTRY_MASKED);
    spin_unlock(&lock);
}

static void pin_route(unsigned int gsi, uint8_t vector, unsigned int cpu)
{
    /* A pin in use keeps its vector and gets a new target in one write: masked meanwhile, it could lose an edge. */
    spin_lock(&lock);
    entry_write(gsi, (entry[gsi] & (ENTRY_LOW | ENTRY_LEVEL | ENTRY_MASKED)) | vector |
                         (uint64_t)(cpu_local_of(cpu)->apic_id & 0xff) << ENTRY_DEST_SHIFT);
    spin_unlock(&lock);
}

/* Called with the irq's lock held, thus with interrupts off. */
static const struct irq_chip chip = {.mask = pin_mask, .route = pin_route};

unsigned int irq_gsi_count(void)
{
    return gsi_count;
}

unsigned int __init ioapic_isa_gsi(unsigned int isa_irq)
{
    for (unsigned int i = 0; i < acpi_info.override_count; i++)
        if (acpi_info.isa_override[i].isa_irq == isa_irq)
            return acpi_info.isa_override[i].gsi;
    return isa_irq;
}

static uint64_t __init entry_default(unsigned int gsi)
{
    for (unsigned int i = 0; i < acpi_info.override_count; i++)
        if (acpi_info.isa_override[i].gsi == gsi)
            return ENTRY_MASKED | (acpi_info.isa_override[i].level ? ENTRY_LEVEL : 0) |
                   (acpi_info.isa_override[i].active_low ? ENTRY_LOW : 0);
    return gsi < ISA_IRQS ? ENTRY_MASKED : ENTRY_MASKED | ENTRY_LEVEL | ENTRY_LOW;
}

static void __init ioapic_init_one(paddr_t address, unsigned int gsi_base)
{
    struct ioapic *a = &ioapics[ioapic_count];
    a->page = hv_map_mmio(address, PAGE_SIZE, HV_CACHE_UC);
    ASSERT(a->page);
    a->address = address;
    a->gsi_base = gsi_base;
    a->pins = (ioapic_read(a, REG_VERSION) >> 16 & 0xff) + 1;
    if (gsi_base + a->pins > GSI_MAX) {
        log_warning("IO-APIC at %#lx: GSIs from %u on are out of range, left alone", address, gsi_base);
        return;
    }
    ioapic_count++;
    io_frame_protect(address >> PAGE_SHIFT);
    for (unsigned int gsi = gsi_base; gsi < gsi_base + a->pins; gsi++) {
        entry[gsi] = ~0ULL; /* so that both halves are written */
        entry_write(gsi, entry_default(gsi));
        irq_set_chip(gsi, &chip, entry[gsi] & ENTRY_LEVEL);
    }
    gsi_count = MAX(gsi_count, gsi_base + a->pins);
    log_info("IO-APIC at %#lx: GSIs %u to %u", address, gsi_base, gsi_base + a->pins - 1);
}

void __init ioapic_init(void)
{
    for (unsigned int i = 0; i < acpi_info.ioapic_count; i++)
        ioapic_init_one(acpi_info.ioapic[i].address, acpi_info.ioapic[i].gsi_base);
}

int ioapic_setup_gsi(unsigned int gsi, bool level, bool active_low)
{
    if (gsi >= GSI_MAX || !ioapic_of(gsi))
        return -EINVAL;
    if (configured[gsi] || irq_set_chip(gsi, &chip, level))
        return -EEXIST;
    uint64_t flags = spin_lock_irq(&lock);
    entry_write(gsi, ENTRY_MASKED | (level ? ENTRY_LEVEL : 0) | (active_low ? ENTRY_LOW : 0));
    configured[gsi] = true;
    spin_unlock_irq(&lock, flags);
    return 0;
}

static const struct ioapic *by_address(uint64_t address)
{
    for (unsigned int i = 0; i < ioapic_count; i++)
        if (ioapics[i].address == address)
            return &ioapics[i];
    return NULL;
}

bool ioapic_exists(uint64_t address)
{
    return by_address(address);
}

int ioapic_guest_read(uint64_t address, uint32_t reg, uint32_t *value)
{
    const struct ioapic *a = by_address(address);
    if (!a)
        return -EINVAL;
    uint64_t flags = spin_lock_irq(&lock);
    *value = ioapic_read(a, reg & 0xff);
    spin_unlock_irq(&lock, flags);
    return 0;
}
