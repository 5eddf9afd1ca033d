/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Message-signalled interrupts of PCI functions: the hypervisor alone writes their addresses and data. */
#ifndef HAVEN_IRQ_MSI_H
#define HAVEN_IRQ_MSI_H

#include "lib/types.h"
#include "platform/pci.h"

void msi_init(void);

/* Functions that dom0 has found; only these get MSIs. add: 0 or -ENOMEM; -ENODEV where it was not known. */
int msi_device_add(pci_address_t a);
int msi_device_remove(pci_address_t a); /* -EBUSY: it has interrupts mapped */
bool msi_device_known(pci_address_t a);

struct msi_request {
    pci_address_t device;
    bool msix;
    unsigned int entry; /* MSI-X: of the table */
    paddr_t table_bar;  /* MSI-X: where dom0 says the BAR with the table is, for functions whose BARs read 0 */
};

/* An irq for the request, programmed and masked, not yet bound: its number or -Exxx. */
int msi_map(const struct msi_request *request);

/* The reverse; the irq is not bound any more. */
void msi_unmap(unsigned int irq);

/* After a reset of the function: programs again what was programmed. -ENODEV. */
int msi_restore(pci_address_t a);

#endif
