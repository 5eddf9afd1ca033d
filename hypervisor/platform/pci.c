/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration space access. Address and data port are a pair that dom0's emulated accesses use as well, hence the
 * lock. MMCONFIG pages are mapped for one access only: what needs them (segments above 0, extended registers) is rare.
 */
#include "platform/pci.h"
#include "cpu/x86.h"
#include "lib/spinlock.h"
#include "mm/hv_map.h"
#include "platform/acpi.h"

#define PCI_PORT_ADDRESS 0xcf8
#define PCI_PORT_DATA    0xcfc
#define PCI_PORT_ENABLE  0x80000000u

#define PCI_CAPABILITIES_MAX 48 /* 192 bytes of at least 4 each: a longer chain is a loop */

static struct spinlock lock = SPINLOCK_INIT(LOCK_LEVEL_DEVICE);
bool (*pci_config_write_filter)(pci_address_t a, unsigned int reg, unsigned int size, uint32_t *value);

static bool by_ports(pci_address_t a, unsigned int reg)
{
    return a <= 0xffff && reg < 256;
}

/* The function's page of MMCONFIG space, or NULL. */
static volatile uint8_t *mmconfig_map(pci_address_t a)
{
    unsigned int bus = a >> 8 & 0xff;
    for (unsigned int i = 0; i < acpi_info.mcfg_count; i++) {
        if (acpi_info.mcfg[i].segment != a >> 16 || bus < acpi_info.mcfg[i].bus_first ||
            bus > acpi_info.mcfg[i].bus_last)
            continue;
        /* The base address is that of bus 0, whichever the first bus is (PCI Firmware 4.1.2). */
        return hv_map_mmio(acpi_info.mcfg[i].base + ((uint64_t)(a & 0xffff) << 12), PAGE_SIZE, HV_CACHE_UC);
    }
    return NULL;
}

static uint32_t mmconfig_read(pci_address_t a, unsigned int reg, unsigned int size)
{
    volatile uint8_t *page = reg < PAGE_SIZE ? mmconfig_map(a) : NULL;
    uint32_t value = ~0u;
    if (!page)
        return value;
    switch (size) {
    case 1:
        value = page[reg];
        break;
    case 2:
        value = *(volatile uint16_t *)(page + reg);
        break;
    case 4:
        value = *(volatile uint32_t *)(page + reg);
        break;
    }
    hv_unmap_mmio((void *)page, PAGE_SIZE);
    return value;
}

static void mmconfig_write(pci_address_t a, unsigned int reg, unsigned int size, uint32_t value)
{
    volatile uint8_t *page = reg < PAGE_SIZE ? mmconfig_map(a) : NULL;
    if (!page)
        return;
    switch (size) {
    case 1:
        page[reg] = (uint8_t)value;
        break;
    case 2:
        *(volatile uint16_t *)(page + reg) = (uint16_t)value;
        break;
    case 4:
        *(volatile uint32_t *)(page + reg) = value;
        break;
    }
    hv_unmap_mmio((void *)page, PAGE_SIZE);
}

uint32_t pci_config_read(pci_address_t a, unsigned int reg, unsigned int size)
{
    if (!by_ports(a, reg))
        return mmconfig_read(a, reg, size);
    uint16_t port = (uint16_t)(PCI_PORT_DATA + (reg & 3));
    uint32_t value = ~0u;
    uint64_t flags = spin_lock_irq(&lock);
    outl(PCI_PORT_ADDRESS, PCI_PORT_ENABLE | a << 8 | (reg & 0xfc));
    switch (size) {
    case 1:
        value = inb(port);
        break;
    case 2:
        value = inw(port);
        break;
    case 4:
        value = inl(port);
        break;
    }
    spin_unlock_irq(&lock, flags);
    return value;
}

void pci_config_write(pci_address_t a, unsigned int reg, unsigned int size, uint32_t value)
{
    if (!by_ports(a, reg)) {
        mmconfig_write(a, reg, size, value);
        return;
    }
    uint16_t port = (uint16_t)(PCI_PORT_DATA + (reg & 3));
    uint64_t flags = spin_lock_irq(&lock);
    outl(PCI_PORT_ADDRESS, PCI_PORT_ENABLE | a << 8 | (reg & 0xfc));
    switch (size) {
    case 1:
        outb(port, (uint8_t)value);
        break;
    case 2:
        outw(port, (uint16_t)value);
        break;
    case 4:
        outl(port, value);
        break;
    }
    spin_unlock_irq(&lock, flags);
}

unsigned int pci_find_capability(pci_address_t a, uint8_t id)
{
    if (pci_config_read(a, PCI_VENDOR_ID, 2) == 0xffff || !(pci_config_read(a, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST))
        return 0;
    unsigned int at = pci_config_read(a, PCI_CAP_POINTER, 1) & 0xfc;
    for (unsigned int i = 0; i < PCI_CAPABILITIES_MAX && at >= 0x40; i++) {
        uint32_t header = pci_config_read(a, at, 2);
        if ((header & 0xff) == id)
            return at;
        at = header >> 8 & 0xfc;
    }
    return 0;
}

void pci_config_guest_write(pci_address_t a, unsigned int reg, unsigned int size, uint32_t value)
{
    if (pci_config_write_filter && !pci_config_write_filter(a, reg, size, &value))
        return;
    pci_config_write(a, reg, size, value);
}
