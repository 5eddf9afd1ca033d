/* SPDX-License-Identifier: MIT
 *
 * Why: kernels and tools decide by xen_version, multicall and vm_assist what else they may use.
 * Trick: ask everything, also what does not exist.
 * Expect: the answers of Xen 4.17, and errors for the rest.
 */
#include "guest.h"
#include "memory.h"
#include "traps.h"

GUEST("version");

static union {
    char text[4096];
    uint64_t word;
    struct xen_platform_parameters platform;
    struct xen_feature_info feature;
    struct xen_compile_info compile;
    struct xen_build_id build;
} b __attribute__((aligned(4096)));

static bool filled_text(void)
{
    return b.text[0] >= ' ' && strlen(b.text) < 1024;
}

static void queries(void)
{
    check_eq("version", hv_xen_version(XENVER_version, NULL), 0x40011);
    check_eq("extraversion", hv_xen_version(XENVER_extraversion, &b), 0);
    check("extraversion is a text", b.text[0] == '.' && strlen(b.text) < sizeof(xen_extraversion_t));
    check_eq("compile_info", hv_xen_version(XENVER_compile_info, &b), 0);
    check("compile_info names a compiler", b.compile.compiler[0] >= ' ');
    memset(&b, 0, sizeof b);
    check_eq("capabilities", hv_xen_version(XENVER_capabilities, &b), 0);
    check("capabilities include 64-bit PV", strstr(b.text, "xen-3.0-x86_64") != NULL);
    check_eq("changeset", hv_xen_version(XENVER_changeset, &b), 0);
    check_eq("platform_parameters", hv_xen_version(XENVER_platform_parameters, &b), 0);
    check_hex("virt_start", b.platform.virt_start, HYPERVISOR_START);
    b.feature = (struct xen_feature_info){.submap_idx = 0};
    check_eq("get_features", hv_xen_version(XENVER_get_features, &b), 0);
    check_hex("features of dom0", b.feature.submap, 0x228f0);
    b.feature = (struct xen_feature_info){.submap_idx = 1};
    check_eq("get_features 1", hv_xen_version(XENVER_get_features, &b), -XEN_EINVAL);
    check_eq("pagesize", hv_xen_version(XENVER_pagesize, NULL), 4096);
    memset(&b, 0xff, sizeof b);
    check_eq("guest_handle", hv_xen_version(XENVER_guest_handle, &b), 0);
    check("guest_handle of dom0 is zero", b.word == 0);
    check_eq("commandline", hv_xen_version(XENVER_commandline, &b), 0);
    check("commandline is a text", filled_text());
    check_range("build_id size", hv_xen_version(XENVER_build_id, NULL), 8, 64);
    b.build.len = 64;
    check_range("build_id", hv_xen_version(XENVER_build_id, &b), 8, 64);
    b.build.len = 1;
    check_eq("build_id in a short buffer", hv_xen_version(XENVER_build_id, &b), -XEN_ENOBUFS);
    for (unsigned op = 11; op < 80; op += 17)
        check_eq(case_name("sub-op %u", op), hv_xen_version(op, &b), -XEN_ENOSYS);
    check_eq("sub-op 0xffffffff", hv_xen_version(0xffffffff, &b), -XEN_ENOSYS);
}

static void bad_pointers(void)
{
    static const unsigned ops[] = {1, 2, 3, 4, 5, 6, 8, 9};

    for (unsigned i = 0; i < ARRAY_SIZE(ops); i++)
        check_eq(case_name("sub-op %u with a bad pointer", ops[i]), hv_xen_version(ops[i], scratch_va(1)), -XEN_EFAULT);
}

static void no_such_hypercall(void)
{
    static const uint64_t numbers[] = {11, 47, 56, 63, 64, 100, 255, 256, 0x7fffffff, 0x80000000, ~0ul};

    for (unsigned i = 0; i < ARRAY_SIZE(numbers); i++)
        check_eq(case_name("hypercall %lu", numbers[i]), hypercall0(numbers[i]), -XEN_ENOSYS);
}

static void registers_kept(void)
{
    uint64_t rbx = 1, rbp_before, rbp_after, r12, r15;

    asm volatile(
        "mov %%rbp, %1; mov $0x11, %%ebx; mov $0x12, %%r12d; mov $0x15, %%r15d; mov $17, %%eax; xor %%edi, %%edi;"
        "xor %%esi, %%esi; syscall; mov %%rbp, %2; mov %%r12, %3; mov %%r15, %4"
        : "=b"(rbx), "=m"(rbp_before), "=m"(rbp_after), "=m"(r12), "=m"(r15)
        :
        : "rax", "rcx", "r11", "rdi", "rsi", "rdx", "r10", "r8", "r12", "r15", "memory");
    check("a hypercall keeps rbx, rbp, r12, r15", rbx == 0x11 && rbp_before == rbp_after && r12 == 0x12 && r15 == 0x15);
}

static multicall_entry_t calls[600];

