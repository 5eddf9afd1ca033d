/* SPDX-License-Identifier: MIT
 *
 * Why: even dom0's tools may be wrong: numbers beyond all limits, pointers to nowhere, contexts that no CPU could run.
 * Trick: a child domain as the object, and each operation of domctl and sysctl with one thing wrong at a time, then
 * with random contents.  Expect: an error each time, the one that Xen gives where the ABI fixes it; the hypervisor and
 * this guest go on, and not a page is lost.
 */
#include "control.h"
#include "memory.h"

GUEST("hostile_control");

CHILD_CODE("nothing", "1: pause\n jmp 1b");
CHILD_CODE_DECLARE(nothing);

static struct child child;

static void *const bad_pointers[] = {
    (void *)0x10, (void *)0x7ffffffff000ul, (void *)0x800000000000ul, (void *)HYPERVISOR_START + 0x100000, (void *)-16l,
    NULL /* an unmapped page */};

static void *bad_pointer(unsigned i)
{
    return bad_pointers[i] ? bad_pointers[i] : scratch_va(7);
}

static void structures(void)
{
    struct xen_domctl d = {.cmd = XEN_DOMCTL_getdomaininfo, .interface_version = XEN_DOMCTL_INTERFACE_VERSION + 1};
    struct xen_sysctl s = {.cmd = XEN_SYSCTL_physinfo, .interface_version = XEN_SYSCTL_INTERFACE_VERSION - 1};

    check_eq("domctl of another version", hypercall1(__HYPERVISOR_domctl, &d), -XEN_EACCES);
    check_eq("sysctl of another version", hypercall1(__HYPERVISOR_sysctl, &s), -XEN_EACCES);
    for (unsigned i = 0; i < ARRAY_SIZE(bad_pointers); i++) {
        check_eq(case_name("domctl at %p", bad_pointer(i)), hypercall1(__HYPERVISOR_domctl, bad_pointer(i)),
                 -XEN_EFAULT);
        check_eq(case_name("sysctl at %p", bad_pointer(i)), hypercall1(__HYPERVISOR_sysctl, bad_pointer(i)),
                 -XEN_EFAULT);
    }
    memset(&d, 0, sizeof(d));
    check_eq("domctl without a number", domctl(0, child.id, &d), -XEN_ENOSYS);
    check_eq("domctl 999", domctl(999, child.id, &d), -XEN_ENOSYS);
    check_eq("domctl 0xffffffff", domctl(~0u, child.id, &d), -XEN_ENOSYS);
    memset(&s, 0, sizeof(s));
    check_eq("sysctl without a number", sysctl(0, &s), -XEN_ENOSYS);
    check_eq("sysctl 0xffffffff", sysctl(~0u, &s), -XEN_ENOSYS);
}

/* All that a domain can be asked, of a domain that is not there. */
static void no_domain(void)
{
    static const uint16_t ids[] = {0x7e00, DOMID_SELF, DOMID_IO, DOMID_XEN, DOMID_INVALID, 0x8001};

    for (unsigned cmd = XEN_DOMCTL_destroydomain; cmd <= XEN_DOMCTL_set_cpu_policy; cmd++)
        for (unsigned i = 0; i < ARRAY_SIZE(ids); i++) {
            struct xen_domctl op = {0};
            long ret = domctl(cmd, ids[i], &op);

            if (ret >= 0)
                case_failed(case_name("domctl %u of domain %x", cmd, ids[i]), "returned %ld", ret);
        }
    case_ok("domctls of no domain are refused");
}

