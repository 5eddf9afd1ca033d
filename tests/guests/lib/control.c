/* SPDX-License-Identifier: MIT
 *
 * See control.h.
 */
#include "control.h"

#include "clock.h"
#include "memory.h"
#include "vcpu.h"

#define SELECTOR_CODE 0xe033
#define SELECTOR_DATA 0xe02b

long domctl(unsigned cmd, uint16_t domid, struct xen_domctl *op)
{
    op->cmd = cmd;
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op->domain = domid;
    return hypercall1(__HYPERVISOR_domctl, op);
}

long sysctl(unsigned cmd, struct xen_sysctl *op)
{
    op->cmd = cmd;
    op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    return hypercall1(__HYPERVISOR_sysctl, op);
}

long memory_of(unsigned cmd, uint16_t domid, xen_pfn_t *list, unsigned count, unsigned order)
{
    struct xen_memory_reservation r = {.nr_extents = count, .extent_order = order, .domid = domid};

    set_xen_guest_handle(r.extent_start, list);
    return hv_memory_op(cmd, &r);
}

uint64_t free_pages(void)
{
    struct xen_sysctl op = {0};
    long ret = sysctl(XEN_SYSCTL_physinfo, &op);

    if (ret)
        report_error("physinfo: %ld", ret);
    return op.u.physinfo.free_pages;
}

bool on_haven(void)
{
    xen_changeset_info_t changeset = {0};

    hv_xen_version(XENVER_changeset, changeset);
    return strcmp(changeset, "Haven") == 0;
}

/*
 * A page that is lost stays lost: what is only late may take a while. Xen frees part of an ended domain's memory after
 * every CPU has been through the hypervisor once more (RCU), and its heap keeps some pages, now more, now fewer.
 */
void check_free_pages(const char *name, uint64_t before)
{
    long slack = on_haven() ? 0 : 256, lost;

    for (uint64_t end = clock_ns() + 10000000000ull;; hv_sched_op(SCHEDOP_yield, NULL)) {
        lost = (long)(before - free_pages());
        if ((lost >= -slack && lost <= slack) || clock_ns() > end)
            break;
    }
    check_range(name, -lost, -slack, slack);
}

bool domain_info(uint16_t id, struct xen_domctl_getdomaininfo *info)
{
    struct xen_domctl op = {0};

    if (domctl(XEN_DOMCTL_getdomaininfo, id, &op) || op.domain != id)
        return false;
    *info = op.u.getdomaininfo;
    return true;
}

static bool gone(uint16_t id, unsigned *code)
{
    struct xen_domctl_getdomaininfo info;

    (void)code;
    return !domain_info(id, &info);
}

static bool shut_down(uint16_t id, unsigned *code)
{
    struct xen_domctl_getdomaininfo info;

    if (!domain_info(id, &info) || !(info.flags & XEN_DOMINF_shutdown))
        return false;
    *code = info.flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
    return true;
}

static bool wait_until(bool (*is)(uint16_t, unsigned *), uint16_t id, unsigned milliseconds, unsigned *code)
{
    for (uint64_t end = clock_ns() + milliseconds * 1000000ul;;) {
        if (is(id, code))
            return true;
        if (clock_ns() > end)
            return false;
        vcpu_relax();
    }
}

bool wait_gone(uint16_t id, unsigned milliseconds)
{
    return wait_until(gone, id, milliseconds, NULL);
}

bool wait_shut_down(uint16_t id, unsigned milliseconds, unsigned *code)
{
    return wait_until(shut_down, id, milliseconds, code);
}

/* ---- the child's memory ---- */

void *child_map(unsigned slot, uint16_t id, uint64_t mfn, uint64_t flags)
{
    long ret = mmu_update_one(machine_of(scratch_entry(slot)) | MMU_NORMAL_PT_UPDATE, pte_make(mfn, flags), id);

    if (ret)
        report_error("cannot map frame %lx of domain %u: %ld", mfn, id, ret);
    return scratch_va(slot);
}

void child_unmap(unsigned slot)
{
    scratch_set(slot, 0);
}