static void multicalls(void)
{
    unsigned wrong = 0;

    check_eq("multicall of none", hv_multicall(calls, 0), 0);
    for (unsigned i = 0; i < 32; i++)
        calls[i] = (multicall_entry_t){.op = __HYPERVISOR_xen_version, .args = {XENVER_version, 0}};
    check_eq("multicall of 32", hv_multicall(calls, 32), 0);
    for (unsigned i = 0; i < 32; i++)
        wrong += (long)calls[i].result != 0x40011;
    check_eq("each has its result", wrong, 0);
    calls[1].args[0] = 77;
    calls[2].op = 63;
    check_eq("multicall with failing entries", hv_multicall(calls, 4), 0);
    check_eq("result 0", (long)calls[0].result, 0x40011);
    check_eq("result 1: no such sub-op", (long)calls[1].result, -XEN_ENOSYS);
    check_eq("result 2: no such hypercall", (long)calls[2].result, -XEN_ENOSYS);
    check_eq("result 3: those after it still ran", (long)calls[3].result, 0x40011);
    for (unsigned i = 0; i < 600; i++)
        calls[i] = (multicall_entry_t){.op = __HYPERVISOR_xen_version, .args = {XENVER_pagesize, 0}};
    check_eq("multicall of 600", hv_multicall(calls, 600), 0);
    for (unsigned i = 0; i < 600; i++)
        wrong += (long)calls[i].result != 4096;
    check_eq("all 600 ran", wrong, 0);
    /* A multicall inside a multicall is refused, or Xen would recurse on its stack. */
    calls[0] = (multicall_entry_t){.op = __HYPERVISOR_multicall, .args = {(uint64_t)&calls[10], 1}};
    check_eq("multicall in a multicall", hv_multicall(calls, 1), 0);
    report_note("inner multicall: %ld", (long)calls[0].result);
    check("the inner one is refused or does nothing wrong",
          (long)calls[0].result < 0 || (long)calls[10].result == 4096);
    check_eq("multicall of a bad list", hv_multicall(scratch_va(0), 1), -XEN_EFAULT);
}

static void multicall_continues(void)
{
    static struct mmu_update updates[400];
    uint64_t *entry = scratch_entry(9);
    uint32_t done = 0;

    for (unsigned i = 0; i < 400; i++)
        updates[i] = (struct mmu_update){machine_of(entry), i % 2 ? 0 : pte_make(mfn_of(calls), PTE_KERNEL)};
    for (unsigned i = 0; i < 40; i++)
        calls[i] = (multicall_entry_t){.op = __HYPERVISOR_mmu_update,
                                       .args = {(uint64_t)updates, 400, (uint64_t)&done, DOMID_SELF}};
    check_eq("multicall of 40 times 400 updates", hv_multicall(calls, 40), 0);
    for (unsigned i = 0; i < 40; i++)
        if (calls[i].result)
            case_failed("long entries", "entry %u: %ld", i, (long)calls[i].result);
    check_eq("the last was done whole", done, 400);
}

static void assists(void)
{
    static const unsigned known[] = {0, 1, 2, 3, 5};

    for (unsigned i = 0; i < ARRAY_SIZE(known); i++) {
        check_eq(case_name("vm_assist enable %u", known[i]), hv_vm_assist(VMASST_CMD_enable, known[i]), 0);
        check_eq(case_name("vm_assist disable %u", known[i]), hv_vm_assist(VMASST_CMD_disable, known[i]), 0);
    }
    check_eq("vm_assist of no such type", hv_vm_assist(VMASST_CMD_enable, 31), -XEN_EINVAL);
    check_eq("vm_assist of a huge type", hv_vm_assist(VMASST_CMD_enable, 0x1000), -XEN_EINVAL);
    check_eq("vm_assist of no such command", hv_vm_assist(9, 0), -XEN_ENOSYS);
}

static void console(void)
{
    char text[] = "# a line written by console_io\n", in[8];

    check_eq("console write", hv_console_io(CONSOLEIO_write, sizeof text - 1, text), 0);
    check_eq("console write of nothing", hv_console_io(CONSOLEIO_write, 0, text), 0);
    check_range("console read", hv_console_io(CONSOLEIO_read, sizeof in, in), 0, sizeof in);
    check_eq("console write from a bad pointer", hv_console_io(CONSOLEIO_write, 4, scratch_va(0)), -XEN_EFAULT);
    check_error("console command 9", hv_console_io(9, 4, text));
}

static void refused(void)
{
    /* Removed or privileged-elsewhere interfaces: an error, nothing worse. */
    check_error("sched_op without a sub-op", hv_sched_op(99, NULL));
    check_error("callback_op 9", hv_callback_op(9, NULL));
    check_error("xenpmu_op", hypercall2(__HYPERVISOR_xenpmu_op, 0, &b));
    check_error("vcpu_op 99", hv_vcpu_op(99, 0, NULL));
    check_eq("vcpu_op of no vcpu", hv_vcpu_op(VCPUOP_is_up, 8191, NULL), -XEN_ENOENT);
    check_eq("vcpu_op is_up of this vcpu", hv_vcpu_op(VCPUOP_is_up, 0, NULL), 1);
    check_error("set_segment_base 9", hv_set_segment_base(9, 0));
    check_error("physdev_op 99", hv_physdev_op(99, &b));
    check_error("mmuext_op with a bad list", hv_mmuext_op(scratch_va(0), 1, NULL, DOMID_SELF));
}

void guest_main(void)
{
    queries();
    bad_pointers();
    no_such_hypercall();
    registers_kept();
    multicalls();
    multicall_continues();
    assists();
    console();
    refused();
}