static void no_vcpu(void)
{
    /* The number of the vCPU is the first word of all these. */
    static const unsigned commands[] = {
        XEN_DOMCTL_setvcpuaffinity,     XEN_DOMCTL_getvcpuaffinity, XEN_DOMCTL_setvcpucontext,
        XEN_DOMCTL_getvcpucontext,      XEN_DOMCTL_getvcpuinfo,     XEN_DOMCTL_set_ext_vcpucontext,
        XEN_DOMCTL_get_ext_vcpucontext, XEN_DOMCTL_setvcpuextstate, XEN_DOMCTL_getvcpuextstate,
        XEN_DOMCTL_get_vcpu_msrs,       XEN_DOMCTL_set_vcpu_msrs,
    };
    static const uint32_t vcpus[] = {1, 63, 64, 8192, 0x7fffffff, 0x80000000, 0xffffffff};

    for (unsigned i = 0; i < ARRAY_SIZE(commands); i++)
        for (unsigned j = 0; j < ARRAY_SIZE(vcpus); j++) {
            struct xen_domctl op = {.u.getvcpuinfo.vcpu = vcpus[j]};

            check_error(case_name("domctl %u of vCPU %x", commands[i], vcpus[j]), domctl(commands[i], child.id, &op));
        }
    for (unsigned j = 0; j < ARRAY_SIZE(vcpus); j++) {
        struct xen_domctl op = {.u.sendtrigger.vcpu = vcpus[j]};

        check_eq(case_name("NMI for vCPU %x", vcpus[j]), domctl(XEN_DOMCTL_sendtrigger, child.id, &op), -XEN_ESRCH);
    }
}

static long create_with(const struct xen_domctl_createdomain *with)
{
    struct xen_domctl op = {0};
    long ret;

    op.u.createdomain = *with;
    ret = domctl(XEN_DOMCTL_createdomain, 0xffff, &op);
    if (!ret) {
        struct child c = {.id = op.domain};
        child_destroy(&c);
    }
    return ret;
}

#define WITH(...)                                                                                                      \
    &(struct xen_domctl_createdomain)                                                                                  \
    {                                                                                                                  \
        .max_vcpus = 1, .max_evtchn_port = 15, .max_grant_frames = -1, .max_maptrack_frames = -1, .grant_opts = 1,     \
        __VA_ARGS__                                                                                                    \
    }

#pragma GCC diagnostic ignored "-Woverride-init" /* a name given twice: the second counts */
static void create_limits(void)
{
    check_eq("a plain domain", create_with(WITH(.max_vcpus = 1)), 0);
    check_eq("no vCPU", create_with(WITH(.max_vcpus = 0)), -XEN_EINVAL);
    check_eq("vCPUs without end", create_with(WITH(.max_vcpus = 0x7fffffff)), -XEN_EINVAL);
    check_eq("unknown flags", create_with(WITH(.flags = 0x80000000)), -XEN_EINVAL);
    check_eq("nested paging without HVM", create_with(WITH(.flags = XEN_DOMCTL_CDF_hap)), -XEN_EINVAL);
    check_eq("IOMMU options without IOMMU", create_with(WITH(.iommu_opts = 1)), -XEN_EINVAL);
    check_eq("an IOMMU", create_with(WITH(.flags = XEN_DOMCTL_CDF_iommu)), -XEN_EINVAL);
    check_eq("trace buffers", create_with(WITH(.vmtrace_size = 4096)), -XEN_EINVAL);
    check_eq("no grant version", create_with(WITH(.grant_opts = 0)), -XEN_EINVAL);
    check_eq("grant version 7", create_with(WITH(.grant_opts = 7)), -XEN_EINVAL);
    check_eq("unknown grant options", create_with(WITH(.grant_opts = 0x11)), -XEN_EINVAL);
    check_eq("no grant frame", create_with(WITH(.max_grant_frames = 0)), -XEN_EINVAL);
    check_eq("grant frames without end", create_with(WITH(.max_grant_frames = 0x7fffffff)), -XEN_EINVAL);
    check_eq("maptrack frames without end", create_with(WITH(.max_maptrack_frames = 0x7fffffff)), -XEN_EINVAL);
    check_error("another pool", create_with(WITH(.cpupool_id = 7)));
    check_eq("emulated devices", create_with(WITH(.arch.emulation_flags = ~0u)), -XEN_EINVAL);
    check_eq("unknown flags of x86", create_with(WITH(.arch.misc_flags = 0x80000000)), -XEN_EINVAL);
    check_eq("ports without end are cut", create_with(WITH(.max_evtchn_port = ~0u)), 0);
    check_eq("no port", create_with(WITH(.max_evtchn_port = 0)), 0);
}