void child_create(struct child *c, unsigned vcpus)
{
    struct xen_domctl op = {0};
    long ret;

    op.u.createdomain.max_vcpus = vcpus;
    op.u.createdomain.max_evtchn_port = 1023;
    op.u.createdomain.max_grant_frames = -1;
    op.u.createdomain.max_maptrack_frames = -1;
    op.u.createdomain.grant_opts = 1;
    ret = domctl(XEN_DOMCTL_createdomain, 0xffff, &op);
    if (ret)
        report_error("createdomain: %ld", ret);
    *c = (struct child){.id = op.domain, .vcpus = vcpus};
    op = (struct xen_domctl){.u.max_vcpus.max = vcpus};
    ret = domctl(XEN_DOMCTL_max_vcpus, c->id, &op);
    if (ret)
        report_error("max_vcpus: %ld", ret);
}

void child_populate(struct child *c)
{
    struct xen_domctl op = {.u.max_mem.max_memkb = CHILD_PAGES * 4};
    long ret = domctl(XEN_DOMCTL_max_mem, c->id, &op);

    if (ret)
        report_error("max_mem: %ld", ret);
    for (unsigned i = 0; i < CHILD_PAGES; i++)
        c->mfn[i] = i;
    ret = memory_of(XENMEM_populate_physmap, c->id, c->mfn, CHILD_PAGES, 0);
    if (ret != CHILD_PAGES)
        report_error("populate_physmap: %ld", ret);
}

static void set_entry(const struct child *c, unsigned table, unsigned index, uint64_t pte)
{
    uint64_t *t = child_map(0, c->id, c->mfn[table], PTE_KERNEL);

    t[index] = pte;
    child_unmap(0);
}

void child_context(const struct child *c, unsigned vcpu, struct vcpu_guest_context *context)
{
    memset(context, 0, sizeof(*context));
    context->flags = VGCF_in_kernel | VGCF_online;
    context->user_regs.rip = CHILD_BASE + CHILD_CODE_PAGE * PAGE_SIZE;
    context->user_regs.rsp = CHILD_BASE + (CHILD_PAGES - vcpu) * PAGE_SIZE;
    context->user_regs.rdi = vcpu;
    context->user_regs.rsi = CHILD_BASE + CHILD_DATA * PAGE_SIZE;
    context->user_regs.rflags = 0x200;
    context->user_regs.cs = SELECTOR_CODE;
    context->user_regs.ss = SELECTOR_DATA;
    context->kernel_ss = SELECTOR_DATA;
    context->kernel_sp = context->user_regs.rsp;
    context->ctrlreg[3] = c->mfn[CHILD_L4] << 12;
}

void child_build(struct child *c, const char *code, const char *end)
{
    static struct vcpu_guest_context context;
    struct mmuext_op op = {.cmd = MMUEXT_PIN_L4_TABLE, .arg1.mfn = c->mfn[CHILD_L4]};
    long ret;

    memcpy(child_map(0, c->id, c->mfn[CHILD_CODE_PAGE], PTE_KERNEL), code, (size_t)(end - code));
    child_unmap(0);
    set_entry(c, CHILD_L4, 0, pte_make(c->mfn[CHILD_L3], PTE_TABLE));
    set_entry(c, CHILD_L3, 0, pte_make(c->mfn[CHILD_L2], PTE_TABLE));
    set_entry(c, CHILD_L2, CHILD_BASE >> 21, pte_make(c->mfn[CHILD_L1], PTE_TABLE));
    for (unsigned i = CHILD_CODE_PAGE; i < CHILD_PAGES; i++)
        set_entry(c, CHILD_L1, i, pte_make(c->mfn[i], i == CHILD_CODE_PAGE ? PTE_RO : PTE_KERNEL));
    ret = hv_mmuext_op(&op, 1, NULL, c->id);
    if (ret)
        report_error("pinning the child's table: %ld", ret);
    for (unsigned i = 0; i < c->vcpus; i++) {
        struct xen_domctl set = {.u.vcpucontext.vcpu = i};

        child_context(c, i, &context);
        set_xen_guest_handle(set.u.vcpucontext.ctxt, &context);
        ret = domctl(XEN_DOMCTL_setvcpucontext, c->id, &set);
        if (ret)
            report_error("setvcpucontext: %ld", ret);
    }
}

void child_start(struct child *c)
{
    struct xen_domctl op = {0};
    long ret = domctl(XEN_DOMCTL_unpausedomain, c->id, &op);

    if (ret)
        report_error("unpausedomain: %ld", ret);
}

long child_destroy(struct child *c)
{
    struct xen_domctl op = {0};

    return domctl(XEN_DOMCTL_destroydomain, c->id, &op);
}
