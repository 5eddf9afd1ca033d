/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HYPERVISOR_physdev_op: interrupts, I/O rights and PCI functions for the domain that owns the devices. Each
 * operation's structure is copied in, then one function of event/pirq.c, irq/ioapic.c or irq/msi.c does it.
 *
 * IOPL, port bitmap, EOI and the EOI page are every domain's own business; all else needs a privileged caller.
 */
#include "domain/vcpu.h"
#include "event/pirq.h"
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

union physdev_argument {
    struct physdev_irq_status_query irq_status_query;
    struct physdev_set_iopl set_iopl;
    struct physdev_set_iobitmap set_iobitmap;
    struct physdev_apic apic;
    struct physdev_irq irq;
    struct physdev_eoi eoi;
    struct physdev_map_pirq map_pirq;
    struct physdev_unmap_pirq unmap_pirq;
    struct physdev_manage_pci manage_pci;
    struct physdev_manage_pci_ext manage_pci_ext;
    struct physdev_pirq_eoi_gmfn gmfn;
    struct physdev_restore_msi restore_msi;
    struct physdev_setup_gsi setup_gsi;
    struct physdev_get_free_pirq get_free_pirq;
    struct physdev_pci_mmcfg_reserved mmcfg;
    struct physdev_pci_device_add device_add;
    struct physdev_pci_device device;
    struct physdev_dbgp_op dbgp;
};

#define IO_BITMAP_BYTES 8192
#define IO_PORTS        65536

/* ---- every domain's own ---- */

static int op_set_iopl(struct vcpu *v, union physdev_argument *a)
{
    if (a->set_iopl.iopl > 3)
        return -EINVAL;
    v->pv.iopl = (uint8_t)a->set_iopl.iopl;
    return 0;
}

static int op_set_iobitmap(struct vcpu *v, union physdev_argument *a)
{
    uint64_t va = guest_handle_va(a->set_iobitmap.bitmap);
    if (a->set_iobitmap.nr_ports > IO_PORTS || !guest_address_ok(va) || !guest_address_ok(va + IO_BITMAP_BYTES - 1))
        return -EINVAL;
    v->pv.io_bitmap = va;
    v->pv.io_bitmap_ports = a->set_iobitmap.nr_ports;
    return 0;
}

static int op_irq_status_query(struct vcpu *v, union physdev_argument *a)
{
    return pirq_status(v->domain, a->irq_status_query.irq, &a->irq_status_query.flags);
}

static int op_eoi(struct vcpu *v, union physdev_argument *a)
{
    return pirq_eoi(v->domain, a->eoi.irq);
}

static int op_pirq_eoi_gmfn_v1(struct vcpu *v, union physdev_argument *a)
{
    return pirq_set_eoi_frame(v->domain, a->gmfn.gmfn, true);
}

static int op_pirq_eoi_gmfn_v2(struct vcpu *v, union physdev_argument *a)
{
    return pirq_set_eoi_frame(v->domain, a->gmfn.gmfn, false);
}

static int op_get_free_pirq(struct vcpu *v, union physdev_argument *a)
{
    int r = pirq_reserve(v->domain);
    if (r < 0)
        return r;
    a->get_free_pirq.pirq = (uint32_t)r;
    return 0;
}

/* ---- interrupts ---- */

static int op_apic_read(struct vcpu *v, union physdev_argument *a)
{
    (void)v;
    return ioapic_guest_read(a->apic.apic_physbase, a->apic.reg, &a->apic.value);
}

/* Old kernels program pins by this; what they would write is decided by setup_gsi and the bindings. */
static int op_apic_write(struct vcpu *v, union physdev_argument *a)
{
    (void)v;
    return ioapic_exists(a->apic.apic_physbase) ? 0 : -EINVAL;
}

/* Vectors are the hypervisor's; the guest only wants a number. */
static int op_alloc_irq_vector(struct vcpu *v, union physdev_argument *a)
{
    (void)v;
    a->irq.vector = a->irq.irq;
    return 0;
}

