/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HYPERVISOR_physdev_op: interrupts, I/O rights and PCI functions for the domain that owns the devices. Each
 * operation is one function of event/pirq.c, irq/ioapic.c or irq/msi.c.
 *
 * IOPL, port bitmap, EOI and the EOI page are every domain's own business; all else needs a privileged caller.
 */
#include "domain/vcpu.h"
#include "event/pirq.h"
#include "hypercall/operation.h"
#include "hypercall/table.h"
#include "irq/ioapic.h"
#include "irq/irq.h"
#include "irq/msi.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "mm/guest_copy.h"
#include "mm/layout.h"
#include "platform/acpi.h"
#include <xen/physdev.h>

#define IO_BITMAP_BYTES 8192
#define IO_PORTS        65536

/* An operation that is one call: v is the caller, a points to its structure. */
#define OP(name, structure, call)                                                                                      \
    static int64_t op_##name(struct vcpu *v __unused_, void *copy, uint64_t)                                           \
    {                                                                                                                  \
        struct physdev_##structure *a __unused_ = copy;                                                                \
        return call;                                                                                                   \
    }

/* ---- every domain's own ---- */

static int64_t op_set_iopl(struct vcpu *v, void *copy, uint64_t)
{
    struct physdev_set_iopl *a = copy;
    if (a->iopl > 3)
        return -EINVAL;
    v->pv.iopl = (uint8_t)a->iopl;
    return 0;
}

static int64_t op_set_iobitmap(struct vcpu *v, void *copy, uint64_t)
{
    struct physdev_set_iobitmap *a = copy;
    uint64_t va = guest_handle_va(a->bitmap);
    if (a->nr_ports > IO_PORTS || !guest_address_ok(va) || !guest_address_ok(va + IO_BITMAP_BYTES - 1))
        return -EINVAL;
    v->pv.io_bitmap = va;
    v->pv.io_bitmap_ports = a->nr_ports;
    return 0;
}

OP(irq_status_query, irq_status_query, pirq_status(v->domain, a->irq, &a->flags))
OP(eoi, eoi, pirq_eoi(v->domain, a->irq))
OP(pirq_eoi_gmfn_v1, pirq_eoi_gmfn, pirq_set_eoi_frame(v->domain, a->gmfn, true))
OP(pirq_eoi_gmfn_v2, pirq_eoi_gmfn, pirq_set_eoi_frame(v->domain, a->gmfn, false))

static int64_t op_get_free_pirq(struct vcpu *v, void *copy, uint64_t)
{
    struct physdev_get_free_pirq *a = copy;
    int r = pirq_reserve(v->domain);
    if (r < 0)
        return r;
    a->pirq = (uint32_t)r;
    return 0;
}

/* ---- interrupts ---- */

OP(apic_read, apic, ioapic_guest_read(a->apic_physbase, a->reg, &a->value))

/* Old kernels program pins by this; what they would write is decided by setup_gsi and the bindings. */
OP(apic_write, apic, ioapic_exists(a->apic_physbase) ? 0 : -EINVAL)

/* Vectors are the hypervisor's; the guest only wants a number. */
static int64_t op_alloc_irq_vector(struct vcpu *, void *copy, uint64_t)
{
    struct physdev_irq *a = copy;
    a->vector = a->irq;
    return 0;
}

OP(setup_gsi, setup_gsi, a->gsi < 0 ? -EINVAL : ioapic_setup_gsi((unsigned int)a->gsi, a->triggering, a->polarity))

static int map_gsi(const struct domain *caller, struct domain *d, struct physdev_map_pirq *map)
{
    if (map->index <= 0 || (unsigned int)map->index >= irq_gsi_count())
        return -EINVAL;
    if (!rangeset_contains(&caller->irqs_allowed, (uint64_t)map->index, (uint64_t)map->index))
        return -EPERM;
    int r = pirq_map(d, map->pirq < 0 ? map->index : map->pirq, (unsigned int)map->index);
    if (r < 0)
        return r;
    map->pirq = r;
    return 0;
}