static void bad_handles(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(bad_pointers); i++) {
        void *p = bad_pointer(i);
        struct xen_domctl op = {0};
        struct xen_sysctl s = {0};

        set_xen_guest_handle(op.u.vcpucontext.ctxt, p);
        check_eq(case_name("setvcpucontext from %p", p), domctl(XEN_DOMCTL_setvcpucontext, child.id, &op), -XEN_EFAULT);
        check_eq(case_name("getvcpucontext to %p", p), domctl(XEN_DOMCTL_getvcpucontext, child.id, &op), -XEN_EFAULT);
        op = (struct xen_domctl){.u.getpageframeinfo3.num = 4};
        set_xen_guest_handle(op.u.getpageframeinfo3.array, p);
        check_eq(case_name("getpageframeinfo3 at %p", p), domctl(XEN_DOMCTL_getpageframeinfo3, child.id, &op),
                 -XEN_EFAULT);
        op = (struct xen_domctl){.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD};
        op.u.vcpuaffinity.cpumap_hard.nr_bits = 64;
        set_xen_guest_handle(op.u.vcpuaffinity.cpumap_hard.bitmap, p);
        check_eq(case_name("setvcpuaffinity from %p", p), domctl(XEN_DOMCTL_setvcpuaffinity, child.id, &op),
                 -XEN_EFAULT);
        check_eq(case_name("getvcpuaffinity to %p", p), domctl(XEN_DOMCTL_getvcpuaffinity, child.id, &op), -XEN_EFAULT);
        op = (struct xen_domctl){.u.cpu_policy.nr_leaves = 100};
        set_xen_guest_handle(op.u.cpu_policy.leaves, p);
        check_eq(case_name("get_cpu_policy to %p", p), domctl(XEN_DOMCTL_get_cpu_policy, child.id, &op), -XEN_EFAULT);
        op.u.cpu_policy.nr_leaves = 100;
        check_eq(case_name("set_cpu_policy from %p", p), domctl(XEN_DOMCTL_set_cpu_policy, child.id, &op), -XEN_EFAULT);
        s.u.getdomaininfolist.max_domains = 2;
        set_xen_guest_handle(s.u.getdomaininfolist.buffer, p);
        check_eq(case_name("getdomaininfolist to %p", p), sysctl(XEN_SYSCTL_getdomaininfolist, &s), -XEN_EFAULT);
        s = (struct xen_sysctl){.u.getcpuinfo.max_cpus = 1};
        set_xen_guest_handle(s.u.getcpuinfo.info, p);
        check_eq(case_name("getcpuinfo to %p", p), sysctl(XEN_SYSCTL_getcpuinfo, &s), -XEN_EFAULT);
        s = (struct xen_sysctl){.u.cpupool_op.op = XEN_SYSCTL_CPUPOOL_OP_INFO};
        s.u.cpupool_op.cpumap.nr_bits = 8;
        set_xen_guest_handle(s.u.cpupool_op.cpumap.bitmap, p);
        check_eq(case_name("cpupool info to %p", p), sysctl(XEN_SYSCTL_cpupool_op, &s), -XEN_EFAULT);
    }
}

