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

/* One access through the function's page of MMCONFIG space. No such page: all ones are read. */
static void mmconfig_access(pci_address_t a, unsigned int reg, unsigned int size, uint32_t *value, bool write)
{
    volatile void *page = NULL;
    unsigned int bus = a >> 8 & 0xff;
    for (unsigned int i = 0; i < acpi_info.mcfg_count && !page && reg < PAGE_SIZE; i++) {
        if (acpi_info.mcfg[i].segment != a >> 16 || bus < acpi_info.mcfg[i].bus_first ||
            bus > acpi_info.mcfg[i].bus_last)
            continue;
        /* The base address is that of bus 0, whichever the first bus is (PCI Firmware 4.1.2). */
        page = hv_map_mmio(acpi_info.mcfg[i].base + ((uint64_t)(a & 0xffff) << 12), PAGE_SIZE, HV_CACHE_UC);
    }
    if (!write)
        *value = ~0u;
    if (!page)
        return;
    volatile uint8_t *byte = (volatile uint8_t *)page + reg;
    volatile uint16_t *word = (volatile uint16_t *)byte;
    volatile uint32_t *dword = (volatile uint32_t *)byte;
    if (!write)
        *value = size == 1 ? *byte : size == 2 ? *word : *dword;
    else if (size == 1)
        *byte = (uint8_t)*value;
    else if (size == 2)
        *word = (uint16_t)*value;
    else
        *dword = *value;
    hv_unmap_mmio((void *)page, PAGE_SIZE);
}

uint32_t pci_config_read(pci_address_t a, unsigned int reg, unsigned int size)
{
    uint32_t value;
    if (!by_ports(a, reg)) {
        mmconfig_access(a, reg, size, &value, false);
        return value;
    }
    uint64_t flags = spin_lock_irq(&lock);
    outl(PCI_PORT_ADDRESS, PCI_PORT_ENABLE | a << 8 | (reg & 0xfc));
    value = port_read((uint16_t)(PCI_PORT_DATA + (reg & 3)), size);
    spin_unlock_irq(&lock, flags);
    return value;
}

void pci_config_write(pci_address_t a, unsigned int reg, unsigned int size, uint32_t value)
{
    if (!by_ports(a, reg)) {
        mmconfig_access(a, reg, size, &value, true);
        return;
    }
    uint64_t flags = spin_lock_irq(&lock);
    outl(PCI_PORT_ADDRESS, PCI_PORT_ENABLE | a << 8 | (reg & 0xfc));
    port_write((uint16_t)(PCI_PORT_DATA + (reg & 3)), size, value);
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
