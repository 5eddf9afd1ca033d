/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HYPERVISOR_sysctl: questions about the machine, for control domains only. The whole structure is copied in, its
 * operation works on the copy, and the copy goes back if the operation says so.
 */
#include "hypercall/sysctl.h"
#include "cpu/cpu_local.h"
#include "cpu/x86.h"
#include "domain/vcpu.h"
#include "hypercall/domain_info.h"
#include "hypercall/table.h"
#include "lib/errno.h"
#include "lifecycle/reservation.h"
#include "mm/buddy.h"
#include "mm/frame.h"
#include "mm/guest_copy.h"
#include "mm/memory_map.h"
#include "platform/console.h"
#include "sched/sched.h"
#include "time/clock.h"
#include <xen/sysctl.h>

_Static_assert(sizeof(struct xen_sysctl) == 136, "public ABI: xen/sysctl.h");

#define NODE_DISTANCE_SELF 10
#define DEBUG_KEYS_MAX     32
#define PCI_DEVICES_MAX    1024u

static int64_t op_readconsole(struct xen_sysctl *s)
{
    struct xen_sysctl_readconsole *op = &s->u.readconsole;
    uint32_t position = op->incremental ? op->index : 0, done = 0;
    char buf[512];

    while (done < op->count) {
        size_t n = console_ring_read(&position, buf, MIN(sizeof(buf), op->count - done));

        if (!n)
            break;
        if (guest_copy_out(guest_handle_va(op->buffer) + done, buf, n))
            return -EFAULT;
        done += (uint32_t)n;
    }
    if (op->clear)
        console_ring_clear();
    op->index = position;
    op->count = done;
    return 0;
}

static int64_t op_physinfo(struct xen_sysctl *s)
{
    struct xen_sysctl_physinfo *p = &s->u.physinfo;

    *p = (struct xen_sysctl_physinfo){
        .threads_per_core = 1,
        .cores_per_socket = cpu_count,
        .nr_cpus = cpu_count,
        .max_cpu_id = cpu_count - 1,
        .nr_nodes = 1,
        .cpu_khz = (uint32_t)clock_state.tsc_khz,
        .capabilities = XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_gnttab_v1,
        .total_pages = memory_map_ram_size(&memory_map) >> PAGE_SHIFT,
        .free_pages = buddy_free_frames(),
        .outstanding_pages = reservation_claimed(),
        .max_mfn = frame_table_max - 1,
    };
    p->hw_cap[0] = cpuid(1, 0).edx;
    p->hw_cap[1] = cpuid(1, 0).ecx;
    p->hw_cap[2] = cpuid(0x80000001, 0).edx;
    p->hw_cap[3] = cpuid(0x80000001, 0).ecx;
    p->hw_cap[4] = cpuid(0xd, 1).eax;
    p->hw_cap[5] = cpuid(7, 0).ebx;
    p->hw_cap[6] = cpuid(7, 0).ecx;
    return 0;
}

static int64_t op_sched_id(struct xen_sysctl *s)
{
    /* The same parameters as Xen's default one: weight and cap. */
    s->u.sched_id.sched_id = XEN_SCHEDULER_CREDIT2;
    return 0;
}

static int64_t op_getdomaininfolist(struct xen_sysctl *s)
{
    struct xen_sysctl_getdomaininfolist *op = &s->u.getdomaininfolist;
    uint32_t count = 0;
    domid_t next = op->first_domain;
    struct domain *d;

    while (count < op->max_domains && (d = domain_next(next)) != NULL) {
        struct xen_domctl_getdomaininfo info;

        next = (domid_t)(d->id + 1);
        domain_info_fill(d, &info);
        domain_put(d);
        if (guest_copy_out_item(guest_handle_va(op->buffer), count, &info))
            return -EFAULT;
        count++;
    }
    op->num_domains = count;
    return 0;
}

static int64_t op_debug_keys(struct xen_sysctl *s)
{
    struct xen_sysctl_debug_keys *op = &s->u.debug_keys;
    char keys[DEBUG_KEYS_MAX];

    if (op->nr_keys > sizeof(keys))
        return -E2BIG;
    if (guest_copy_in(keys, guest_handle_va(op->keys), op->nr_keys))
        return -EFAULT;
    for (unsigned int i = 0; i < op->nr_keys; i++)
        debug_key_run(keys[i]);
    return 0;
}

static int64_t op_cputopoinfo(struct xen_sysctl *s)
{
    struct xen_sysctl_cputopoinfo *op = &s->u.cputopoinfo;
    uint32_t count = cpu_count;

    if (guest_handle_va(op->cputopo)) {
        count = MIN(count, op->num_cpus);
        for (uint32_t cpu = 0; cpu < count; cpu++) {
            struct xen_sysctl_cputopo t = {.core = cpu};

            if (guest_copy_out_item(guest_handle_va(op->cputopo), cpu, &t))
                return -EFAULT;
        }
    }
    op->num_cpus = count;
    return 0;
}

/* All memory is one node. */
static int64_t op_numainfo(struct xen_sysctl *s)
{
    struct xen_sysctl_numainfo *op = &s->u.numainfo;
    struct xen_sysctl_meminfo m = {
        .memsize = memory_map_ram_size(&memory_map),
        .memfree = buddy_free_frames() << PAGE_SHIFT,
    };
    uint32_t distance = NODE_DISTANCE_SELF;

    if (op->num_nodes) {
        if (guest_handle_va(op->meminfo) && guest_copy_out(guest_handle_va(op->meminfo), &m, sizeof(m)))
            return -EFAULT;
        if (guest_handle_va(op->distance) && guest_copy_out(guest_handle_va(op->distance), &distance, sizeof(distance)))
            return -EFAULT;
    }
    op->num_nodes = 1;
    return 0;
}