static void other_limits(void)
{
    struct xen_domctl op = {.u.getpageframeinfo3.num = 1025};
    struct xen_sysctl s = {0};

    check_eq("frames' kinds beyond 1024", domctl(XEN_DOMCTL_getpageframeinfo3, child.id, &op), -XEN_E2BIG);
    op = (struct xen_domctl){.u.max_vcpus.max = 2};
    check_eq("more vCPUs than created for", domctl(XEN_DOMCTL_max_vcpus, child.id, &op), -XEN_EINVAL);
    op = (struct xen_domctl){.u.address_size.size = 16};
    check_eq("16 bits", domctl(XEN_DOMCTL_set_address_size, child.id, &op), -XEN_EINVAL);
    op = (struct xen_domctl){.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT};
    check_eq("another scheduler's parameters", domctl(XEN_DOMCTL_scheduler_op, child.id, &op), -XEN_EINVAL);
    op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
    op.u.scheduler_op.u.credit2.cap = 101;
    check_eq("a cap beyond its vCPU", domctl(XEN_DOMCTL_scheduler_op, child.id, &op), -XEN_EINVAL);
    op.u.scheduler_op.cmd = 77;
    check_eq("no such operation", domctl(XEN_DOMCTL_scheduler_op, child.id, &op), -XEN_EINVAL);
    op = (struct xen_domctl){.u.vcpuaffinity.flags = 0};
    check_eq("no kind of affinity", domctl(XEN_DOMCTL_setvcpuaffinity, child.id, &op), -XEN_EINVAL);
    op = (struct xen_domctl){.u.ioport_permission = {.first_port = 0xffff, .nr_ports = 2, .allow_access = 1}};
    check_eq("ports beyond the last", domctl(XEN_DOMCTL_ioport_permission, child.id, &op), -XEN_EINVAL);
    op = (struct xen_domctl){.u.ioport_permission = {.first_port = 0x20, .nr_ports = 1, .allow_access = 1}};
    check_eq("ports of the hypervisor", domctl(XEN_DOMCTL_ioport_permission, child.id, &op), -XEN_EPERM);
    op = (struct xen_domctl){.u.iomem_permission = {.first_mfn = ~0ul, .nr_mfns = 2, .allow_access = 1}};
    check_eq("frames that wrap", domctl(XEN_DOMCTL_iomem_permission, child.id, &op), -XEN_EINVAL);
    op = (struct xen_domctl){.u.iomem_permission = {.first_mfn = 0xfee00, .nr_mfns = 1, .allow_access = 1}};
    check_eq("frames of the hypervisor", domctl(XEN_DOMCTL_iomem_permission, child.id, &op), -XEN_EPERM);
    op = (struct xen_domctl){.u.irq_permission = {.pirq = ~0u, .allow_access = 1}};
    check_eq("no such interrupt", domctl(XEN_DOMCTL_irq_permission, child.id, &op), -XEN_EINVAL);
    op = (struct xen_domctl){.u.hypercall_init.gmfn = child.mfn[CHILD_L1]};
    check_error("a hypercall page in a page table", domctl(XEN_DOMCTL_hypercall_init, child.id, &op));
    op.u.hypercall_init.gmfn = ~0ul;
    check_error("a hypercall page nowhere", domctl(XEN_DOMCTL_hypercall_init, child.id, &op));
    op.u.hypercall_init.gmfn = mfn_of(page_alloc());
    check_error("a hypercall page of another", domctl(XEN_DOMCTL_hypercall_init, child.id, &op));
    op = (struct xen_domctl){.u.tsc_info.tsc_mode = 9};
    check_error("no such mode of the TSC", domctl(XEN_DOMCTL_settscinfo, child.id, &op));
    memset(&op, 0, sizeof(op));
    check_error("destroy oneself", domctl(XEN_DOMCTL_destroydomain, 0, &op));
    check_error("pause oneself", domctl(XEN_DOMCTL_pausedomain, 0, &op));
    check_error("an HVM context", domctl(XEN_DOMCTL_sethvmcontext, child.id, &op));
    s.u.cpupool_op.op = XEN_SYSCTL_CPUPOOL_OP_INFO;
    s.u.cpupool_op.cpupool_id = 1;
    check_eq("the pool after the last", sysctl(XEN_SYSCTL_cpupool_op, &s), -XEN_ENOENT);
    s = (struct xen_sysctl){.u.scheduler_op.cpupool_id = 9};
    check_eq("the scheduler of no pool", sysctl(XEN_SYSCTL_scheduler_op, &s), -XEN_ESRCH);
    s = (struct xen_sysctl){.u.cpu_policy.index = 99};
    check_eq("no such policy", sysctl(XEN_SYSCTL_get_cpu_policy, &s), -XEN_EINVAL);
}