static int op_setup_gsi(struct vcpu *v, union physdev_argument *a)
{
    (void)v;
    if (a->setup_gsi.gsi < 0)
        return -EINVAL;
    return ioapic_setup_gsi((unsigned int)a->setup_gsi.gsi, a->setup_gsi.triggering, a->setup_gsi.polarity);
}

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

static int op_map_pirq(struct vcpu *v, union physdev_argument *a)
{
    struct domain *d = domain_get_by_id(a->map_pirq.domid);
    if (!d)
        return -ESRCH;
    int r = map_pirq(v, d, &a->map_pirq);
    domain_put(d);
    return r;
}

static int op_unmap_pirq(struct vcpu *v, union physdev_argument *a)
{
    struct domain *d = domain_get_by_id(a->unmap_pirq.domid);
    (void)v;
    if (!d)
        return -ESRCH;
    int r = a->unmap_pirq.pirq < 0 ? -EINVAL : pirq_unmap(d, (unsigned int)a->unmap_pirq.pirq);
    domain_put(d);
    return r;
}

/* ---- PCI functions ---- */

static pci_address_t device_address(const struct physdev_pci_device *p)
{
    return PCI_ADDRESS(p->seg, p->bus, p->devfn);
}

static int op_manage_pci_add(struct vcpu *v, union physdev_argument *a)
{
    (void)v;
    return msi_device_add(PCI_ADDRESS(0, a->manage_pci.bus, a->manage_pci.devfn));
}

static int op_manage_pci_remove(struct vcpu *v, union physdev_argument *a)
{
    (void)v;
    return msi_device_remove(PCI_ADDRESS(0, a->manage_pci.bus, a->manage_pci.devfn));
}

static int op_manage_pci_add_ext(struct vcpu *v, union physdev_argument *a)
{
    (void)v;
    if (a->manage_pci_ext.is_extfn > 1 || a->manage_pci_ext.is_virtfn > 1)
        return -EINVAL;
    return msi_device_add(PCI_ADDRESS(0, a->manage_pci_ext.bus, a->manage_pci_ext.devfn));
}

static int op_pci_device_add(struct vcpu *v, union physdev_argument *a)
{
    (void)v;
    return msi_device_add(PCI_ADDRESS(a->device_add.seg, a->device_add.bus, a->device_add.devfn));
}

static int op_pci_device_remove(struct vcpu *v, union physdev_argument *a)
{
    (void)v;
    return msi_device_remove(device_address(&a->device));
}

static int op_restore_msi(struct vcpu *v, union physdev_argument *a)
{
    (void)v;
    return msi_restore(PCI_ADDRESS(0, a->restore_msi.bus, a->restore_msi.devfn));
}

static int op_restore_msi_ext(struct vcpu *v, union physdev_argument *a)
{
    (void)v;
    return msi_restore(device_address(&a->device));
}

/* A passthrough driver announces or gives up the function's MSI-X: the table is mapped on demand, so nothing to do. */
static int op_prepare_msix(struct vcpu *v, union physdev_argument *a)
{
    (void)v;
    return msi_device_known(device_address(&a->device)) ? 0 : -ENODEV;
}

static int op_release_msix(struct vcpu *v, union physdev_argument *a)
{
    return op_prepare_msix(v, a);
}

/* dom0's ACPI says that the area is reserved for configuration space: what MCFG told us stands. */
static int op_pci_mmcfg_reserved(struct vcpu *v, union physdev_argument *a)
{
    (void)v;
    for (unsigned int i = 0; i < acpi_info.mcfg_count; i++)
        if (acpi_info.mcfg[i].base == a->mmcfg.address && acpi_info.mcfg[i].segment == a->mmcfg.segment &&
            acpi_info.mcfg[i].bus_first <= a->mmcfg.start_bus && acpi_info.mcfg[i].bus_last >= a->mmcfg.end_bus)
            return 0;
    return -ENODEV;
}