static int map_msi(struct domain *d, struct physdev_map_pirq *map)
{
    unsigned int segment = map->type == MAP_PIRQ_TYPE_MSI ? 0 : (uint32_t)map->bus >> 16;
    struct msi_request request = {
        .device = PCI_ADDRESS(segment, map->bus & 0xff, (uint32_t)map->devfn & 0xff),
        .msix = map->table_base,
        .entry = map->table_base ? (uint16_t)map->entry_nr : 0,
        .table_bar = map->table_base,
    };
    if (map->index != -1 && map->type != MAP_PIRQ_TYPE_MULTI_MSI)
        return -EINVAL; /* the irq's number is not the guest's to choose */
    int irq = msi_map(&request);
    if (irq < 0)
        return irq;
    int r = pirq_map(d, map->pirq, (unsigned int)irq);
    if (r < 0) {
        msi_unmap((unsigned int)irq);
        return r;
    }
    map->pirq = r;
    return 0;
}

static int map_pirq(const struct vcpu *v, struct domain *d, struct physdev_map_pirq *map)
{
    switch (map->type) {
    case MAP_PIRQ_TYPE_GSI:
        return map_gsi(v->domain, d, map);
    case MAP_PIRQ_TYPE_MULTI_MSI:
        if (map->table_base)
            return -EINVAL;
        if (map->entry_nr <= 0 || map->entry_nr > 32)
            return -EDOM;
        /* Several messages need neighbouring vectors, which only remapped interrupts can spare: drivers do with one. */
        if (map->entry_nr != 1)
            return -EOPNOTSUPP;
        return map_msi(d, map);
    case MAP_PIRQ_TYPE_MSI:
    case MAP_PIRQ_TYPE_MSI_SEG:
        return map_msi(d, map);
    default:
        return -EINVAL;
    }
}

static int64_t op_map_pirq(struct vcpu *v, void *copy, uint64_t)
{
    struct physdev_map_pirq *a = copy;
    struct domain *d = domain_get_by_id(a->domid);
    if (!d)
        return -ESRCH;
    int r = map_pirq(v, d, a);
    domain_put(d);
    return r;
}

static int64_t op_unmap_pirq(struct vcpu *, void *copy, uint64_t)
{
    struct physdev_unmap_pirq *a = copy;
    struct domain *d = domain_get_by_id(a->domid);
    if (!d)
        return -ESRCH;
    int r = a->pirq < 0 ? -EINVAL : pirq_unmap(d, (unsigned int)a->pirq);
    domain_put(d);
    return r;
}

/* ---- PCI functions ---- */

OP(manage_pci_add, manage_pci, msi_device_add(PCI_ADDRESS(0, a->bus, a->devfn)))
OP(manage_pci_remove, manage_pci, msi_device_remove(PCI_ADDRESS(0, a->bus, a->devfn)))

static int64_t op_manage_pci_add_ext(struct vcpu *, void *copy, uint64_t)
{
    struct physdev_manage_pci_ext *a = copy;
    if (a->is_extfn > 1 || a->is_virtfn > 1)
        return -EINVAL;
    return msi_device_add(PCI_ADDRESS(0, a->bus, a->devfn));
}

OP(pci_device_add, pci_device_add, msi_device_add(PCI_ADDRESS(a->seg, a->bus, a->devfn)))
OP(pci_device_remove, pci_device, msi_device_remove(PCI_ADDRESS(a->seg, a->bus, a->devfn)))
OP(restore_msi, restore_msi, msi_restore(PCI_ADDRESS(0, a->bus, a->devfn)))
OP(restore_msi_ext, pci_device, msi_restore(PCI_ADDRESS(a->seg, a->bus, a->devfn)))

/* A passthrough driver announces or gives up (release) the function's MSI-X: the table is mapped on demand. */
OP(prepare_msix, pci_device, msi_device_known(PCI_ADDRESS(a->seg, a->bus, a->devfn)) ? 0 : -ENODEV)

/* dom0's ACPI says that the area is reserved for configuration space: what MCFG told us stands. */
static int64_t op_pci_mmcfg_reserved(struct vcpu *, void *copy, uint64_t)
{
    struct physdev_pci_mmcfg_reserved *a = copy;
    for (unsigned int i = 0; i < acpi_info.mcfg_count; i++)
        if (acpi_info.mcfg[i].base == a->address && acpi_info.mcfg[i].segment == a->segment &&
            acpi_info.mcfg[i].bus_first <= a->start_bus && acpi_info.mcfg[i].bus_last >= a->end_bus)
            return 0;
    return -ENODEV;
}

