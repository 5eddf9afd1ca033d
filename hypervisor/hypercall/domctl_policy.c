/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPU policies and feature sets, for domctl and sysctl, and how a domain sees the TSC. There are no MSRs to choose: the
 * two that the ABI's lists have read 0.
 */
#include "guest/pv/cpu_policy.h"
#include "hypercall/domctl.h"
#include "hypercall/sysctl.h"
#include "lib/errno.h"
#include "mm/guest_copy.h"
#include "mm/heap.h"
#include "time/clock.h"

/* Xen's numbers (xl.cfg's tsc_mode), in no public header. */
#define TSC_DEFAULT        0
#define TSC_ALWAYS_EMULATE 1
#define TSC_NEVER_EMULATE  2

static const uint32_t policy_msrs[] = {0xce /* PLATFORM_INFO */, 0x10a /* ARCH_CAPABILITIES */};

static int64_t leaves_out(const struct domain *d, bool hardware, uint64_t to, uint32_t *count)
{
    uint32_t room = *count;

    *count = CPU_POLICY_LEAVES;
    if (!to)
        return 0;
    xen_cpuid_leaf_t *leaves = heap_alloc(CPU_POLICY_LEAVES * sizeof(*leaves));
    if (!leaves)
        return -ENOMEM;
    *count = cpu_policy_leaves(d, hardware, leaves);
    int64_t error = *count > room ? -ENOBUFS : guest_copy_out(to, leaves, *count * sizeof(*leaves));
    heap_free(leaves);
    return error;
}

static int64_t msrs_out(uint64_t to, uint32_t *count)
{
    uint32_t room = *count;

    *count = ARRAY_SIZE(policy_msrs);
    if (!to)
        return 0;
    if (room < *count)
        return -ENOBUFS;
    for (unsigned int i = 0; i < *count; i++) {
        xen_msr_entry_t m = {.idx = policy_msrs[i]};

        if (guest_copy_out_item(to, i, &m))
            return -EFAULT;
    }
    return 0;
}

int64_t domctl_get_cpu_policy(struct domain *d, struct xen_domctl *c)
{
    struct xen_domctl_cpu_policy *op = &c->u.cpu_policy;
    int64_t error = leaves_out(d, false, guest_handle_va(op->leaves), &op->nr_leaves);

    return error ? error : msrs_out(guest_handle_va(op->msrs), &op->nr_msrs);
}

static int64_t msrs_in(struct xen_domctl_cpu_policy *op)
{
    if (op->nr_msrs > ARRAY_SIZE(policy_msrs))
        return -E2BIG;
    for (unsigned int i = 0; i < op->nr_msrs; i++) {
        xen_msr_entry_t m;

        if (guest_copy_in_item(&m, guest_handle_va(op->msrs), i))
            return -EFAULT;
        op->err_msr = m.idx;
        if (m.idx != policy_msrs[0] && m.idx != policy_msrs[1])
            return -ERANGE;
        if (m.flags || m.val)
            return -EINVAL;
    }
    op->err_msr = ~0u;
    return 0;
}

int64_t domctl_set_cpu_policy(struct domain *d, struct xen_domctl *c)
{
    struct xen_domctl_cpu_policy *op = &c->u.cpu_policy;
    xen_cpuid_leaf_t *leaves, bad;
    struct vcpu *v;

    vcpu_for_each (d, v)
        if (READ_ONCE(v->initialised) && v->switches)
            return -EEXIST; /* it runs, and has looked */
    op->err_leaf = op->err_subleaf = op->err_msr = ~0u;
    if (op->nr_leaves > CPU_POLICY_LEAVES)
        return -E2BIG;
    int64_t error = msrs_in(op);
    if (error || !op->nr_leaves)
        return error;
    leaves = heap_alloc(CPU_POLICY_LEAVES * sizeof(*leaves));
    if (!leaves)
        return -ENOMEM;
    error = guest_copy_in(leaves, guest_handle_va(op->leaves), op->nr_leaves * sizeof(*leaves));
    if (!error) {
        error = cpu_policy_set(d, leaves, op->nr_leaves, &bad);
        if (error == -ERANGE || error == -EINVAL) {
            op->err_leaf = bad.leaf;
            op->err_subleaf = bad.subleaf;
        }
    }
    heap_free(leaves);
    return error;
}

/* There is no emulation: the guest reads the CPU's own counter, and the scale of its time pages follows it. */
int64_t domctl_settscinfo(struct domain *d, struct xen_domctl *c)
{
    const struct xen_domctl_tsc_info *op = &c->u.tsc_info;

    if (op->tsc_mode == TSC_ALWAYS_EMULATE)
        return -EOPNOTSUPP;
    if (op->tsc_mode != TSC_DEFAULT && op->tsc_mode != TSC_NEVER_EMULATE)
        return -EINVAL;
    d->tsc_mode = op->tsc_mode;
    d->tsc_incarnation = op->incarnation;
    return 0;
}

int64_t domctl_gettscinfo(struct domain *d, struct xen_domctl *c)
{
    c->u.tsc_info = (struct xen_domctl_tsc_info){.tsc_mode = d->tsc_mode, .incarnation = d->tsc_incarnation};
    if (d->tsc_mode == TSC_DEFAULT) {
        c->u.tsc_info.gtsc_khz = (uint32_t)clock_state.tsc_khz;
        c->u.tsc_info.elapsed_nsec = clock_now();
    }
    return 0;
}

/* --- of the host --- */

/* Raw and host are the hardware's; all PV ones what is offered. Of HVM there are none: the same numbers in both lists.
 */
static int64_t policy_source(uint32_t index, bool *hardware)
{
    _Static_assert(XEN_SYSCTL_cpu_policy_hvm_max == XEN_SYSCTL_cpu_featureset_hvm, "public ABI: xen/sysctl.h");
    *hardware = index <= XEN_SYSCTL_cpu_policy_host;
    if (index > XEN_SYSCTL_cpu_policy_hvm_default)
        return -EINVAL;
    return index == XEN_SYSCTL_cpu_policy_hvm_max || index == XEN_SYSCTL_cpu_policy_hvm_default ? -EOPNOTSUPP : 0;
}

int64_t sysctl_get_cpu_policy(struct xen_sysctl *s)
{
    struct xen_sysctl_cpu_policy *op = &s->u.cpu_policy;
    bool hardware;
    int64_t error = op->_rsvd ? -EINVAL : policy_source(op->index, &hardware);

    if (!error)
        error = leaves_out(NULL, hardware, guest_handle_va(op->leaves), &op->nr_leaves);
    return error ? error : msrs_out(guest_handle_va(op->msrs), &op->nr_msrs);
}

int64_t sysctl_get_cpu_featureset(struct xen_sysctl *s)
{
    struct xen_sysctl_cpu_featureset *op = &s->u.cpu_featureset;
    uint32_t words[CPU_POLICY_FEATURES], room = op->nr_features;
    bool hardware;

    op->nr_features = CPU_POLICY_FEATURES;
    if (!guest_handle_va(op->features))
        return 0;
    int64_t error = policy_source(op->index, &hardware);
    if (error)
        return error;
    cpu_policy_features(hardware, words);
    op->nr_features = MIN(room, (uint32_t)CPU_POLICY_FEATURES);
    if (guest_copy_out(guest_handle_va(op->features), words, op->nr_features * sizeof(words[0])))
        return -EFAULT;
    return room < CPU_POLICY_FEATURES ? -ENOBUFS : 0;
}