/* The EHCI debug port is not our console: its reset needs no preparation. */
static int op_dbgp_op(struct vcpu *v, union physdev_argument *a)
{
    (void)v;
    (void)a;
    return 0;
}

#define PHYSDEV_OP(op, argument, privileged, out)                                                                      \
    [PHYSDEVOP_##op] = {op_##op, sizeof(((union physdev_argument *)0)->argument), privileged, out}

static const struct physdev_operation {
    int (*fn)(struct vcpu *v, union physdev_argument *a);
    uint8_t size;
    bool privileged;
    bool copy_out;
} operations[] = {
    PHYSDEV_OP(irq_status_query, irq_status_query, false, true),
    PHYSDEV_OP(set_iopl, set_iopl, false, false),
    PHYSDEV_OP(set_iobitmap, set_iobitmap, false, false),
    PHYSDEV_OP(apic_read, apic, true, true),
    PHYSDEV_OP(apic_write, apic, true, false),
    PHYSDEV_OP(alloc_irq_vector, irq, true, true),
    PHYSDEV_OP(eoi, eoi, false, false),
    PHYSDEV_OP(map_pirq, map_pirq, true, true),
    PHYSDEV_OP(unmap_pirq, unmap_pirq, true, false),
    PHYSDEV_OP(manage_pci_add, manage_pci, true, false),
    PHYSDEV_OP(manage_pci_remove, manage_pci, true, false),
    PHYSDEV_OP(manage_pci_add_ext, manage_pci_ext, true, false),
    PHYSDEV_OP(pirq_eoi_gmfn_v1, gmfn, false, false),
    PHYSDEV_OP(pirq_eoi_gmfn_v2, gmfn, false, false),
    PHYSDEV_OP(restore_msi, restore_msi, true, false),
    PHYSDEV_OP(setup_gsi, setup_gsi, true, false),
    PHYSDEV_OP(get_free_pirq, get_free_pirq, false, true),
    PHYSDEV_OP(pci_mmcfg_reserved, mmcfg, true, false),
    PHYSDEV_OP(pci_device_add, device_add, true, false),
    PHYSDEV_OP(pci_device_remove, device, true, false),
    PHYSDEV_OP(restore_msi_ext, device, true, false),
    PHYSDEV_OP(dbgp_op, dbgp, true, false),
    PHYSDEV_OP(prepare_msix, device, true, false),
    PHYSDEV_OP(release_msix, device, true, false),
};

static int64_t physdev_op(uint64_t cmd, uint64_t arg)
{
    if (cmd >= ARRAY_SIZE(operations) || !operations[cmd].fn)
        return -ENOSYS;
    const struct physdev_operation *op = &operations[cmd];
    union physdev_argument a;
    if (guest_copy_in(&a, arg, op->size))
        return -EFAULT;
    if (op->privileged && !current->domain->privileged)
        return -EPERM;
    int r = op->fn(current, &a);
    if (r == 0 && op->copy_out && guest_copy_out(arg, &a, op->size))
        return -EFAULT;
    return r;
}

int64_t hypercall_physdev_op(uint64_t cmd, uint64_t arg, uint64_t a3, uint64_t a4, uint64_t a5)
{
    (void)a3, (void)a4, (void)a5;
    return physdev_op((uint32_t)cmd, arg);
}

/* The old form: the number in a structure before the argument, and only the operations of that time. */
int64_t hypercall_physdev_op_compat(uint64_t arg, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    uint32_t cmd;
    (void)a2, (void)a3, (void)a4, (void)a5;
    if (guest_copy_in(&cmd, arg, sizeof(cmd)))
        return -EFAULT;
    switch (cmd) {
    case PHYSDEVOP_irq_status_query:
    case PHYSDEVOP_set_iopl:
    case PHYSDEVOP_set_iobitmap:
    case PHYSDEVOP_apic_read:
    case PHYSDEVOP_apic_write:
    case PHYSDEVOP_alloc_irq_vector:
        return physdev_op(cmd, arg + offsetof(struct physdev_op, u));
    default:
        return -EINVAL;
    }
}