/* The EHCI debug port is not our console: its reset needs no preparation. */
OP(dbgp_op, dbgp_op, 0)

#define PHYSDEV_OP(op, argument, flags) [PHYSDEVOP_##op] = {op_##op, sizeof(struct physdev_##argument), flags}

static const struct operation operations[] = {
    PHYSDEV_OP(irq_status_query, irq_status_query, OPERATION_OUT),
    PHYSDEV_OP(set_iopl, set_iopl, 0),
    PHYSDEV_OP(set_iobitmap, set_iobitmap, 0),
    PHYSDEV_OP(apic_read, apic, OPERATION_PRIVILEGED | OPERATION_OUT),
    PHYSDEV_OP(apic_write, apic, OPERATION_PRIVILEGED),
    PHYSDEV_OP(alloc_irq_vector, irq, OPERATION_PRIVILEGED | OPERATION_OUT),
    PHYSDEV_OP(eoi, eoi, 0),
    PHYSDEV_OP(map_pirq, map_pirq, OPERATION_PRIVILEGED | OPERATION_OUT),
    PHYSDEV_OP(unmap_pirq, unmap_pirq, OPERATION_PRIVILEGED),
    PHYSDEV_OP(manage_pci_add, manage_pci, OPERATION_PRIVILEGED),
    PHYSDEV_OP(manage_pci_remove, manage_pci, OPERATION_PRIVILEGED),
    PHYSDEV_OP(manage_pci_add_ext, manage_pci_ext, OPERATION_PRIVILEGED),
    PHYSDEV_OP(pirq_eoi_gmfn_v1, pirq_eoi_gmfn, 0),
    PHYSDEV_OP(pirq_eoi_gmfn_v2, pirq_eoi_gmfn, 0),
    PHYSDEV_OP(restore_msi, restore_msi, OPERATION_PRIVILEGED),
    PHYSDEV_OP(setup_gsi, setup_gsi, OPERATION_PRIVILEGED),
    PHYSDEV_OP(get_free_pirq, get_free_pirq, OPERATION_OUT),
    PHYSDEV_OP(pci_mmcfg_reserved, pci_mmcfg_reserved, OPERATION_PRIVILEGED),
    PHYSDEV_OP(pci_device_add, pci_device_add, OPERATION_PRIVILEGED),
    PHYSDEV_OP(pci_device_remove, pci_device, OPERATION_PRIVILEGED),
    PHYSDEV_OP(restore_msi_ext, pci_device, OPERATION_PRIVILEGED),
    PHYSDEV_OP(dbgp_op, dbgp_op, OPERATION_PRIVILEGED),
    PHYSDEV_OP(prepare_msix, pci_device, OPERATION_PRIVILEGED),
    [PHYSDEVOP_release_msix] = {op_prepare_msix, sizeof(struct physdev_pci_device), OPERATION_PRIVILEGED},
};

int64_t hypercall_physdev_op(uint64_t cmd, uint64_t arg, uint64_t, uint64_t, uint64_t)
{
    return operation_do(operations, ARRAY_SIZE(operations), (uint32_t)cmd, current, arg);
}

/* The old form: the number in a structure before the argument, and only the operations of that time. */
int64_t hypercall_physdev_op_compat(uint64_t arg, uint64_t, uint64_t, uint64_t, uint64_t)
{
    uint32_t cmd;
    if (guest_copy_in(&cmd, arg, sizeof(cmd)))
        return -EFAULT;
    switch (cmd) {
    case PHYSDEVOP_irq_status_query:
    case PHYSDEVOP_set_iopl:
    case PHYSDEVOP_set_iobitmap:
    case PHYSDEVOP_apic_read:
    case PHYSDEVOP_apic_write:
    case PHYSDEVOP_alloc_irq_vector:
        return hypercall_physdev_op(cmd, arg + offsetof(struct physdev_op, u), 0, 0, 0);
    default:
        return -EINVAL;
    }
}