static void policies(void)
{
    xen_cpuid_leaf_t leaf = {.leaf = 0x12345678, .subleaf = XEN_CPUID_NO_SUBLEAF};
    struct xen_domctl op = {.u.cpu_policy.nr_leaves = 1};

    set_xen_guest_handle(op.u.cpu_policy.leaves, &leaf);
    check_eq("a leaf of no CPU", domctl(XEN_DOMCTL_set_cpu_policy, child.id, &op), -XEN_ERANGE);
    check_hex("is named", op.u.cpu_policy.err_leaf, 0x12345678);
    leaf = (xen_cpuid_leaf_t){.leaf = 0, .subleaf = XEN_CPUID_NO_SUBLEAF, .a = 0xffffffff};
    op = (struct xen_domctl){.u.cpu_policy.nr_leaves = 1};
    set_xen_guest_handle(op.u.cpu_policy.leaves, &leaf);
    /* Refused, or cut to what there is: Xen's versions differ. */
    check_range("more leaves than the host has", domctl(XEN_DOMCTL_set_cpu_policy, child.id, &op), -4095, 0);
    op = (struct xen_domctl){.u.cpu_policy.nr_leaves = 0x10000000};
    set_xen_guest_handle(op.u.cpu_policy.leaves, &leaf);
    check_error("leaves without end", domctl(XEN_DOMCTL_set_cpu_policy, child.id, &op));
}

#define CONTEXT_FAULT(name, ...)                                                                                       \
    do {                                                                                                               \
        struct xen_domctl op_ = {0};                                                                                   \
        struct child c_;                                                                                               \
        child_create(&c_, 1);                                                                                          \
        child_populate(&c_);                                                                                           \
        child_context(&c_, 0, &context);                                                                               \
        __VA_ARGS__;                                                                                                   \
        set_xen_guest_handle(op_.u.vcpucontext.ctxt, &context);                                                        \
        check_error(name, domctl(XEN_DOMCTL_setvcpucontext, c_.id, &op_));                                             \
        check_eq("destroy", child_destroy(&c_), 0);                                                                    \
        check("gone", wait_gone(c_.id, 2000));                                                                         \
    } while (0)

static void contexts(void)
{
    static struct vcpu_guest_context context;
    const uint64_t wild = 0x8000000000000000ul;

    CONTEXT_FAULT("rip nowhere", context.user_regs.rip = wild);
    CONTEXT_FAULT("syscall callback nowhere", context.syscall_callback_eip = wild);
    CONTEXT_FAULT("fs base nowhere", context.fs_base = wild);
    CONTEXT_FAULT("a trap handler nowhere", context.trap_ctxt[14].address = wild);
    CONTEXT_FAULT("GDT beyond its end", context.gdt_ents = 0x10000);
    CONTEXT_FAULT("GDT nowhere", context.gdt_ents = 512; context.gdt_frames[0] = 0xfffffffff);
    CONTEXT_FAULT("GDT of another", context.gdt_ents = 512; context.gdt_frames[0] = mfn_of(page_alloc()));
    CONTEXT_FAULT("LDT not at a page", context.ldt_ents = 1; context.ldt_base = 1);
    CONTEXT_FAULT("table nowhere", context.ctrlreg[3] = 0xfffffffffful << 12);
    CONTEXT_FAULT("table of another", context.ctrlreg[3] = mfn_of(kernel_l4) << 12);
    CONTEXT_FAULT("table that is none", *(uint64_t *)child_map(0, c_.id, c_.mfn[CHILD_L4], PTE_KERNEL) = ~0ul;
                  child_unmap(0));
    CONTEXT_FAULT("user table nowhere", context.ctrlreg[1] = 0xfffffffffful << 12);
}