static int64_t op_getcpuinfo(struct xen_sysctl *s)
{
    struct xen_sysctl_getcpuinfo *op = &s->u.getcpuinfo;

    op->nr_cpus = MIN(op->max_cpus, cpu_count);
    for (uint32_t cpu = 0; cpu < op->nr_cpus; cpu++) {
        vcpu_runstate_info_t idle;

        sched_runstate_get(cpu_local_of(cpu)->idle, &idle);
        struct xen_sysctl_cpuinfo info = {.idletime = idle.time[RUNSTATE_running]};
        if (guest_copy_out_item(guest_handle_va(op->info), cpu, &info))
            return -EFAULT;
    }
    return 0;
}

/* Free memory of a node; the widths of addresses are not looked at but to say "none of these". */
static int64_t op_availheap(struct xen_sysctl *s)
{
    struct xen_sysctl_availheap *op = &s->u.availheap;

    op->avail_bytes = op->node > 0 ? 0 : buddy_free_frames() << PAGE_SHIFT;
    return 0;
}

/* Nothing about PCI devices is known that would say more than the one node. */
static int64_t op_pcitopoinfo(struct xen_sysctl *s)
{
    struct xen_sysctl_pcitopoinfo *op = &s->u.pcitopoinfo;
    uint32_t node = XEN_INVALID_DEV;

    if (!guest_handle_va(op->devs) || !guest_handle_va(op->nodes))
        return -EINVAL;
    op->num_devs = MIN(op->num_devs, PCI_DEVICES_MAX);
    for (uint32_t i = 0; i < op->num_devs; i++)
        if (guest_copy_out_item(guest_handle_va(op->nodes), i, &node))
            return -EFAULT;
    return 0;
}

static int64_t op_get_cpu_levelling_caps(struct xen_sysctl *s)
{
    s->u.cpu_levelling_caps.caps = 0;
    return 0;
}

/* error: not offered, and what Xen without it answers. */
static const struct {
    int64_t (*fn)(struct xen_sysctl *s);
    bool copy_back;
    int error;
} sysctl_ops[] = {
    [XEN_SYSCTL_readconsole] = {op_readconsole, true, 0},
    [XEN_SYSCTL_physinfo] = {op_physinfo, true, 0},
    [XEN_SYSCTL_sched_id] = {op_sched_id, true, 0},
    [XEN_SYSCTL_getdomaininfolist] = {op_getdomaininfolist, true, 0},
    [XEN_SYSCTL_debug_keys] = {op_debug_keys, false, 0},
    [XEN_SYSCTL_getcpuinfo] = {op_getcpuinfo, true, 0},
    [XEN_SYSCTL_availheap] = {op_availheap, true, 0},
    [XEN_SYSCTL_get_pmstat] = {NULL, false, -ENODEV},
    [XEN_SYSCTL_pm_op] = {NULL, false, -ENODEV},
    [XEN_SYSCTL_cpu_hotplug] = {NULL, false, -EOPNOTSUPP},
    [XEN_SYSCTL_page_offline_op] = {NULL, false, -EOPNOTSUPP},
    [XEN_SYSCTL_cputopoinfo] = {op_cputopoinfo, true, 0},
    [XEN_SYSCTL_numainfo] = {op_numainfo, true, 0},
    [XEN_SYSCTL_cpupool_op] = {sysctl_cpupool_op, true, 0},
    [XEN_SYSCTL_scheduler_op] = {sysctl_scheduler_op, true, 0},
    [XEN_SYSCTL_coverage_op] = {NULL, false, -EOPNOTSUPP},
    [XEN_SYSCTL_psr_cmt_op] = {NULL, false, -ENODEV},
    [XEN_SYSCTL_psr_alloc] = {NULL, false, -EOPNOTSUPP},
    [XEN_SYSCTL_pcitopoinfo] = {op_pcitopoinfo, true, 0},
    [XEN_SYSCTL_get_cpu_levelling_caps] = {op_get_cpu_levelling_caps, true, 0},
    [XEN_SYSCTL_get_cpu_featureset] = {sysctl_get_cpu_featureset, true, 0},
    [XEN_SYSCTL_get_cpu_policy] = {sysctl_get_cpu_policy, true, 0},
};

int64_t hypercall_sysctl(uint64_t arg, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    struct xen_sysctl s;
    int64_t result;

    (void)a2, (void)a3, (void)a4, (void)a5;
    if (guest_copy_in(&s, arg, sizeof(s)))
        return -EFAULT;
    if (s.interface_version != XEN_SYSCTL_INTERFACE_VERSION)
        return -EACCES;
    if (!current->domain->privileged)
        return -EPERM;
    if (s.cmd >= ARRAY_SIZE(sysctl_ops))
        return -ENOSYS;
    if (!sysctl_ops[s.cmd].fn)
        return sysctl_ops[s.cmd].error ? sysctl_ops[s.cmd].error : -ENOSYS;
    result = sysctl_ops[s.cmd].fn(&s);
    /* Lists that were too long for the room tell how long they were. */
    if ((!result || result == -ENOBUFS) && sysctl_ops[s.cmd].copy_back && guest_copy_out(arg, &s, sizeof(s)))
        return -EFAULT;
    return result;
}
