/* SPDX-License-Identifier: MIT
 *
 * Why: a PV kernel runs in ring 3, so each privileged instruction that it keeps traps and is emulated.
 * Trick: TRY shows whether an instruction completed, and what it read.
 * Expect: the instructions that real kernels use work as the ABI says; all others raise #GP in the guest.
 */
#include "clock.h"
#include "events.h"
#include "guest.h"
#include "memory.h"
#include "traps.h"
#include "user.h"

GUEST("privop");

struct regs4 {
    uint32_t a, b, c, d;
};

static struct regs4 cpuid_forced(uint32_t leaf, uint32_t sub)
{
    struct regs4 r;

    asm volatile(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e; cpuid"
                 : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d)
                 : "a"(leaf), "c"(sub));
    return r;
}

static struct regs4 cpuid_native(uint32_t leaf, uint32_t sub)
{
    struct regs4 r;

    asm volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "a"(leaf), "c"(sub));
    return r;
}

static void cpuid_leaves(void)
{
    struct regs4 r = cpuid_forced(0, 0), n = cpuid_native(0, 0);
    uint64_t cr4;

    check("vendor as native", r.b == n.b && r.c == n.c && r.d == n.d);
    check("highest leaf", r.a >= 0xd);
    r = cpuid_forced(1, 0);
    check("hypervisor bit", r.c >> 31);
    check("no VME, PSE, MCE kept, no PGE", !(r.d & (1 << 1 | 1 << 3 | 1 << 13)) && r.d & 1 << 7);
    check("no SYSENTER hint, no MONITOR, no X2APIC, no PCID",
          !(r.d & 1 << 11) && !(r.c & (1 << 3 | 1 << 21 | 1 << 17)));
    asm volatile("mov %%cr4, %0" : "=r"(cr4));
    asm volatile("mov %0, %%cr4" : : "r"(cr4 | 1ul << 18));
    check("OSXSAVE follows CR4", cpuid_forced(1, 0).c & 1 << 27);
    r = cpuid_forced(7, 0);
    check("no SMEP, SMAP, INVPCID, PKU", !(r.b & (1 << 7 | 1 << 20 | 1 << 10)) && !(r.c & 1 << 3));
    r = cpuid_forced(0xd, 0);
    check("XSAVE area: x87, SSE, AVX at most", !(r.a & ~7u) && !r.d && r.c <= 0x340);
    check("XSAVE: no supervisor states", !(cpuid_forced(0xd, 1).a & 8));
    r = cpuid_forced(0x80000001, 0);
    check("long mode, SYSCALL, NX", r.d & 1 << 29 && r.d & 1 << 11 && r.d & 1 << 20);
    check("no SVM, no 1 GiB pages", !(r.c & 4) && !(r.d & 1 << 26));
    r = cpuid_forced(0x40000000, 0);
    check("XenVMMXenVMM", r.b == 0x566e6558 && r.c == 0x65584d4d && r.d == 0x4d4d566e && r.a >= 0x40000004);
    check_hex("version leaf", cpuid_forced(0x40000001, 0).a, 0x40011);
    check("KVM's place is empty", cpuid_forced(0x40000100, 0).b == 0);
    check_eq("cpuid of the last leaf and beyond", (cpuid_forced(0x7fffffff, 0), cpuid_forced(~0u, ~0u), 0), 0);
}

static int rdmsr(uint32_t msr, uint64_t *value)
{
    uint32_t low = 0, high = 0;
    int trap = TRY("rdmsr", : "+a"(low), "+d"(high) : "c"(msr));

    *value = low | (uint64_t)high << 32;
    return trap;
}

