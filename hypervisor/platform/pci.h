/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI configuration space: by ports 0xcf8/0xcfc (segment 0, first 256 bytes), else by MMCONFIG of the MCFG table. */
#ifndef HAVEN_PLATFORM_PCI_H
#define HAVEN_PLATFORM_PCI_H

#include "lib/types.h"

/* A function's address: segment, bus, device and function in one number. */
typedef uint32_t pci_address_t;
#define PCI_ADDRESS(segment, bus, devfn) ((uint32_t)(segment) << 16 | (uint32_t)(bus) << 8 | (devfn))

#define PCI_VENDOR_ID       0x00
#define PCI_COMMAND         0x04
#define PCI_COMMAND_MEMORY  0x2
#define PCI_STATUS          0x06
#define PCI_STATUS_CAP_LIST 0x10
#define PCI_HEADER_TYPE     0x0e
#define PCI_BAR0            0x10
#define PCI_CAP_POINTER     0x34
#define PCI_CAP_ID_MSI      0x05
#define PCI_CAP_ID_MSIX     0x11

/* size 1, 2 or 4, reg aligned to it. What does not exist reads all ones. */
uint32_t pci_config_read(pci_address_t a, unsigned int reg, unsigned int size);
void pci_config_write(pci_address_t a, unsigned int reg, unsigned int size, uint32_t value);

/* Offset of a capability, 0 if the function has none of it. */
unsigned int pci_find_capability(pci_address_t a, uint8_t id);

/* A guest's write to segment 0. False from the filter (irq/msi.c sets it): dropped; it may also change *value. */
void pci_config_guest_write(pci_address_t a, unsigned int reg, unsigned int size, uint32_t value);
extern bool (*pci_config_write_filter)(pci_address_t a, unsigned int reg, unsigned int size, uint32_t *value);

#endif
