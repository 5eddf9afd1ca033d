/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rights of the device-owning domain. It gets everything, then the hypervisor's own is taken out: interrupt
 * controllers, timers, CMOS and PCI configuration ports (emulated for it), the console's serial line; local APICs and
 * what lies above the machine's addresses. The IO-APIC pages stay: the domain may read them (guest/pv/pte_check.c makes
 * the mapping read-only).
 */
#include "lifecycle/rights.h"
#include "cpu/features.h"
#include "irq/irq.h"
#include "lib/errno.h"
#include "lib/rangeset.h"
#include "platform/acpi.h"
#include "platform/console.h"

#define LAPIC_FRAME_FIRST 0xfee00 /* the message address window of all local APICs: SDM 3A 11.11 */
#define LAPIC_FRAME_LAST  0xfeeff
#define HT_FRAME_FIRST    (0xfd00000000ULL >> 12) /* HyperTransport's range: AMD APM 2, never memory */

static const struct {
    uint16_t first, last;
} kept_ports[] = {
    {0x20, 0x21},   {0xa0, 0xa1}, /* interrupt controllers */
    {0x40, 0x43},   {0x61, 0x61}, /* interval timer and its gate */
    {0x70, 0x71},                 /* CMOS: index and data, one access at a time */
    {0xcf8, 0xcff},               /* PCI configuration */
};

static int rights_ports(struct domain *d)
{
    uint16_t first, last;
    int error = rangeset_add(&d->ports_allowed, 0, 0xffff);

    for (unsigned int i = 0; !error && i < ARRAY_SIZE(kept_ports); i++)
        error = rangeset_remove(&d->ports_allowed, kept_ports[i].first, kept_ports[i].last);
    if (!error && console_serial_ports(&first, &last))
        error = rangeset_remove(&d->ports_allowed, first, last);
    if (!error && acpi_info.pm_timer_port)
        error = rangeset_remove(&d->ports_allowed, acpi_info.pm_timer_port, acpi_info.pm_timer_port + 3U);
    return error;
}

static int rights_memory(struct domain *d)
{
    uint64_t last = (1ULL << (cpu_features.physical_bits - PAGE_SHIFT)) - 1;
    int error;

    if (cpu_features.amd && last >= HT_FRAME_FIRST)
        last = (HT_FRAME_FIRST)-1;
    error = rangeset_add(&d->iomem_allowed, 0, last);
    return error ? error : rangeset_remove(&d->iomem_allowed, LAPIC_FRAME_FIRST, LAPIC_FRAME_LAST);
}

int rights_grant_machine(struct domain *d)
{
    int error = rights_ports(d);

    if (!error)
        error = rights_memory(d);
    return error ? error : rangeset_add(&d->irqs_allowed, 1, IRQ_MAX - 1);
}