static int wrmsr(uint32_t msr, uint64_t value)
{
    return TRY("wrmsr", : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

static void msrs(void)
{
    static uint64_t data[2] = {0x77, 0x88};
    uint64_t v = 0;

    check_eq("wrmsr GS_BASE", wrmsr(0xc0000101, (uint64_t)data), TRAP_NONE);
    asm volatile("movq %%gs:8, %0" : "=r"(v));
    check_hex("is in force", v, 0x88);
    rdmsr(0xc0000101, &v);
    check_hex("rdmsr GS_BASE", v, (uint64_t)data);
    check_eq("wrmsr FS_BASE", wrmsr(0xc0000100, (uint64_t)data), TRAP_NONE);
    asm volatile("movq %%fs:0, %0" : "=r"(v));
    check_hex("is in force", v, 0x77);
    hv_set_segment_base(SEGBASE_GS_USER, 0x123450);
    check_eq("rdmsr KERNEL_GS_BASE", rdmsr(0xc0000102, &v), TRAP_NONE);
    check_hex("is the user's base", v, 0x123450);
    check_eq("wrmsr KERNEL_GS_BASE", wrmsr(0xc0000102, 0x543210), TRAP_NONE);
    rdmsr(0xc0000102, &v);
    check_hex("is read back", v, 0x543210);
    check_eq("wrmsr of a non-canonical base", wrmsr(0xc0000100, 0x8000000000000000ul), TRAP_GP);
    check_eq("rdmsr APIC_BASE", rdmsr(0x1b, &v), TRAP_NONE);
    check_hex("is the usual address", v & 0xfffff000, 0xfee00000);
    check_eq("rdmsr PAT", rdmsr(0x277, &v), TRAP_NONE);
    check_hex("is the ABI's", v, 0x50100070406ul);
    check_eq("rdmsr EFER", rdmsr(0xc0000080, &v), TRAP_NONE);
    check_hex("EFER: LME, LMA, SCE", v & 0x501, 0x501);
    check_eq("wrmsr TSC_AUX", wrmsr(0xc0000103, 0), TRAP_NONE);
    check_eq("rdmsr MCG_CAP", rdmsr(0x179, &v), TRAP_NONE);
    check_eq("rdmsr of an unknown one", rdmsr(0xdead, &v), TRAP_GP);
    check_eq("wrmsr of an unknown one", wrmsr(0xdead, 1), TRAP_GP);
    hv_set_segment_base(SEGBASE_FS, 0);
}

static void control_registers(void)
{
    uint64_t v = 0, cr0, cr4;

    check_eq("read CR0", TRY("mov %%cr0, %0", : "=r"(cr0)), TRAP_NONE);
    check_hex("CR0: PG, WP, NE, PE", cr0 & 0x80010021, 0x80010021);
    check_eq("set CR0.TS", TRY("mov %0, %%cr0", : : "r"(cr0 | 8)), TRAP_NONE);
    TRY("fninit", :);
    check_trap("then x87 is #NM", TRAP_NM);
    hypercall1(__HYPERVISOR_fpu_taskswitch, 1);
    check_eq("clts", TRY("clts", :), TRAP_NONE);
    TRY("fninit", :);
    check_trap("then x87 runs", TRAP_NONE);
    check_eq("clear CR0.PG", TRY("mov %0, %%cr0", : : "r"(cr0 & ~(1ul << 31))), TRAP_GP);
    check_eq("clear CR0.WP", TRY("mov %0, %%cr0", : : "r"(cr0 & ~(1ul << 16))), TRAP_GP);
    try_read64(scratch_va(7), NULL);
    check_eq("read CR2", TRY("mov %%cr2, %0", : "=r"(v)), TRAP_NONE);
    check_hex("is that of the last page fault", v, (uint64_t)scratch_va(7));
    check_eq("write CR2", TRY("mov %0, %%cr2", : : "r"(0x5678ul)), TRAP_NONE);
    check_hex("is shared", vcpu_info_of(0)->arch.cr2, 0x5678);
    check_eq("read CR3", TRY("mov %%cr3, %0", : "=r"(v)), TRAP_NONE);
    check_hex("is the machine address of the table", v, mfn_of(kernel_l4) << 12);
    check_eq("write CR3", TRY("mov %0, %%cr3", : : "r"(v)), TRAP_NONE);
    check_eq("write CR3 with no table", TRY("mov %0, %%cr3", : : "r"(mfn_of(page_alloc()) << 12)), TRAP_GP);
    check_eq("read CR4", TRY("mov %%cr4, %0", : "=r"(cr4)), TRAP_NONE);
    check_hex("CR4: PAE, no VMXE", cr4 & (1 << 5 | 1 << 13), 1 << 5);
    check_eq("write CR4.FSGSBASE", TRY("mov %0, %%cr4", : : "r"(cr4 | 1 << 16)), TRAP_NONE);
    check_eq("RDFSBASE works", TRY("rdfsbase %0", : "=r"(v)), TRAP_NONE);
    TRY("mov %0, %%cr4", : : "r"(cr4 & ~(1ul << 5)));
    asm volatile("mov %%cr4, %0" : "=r"(v));
    check_hex("CR4.PAE stays whatever is written", v & 1 << 5, 1 << 5);
    check_eq("read CR8", TRY("mov %%cr8, %0", : "=r"(v)), TRAP_GP);
    check_eq("write CR8", TRY("mov %0, %%cr8", : : "r"(0ul)), TRAP_GP);
}

static void debug_registers(void)
{
    uint64_t v = 0;

    check_eq("write DR0", TRY("mov %0, %%dr0", : : "r"(0x4000ul)), TRAP_NONE);
    check_eq("read DR0", TRY("mov %%dr0, %0", : "=r"(v)), TRAP_NONE);
    check_hex("is what was written", v, 0x4000);
    check_eq("read DR7", TRY("mov %%dr7, %0", : "=r"(v)), TRAP_NONE);
    TRY("mov %0, %%dr0", : : "r"(HYPERVISOR_START + 0x1000));
    check("DR0 with an address of the hypervisor is refused",
          trap_seen.vector == TRAP_GP || hv_get_debugreg(0) == 0x4000);
    check_error("set_debugreg with it", hv_set_debugreg(0, HYPERVISOR_START + 0x1000));
    check_error("set_debugreg 7 with general detect",
                hv_set_debugreg(7, 1 << 13) ?: (hv_get_debugreg(7) & 1 << 13 ? 0 : -1));
    check_error("set_debugreg 4", hv_set_debugreg(4, 0) ?: -1); /* an alias of 6, or refused */
    check_error("set_debugreg 8", hv_set_debugreg(8, 0));
    hv_set_debugreg(0, 0);
    hv_set_debugreg(7, 0x400);
}

USER_CODE("user_in80", "mov $0x80, %edx; in %dx, %al; ud2");
USER_CODE("user_cli2", "cli; sti; ud2");
extern char user_in80[], user_cli2[];

static long set_iopl(unsigned level)
{
    struct physdev_set_iopl op = {.iopl = level};

    return hv_physdev_op(PHYSDEVOP_set_iopl, &op);
}

static uint8_t bitmap[8192] __attribute__((aligned(4096)));

static void ports(void)
{
    struct physdev_set_iobitmap io = {.nr_ports = 65536};
    uint32_t value = 0;
    struct trap_frame u;

    check_eq("IOPL 0: in", TRY("inb $0x80, %%al", : : : "rax"), TRAP_GP);
    check_eq("IOPL 0: cli", TRY("cli", :), TRAP_GP);
    check_eq("set_iopl 4", set_iopl(4), -XEN_EINVAL);
    check_eq("set_iopl 1", set_iopl(1), 0);
    check_eq("IOPL 1: in", TRY("inb $0x80, %%al", : : : "rax"), TRAP_NONE);
    check_eq("IOPL 1: out", TRY("outb %%al, $0x80", : : "a"(0x5a)), TRAP_NONE);
    events_on();
    check_eq("IOPL 1: cli", TRY("cli", :), TRAP_NONE);
    check_eq("cli does not mask events", vcpu_info_of(0)->evtchn_upcall_mask, 0);
    events_off();
    check_eq("IOPL 1: sti", TRY("sti", :), TRAP_NONE);
    check_eq("sti does not unmask events", vcpu_info_of(0)->evtchn_upcall_mask, 1);
    check_eq("IOPL 1: user in", user_run_code(user_in80, &u), TRAP_GP);
    TRY("outl %%eax, %%dx", : : "a"(0x80000000), "d"(0xcf8));
    check_trap("configuration address", TRAP_NONE);
    TRY("inl %%dx, %%eax", : "=a"(value) : "d"(0xcfc));
    check("configuration data: the host bridge has a vendor",
          trap_seen.vector == TRAP_NONE && (value & 0xffff) == 0x8086);
    TRY("inw %%dx, %%ax", : "=a"(value) : "d"(0xcfe), "a"(0));
    check("configuration data: part of a register", (value & 0xffff) != 0 && (value & 0xffff) != 0xffff);
    TRY("inb %%dx, %%al", : "+a"(value) : "d"(0x3f8));
    check_hex("COM1 belongs to the hypervisor: reads ones", value & 0xff, 0xff);
    TRY("inl %%dx, %%eax", : "=a"(value) : "d"(0x608));
    /* Xen answers ones; Haven counts backwards from there, which kernels give up on sooner. */
    check("PM timer belongs to the hypervisor: reads ones", value >= 0xfffffffe);
    TRY("outb %%al, $0x70; inb $0x71, %%al", : "=a"(value) : "a"(0xd));
    check_trap("the clock chip", TRAP_NONE);
    check_eq("set_iopl 3", set_iopl(3), 0);
    check_eq("IOPL 3: user in", user_run_code(user_in80, &u), TRAP_UD);
    check_eq("IOPL 3: user cli, sti", user_run_code(user_cli2, &u), TRAP_UD);
    check_eq("set_iopl 0", set_iopl(0), 0);
    memset(bitmap, 0xff, sizeof bitmap);
    bitmap[0x80 / 8] &= (uint8_t) ~(1u << (0x80 % 8));
    set_xen_guest_handle(io.bitmap, bitmap);
    check_eq("set_iobitmap", hv_physdev_op(PHYSDEVOP_set_iobitmap, &io), 0);
    check_eq("a clear bit allows the port to user mode", user_run_code(user_in80, &u), TRAP_UD);
    bitmap[0x80 / 8] = 0xff;
    check_eq("a set bit refuses it", user_run_code(user_in80, &u), TRAP_GP);
    io.nr_ports = 65537;
    check_eq("too many ports", hv_physdev_op(PHYSDEVOP_set_iobitmap, &io), -XEN_EINVAL);
    io.nr_ports = 0;
    hv_physdev_op(PHYSDEVOP_set_iobitmap, &io);
    check_eq("no bitmap refuses", user_run_code(user_in80, &u), TRAP_GP);
}

static void string_ports(void)
{
    uint8_t text[4] = {1, 2, 3, 4}, in[4] = {9, 9, 9, 9};
    const uint8_t *from = text;
    uint8_t *to = in;
    uint64_t n = 4;

    set_iopl(1);
    TRY("rep outsb", : "+S"(from), "+c"(n) : "d"(0x80) : "memory");
    check("rep outsb", trap_seen.vector == TRAP_NONE && n == 0 && from == text + 4);
    n = 4;
    TRY("rep insb", : "+D"(to), "+c"(n) : "d"(0x3f8) : "memory");
    check("rep insb of a foreign port gives ones",
          trap_seen.vector == TRAP_NONE && n == 0 && in[0] == 0xff && in[3] == 0xff);
    to = scratch_va(0);
    n = 1;
    TRY("rep insb", : "+D"(to), "+c"(n) : "d"(0x80) : "memory");
    check_trap_error("insb to nothing is #PF", TRAP_PF, PF_WRITE);
    set_iopl(0);
}

static void forbidden(void)
{
    static uint8_t descriptor[16];
    uint64_t flags;

    check_eq("lgdt", TRY("lgdt %0", : : "m"(descriptor)), TRAP_GP);
    check_eq("lidt", TRY("lidt %0", : : "m"(descriptor)), TRAP_GP);
    check_eq("lldt", TRY("lldt %0", : : "r"((uint16_t)0)), TRAP_GP);
    check_eq("ltr", TRY("ltr %0", : : "r"((uint16_t)8)), TRAP_GP);
    check_eq("lmsw", TRY("lmsw %0", : : "r"((uint16_t)0)), TRAP_GP);
    check_eq("hlt: kernels block by sched_op", TRY("hlt", :), TRAP_GP);
    check_eq("swapgs", TRY("swapgs", :), TRAP_GP);
    check_eq("sysretq", TRY("sysretq", : : "c"(0), "r"(0)), TRAP_GP);
    TRY("invlpg (%0)", : : "r"(descriptor));
    check("invlpg is refused or emulated", trap_seen.vector == TRAP_GP || trap_seen.vector == TRAP_NONE);
    TRY("wbinvd", :);
    check_trap("wbinvd of dom0 is done", TRAP_NONE);
    check("invd is not", TRY("invd", :) == TRAP_GP || trap_seen.vector == TRAP_NONE);
    check_eq("rdtsc is native", TRY("rdtsc", : : : "rax", "rdx"), TRAP_NONE);
    check_eq("popf that clears IF and sets IOPL passes", TRY("pushq $0x3002; popfq", : : : "memory", "cc"), TRAP_NONE);
    asm volatile("pushfq; pop %0" : "=r"(flags));
    check_hex("and changes neither", flags & 0x3200, 0x200);
}

void guest_main(void)
{
    user_init();
    cpuid_leaves();
    msrs();
    control_registers();
    debug_registers();
    ports();
    string_ports();
    forbidden();
}