/* AVX without SSE is what XSETBV refuses: it must not come to that. */
static void extended_state(void)
{
    struct {
        uint64_t xcr0, components;
        uint8_t area[4096];
    } *state = pages_alloc(2);
    struct xen_domctl op = {0};

    check_eq("size of the extended state", domctl(XEN_DOMCTL_getvcpuextstate, child.id, &op), 0);
    if (op.u.vcpuextstate.size > sizeof(*state) || op.u.vcpuextstate.size < 16 + 576)
        return;
    set_xen_guest_handle(op.u.vcpuextstate.buffer, (uint64_t *)state);
    state->xcr0 = state->components = 5;
    check_error("AVX without SSE", domctl(XEN_DOMCTL_setvcpuextstate, child.id, &op));
    state->xcr0 = state->components = 1ul << 62 | 3;
    check_error("a component of no CPU", domctl(XEN_DOMCTL_setvcpuextstate, child.id, &op));
    state->xcr0 = 7;
    state->components = 3;
    check_error("on now, but never switched on", domctl(XEN_DOMCTL_setvcpuextstate, child.id, &op));
    state->xcr0 = state->components = 3;
    memset(state->area + 512, 0xff, 64);
    check_error("a header of ones", domctl(XEN_DOMCTL_setvcpuextstate, child.id, &op));
    child_start(&child);
    check_alive("bad extended states");
    memset(&op, 0, sizeof(op));
    check_eq("pause the child", domctl(XEN_DOMCTL_pausedomain, child.id, &op), 0);
}

static uint64_t seed = 0x1234567;

static uint64_t random_word(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/* Small numbers, flags and real pointers are met as well as noise. */
static uint64_t random_value(void *buffer)
{
    switch (random_word() % 6) {
    case 0:
        return random_word();
    case 1:
        return random_word() & 0xf;
    case 2:
        return 1ul << (random_word() & 63);
    case 3:
        return (uint64_t)buffer;
    case 4:
        return child.mfn[random_word() % CHILD_PAGES];
    default:
        return 0;
    }
}

static void random_contents(void)
{
    static const uint8_t commands[] = {
        XEN_DOMCTL_pausedomain,       XEN_DOMCTL_unpausedomain,       XEN_DOMCTL_getdomaininfo,
        XEN_DOMCTL_setvcpuaffinity,   XEN_DOMCTL_shadow_op,           XEN_DOMCTL_max_mem,
        XEN_DOMCTL_setvcpucontext,    XEN_DOMCTL_getvcpucontext,      XEN_DOMCTL_getvcpuinfo,
        XEN_DOMCTL_scheduler_op,      XEN_DOMCTL_setdomainhandle,     XEN_DOMCTL_iomem_permission,
        XEN_DOMCTL_ioport_permission, XEN_DOMCTL_hypercall_init,      XEN_DOMCTL_settimeoffset,
        XEN_DOMCTL_getvcpuaffinity,   XEN_DOMCTL_resumedomain,        XEN_DOMCTL_sendtrigger,
        XEN_DOMCTL_get_address_size,  XEN_DOMCTL_set_ext_vcpucontext, XEN_DOMCTL_get_ext_vcpucontext,
        XEN_DOMCTL_gettscinfo,        XEN_DOMCTL_getpageframeinfo3,   XEN_DOMCTL_setvcpuextstate,
        XEN_DOMCTL_getvcpuextstate,   XEN_DOMCTL_get_vcpu_msrs,       XEN_DOMCTL_set_vcpu_msrs,
        XEN_DOMCTL_get_cpu_policy,    XEN_DOMCTL_set_cpu_policy,
    };
    uint64_t *buffer = pages_alloc(4);

    for (unsigned i = 0; i < 3000; i++) {
        struct xen_domctl op;
        uint64_t *words = (uint64_t *)&op.u;

        for (unsigned j = 0; j < sizeof(op.u) / 8; j++)
            words[j] = random_value(buffer);
        for (unsigned j = 0; j < 4 * 512; j += 1 + random_word() % 64)
            buffer[j] = random_value(buffer);
        domctl(commands[random_word() % ARRAY_SIZE(commands)], child.id, &op);
    }
    check_alive("random domctls");
}

void guest_main(void)
{
    uint64_t before;

    child_create(&child, 1);
    child_populate(&child);
    child_build(&child, child_nothing, child_nothing_end);
    structures();
    no_domain();
    no_vcpu();
    bad_handles();
    other_limits();
    policies();
    extended_state();
    contexts();
    create_limits(); /* what the hypervisor keeps for later is taken once */
    before = free_pages();
    for (unsigned i = 0; i < 20; i++)
        create_limits();
    check_free_pages("free pages", before);
    random_contents();
    check_eq("destroy the child", child_destroy(&child), 0);
    check("it goes", wait_gone(child.id, 2000));
}
