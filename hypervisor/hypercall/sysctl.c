/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HYPERVISOR_sysctl: questions about the machine, for control domains only. The whole structure is copied in, its
 * operation works on the copy, and the copy goes back if the operation says so.
 */
#include "cpu/cpu_local.h"
#include "cpu/x86.h"
#include "domain/vcpu.h"
#include "hypercall/domain_info.h"
#include "hypercall/table.h"
#include "lib/errno.h"
#include "mm/buddy.h"
#include "mm/frame.h"
#include "mm/guest_copy.h"
#include "platform/console.h"
#include "time/clock.h"
#include <xen/sysctl.h>

_Static_assert(sizeof(struct xen_sysctl) == 136, "public ABI: xen/sysctl.h");

#define NODE_DISTANCE_SELF 10
#define DEBUG_KEYS_MAX     32

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
        .total_pages = buddy_total_frames(),
        .free_pages = buddy_free_frames(),
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
        .memsize = buddy_total_frames() << PAGE_SHIFT,
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

static const struct {
    int64_t (*fn)(struct xen_sysctl *s);
    bool copy_back;
} sysctl_ops[] = {
    [XEN_SYSCTL_readconsole] = {op_readconsole, true}, [XEN_SYSCTL_physinfo] = {op_physinfo, true},
    [XEN_SYSCTL_sched_id] = {op_sched_id, true},       [XEN_SYSCTL_getdomaininfolist] = {op_getdomaininfolist, true},
    [XEN_SYSCTL_debug_keys] = {op_debug_keys, false},  [XEN_SYSCTL_cputopoinfo] = {op_cputopoinfo, true},
    [XEN_SYSCTL_numainfo] = {op_numainfo, true},
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
    if (s.cmd >= ARRAY_SIZE(sysctl_ops) || !sysctl_ops[s.cmd].fn)
        return -ENOSYS;
    result = sysctl_ops[s.cmd].fn(&s);
    if (result || !sysctl_ops[s.cmd].copy_back)
        return result;
    return guest_copy_out(arg, &s, sizeof(s));
}
