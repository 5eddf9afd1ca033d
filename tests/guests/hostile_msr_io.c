/* SPDX-License-Identifier: MIT
 *
 * Why: MSRs and ports that belong to the hypervisor would give away or break the machine.
 * Trick: all interesting MSRs and every port of the hypervisor's devices, by each kind of instruction, also with IOPL 3
 * and an I/O bitmap from user mode.
 * Expect: #GP, or the value is ignored and stays what it was; reads of foreign ports give ones; the machine lives.
 */
#include "clock.h"
#include "guest.h"
#include "memory.h"
#include "traps.h"
#include "user.h"

GUEST("hostile_msr_io");

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

static const struct {
    const char *name;
    uint32_t number;
    uint64_t value;
} msrs[] = {
    {"LSTAR", 0xc0000082, 0x4000},
    {"CSTAR", 0xc0000083, 0x4000},
    {"STAR", 0xc0000081, 0},
    {"SYSCALL_MASK", 0xc0000084, 0},
    {"EFER without LME", 0xc0000080, 0},
    {"EFER with SVME", 0xc0000080, 0x1d01},
    {"SYSENTER_CS", 0x174, 8},
    {"SYSENTER_ESP", 0x175, 0x4000},
    {"SYSENTER_EIP", 0x176, 0x4000},
    {"APIC_BASE", 0x1b, 0xfee00000},
    {"APIC_BASE elsewhere", 0x1b, 0x100900},
    {"PAT", 0x277, 0},
    {"MTRR default", 0x2ff, 0},
    {"MTRR base 0", 0x200, 6},
    {"MTRR fixed", 0x250, 0},
    {"DEBUGCTL", 0x1d9, 2},
    {"TSC", 0x10, 0},
    {"TSC deadline", 0x6e0, 1},
    {"x2APIC ICR", 0x830, 0x000c4500},
    {"x2APIC EOI", 0x80b, 0},
    {"x2APIC timer", 0x838, 1},
    {"VM_HSAVE_PA", 0xc0010117, 0x1000},
    {"VM_CR", 0xc0010114, 0},
    {"SYSCFG", 0xc0010010, 0},
    {"SMM base", 0xc0010111, 0x30000},
    {"SPEC_CTRL", 0x48, 0xff},
    {"FEATURE_CONTROL", 0x3a, 5},
    {"hypercall page", 0x40000000, 0},
    {"MISC_ENABLE", 0x1a0, 0},
    {"XSS", 0xda0, ~0ul},
    {"PLATFORM_INFO", 0xce, 0},
    {"MCG_CTL", 0x17b, 0},
    {"KERNEL_GS non-canonical", 0xc0000102, 0x8000000000000000ul},
    {"GS non-canonical", 0xc0000101, 0x0000800000000000ul},
    {"unknown", 0xc0011fff, 1},
    {"unknown high", 0xffffffff, 1},
};

static void model_specific(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(msrs); i++) {
        uint64_t before, after;
        int readable = rdmsr(msrs[i].number, &before), ret = wrmsr(msrs[i].number, msrs[i].value);

        rdmsr(msrs[i].number, &after);
        /* The TSC runs on by itself. */
        if (ret == TRAP_NONE && readable == TRAP_NONE && msrs[i].number != 0x10)
            check(case_name("wrmsr %s is ignored", msrs[i].name), after == before);
        else
            check(case_name("wrmsr %s", msrs[i].name), ret == TRAP_GP || ret == TRAP_NONE);
        check_alive(msrs[i].name);
    }
    check("system calls still enter the hypervisor", hv_xen_version(XENVER_pagesize, NULL) == 4096);
}

static void every_number(void)
{
    static const uint32_t start[] = {0, 0x170, 0x200, 0x400, 0x800, 0xc0000080, 0xc0010000, 0xc0010110, 0x40000000};
    unsigned odd = 0, gp = 0;

    for (unsigned r = 0; r < ARRAY_SIZE(start); r++)
        for (uint32_t n = start[r]; n < start[r] + 0x90; n++) {
            uint64_t v;
            int trap = rdmsr(n, &v);

            odd += trap != TRAP_NONE && trap != TRAP_GP;
            gp += trap == TRAP_GP;
        }
    check_eq("reads of 1296 MSRs give a value or #GP", odd, 0);
    check("most give #GP", gp > 600);
}

static void set_iopl(unsigned level)
{
    struct physdev_set_iopl op = {.iopl = level};

    hv_physdev_op(PHYSDEVOP_set_iopl, &op);
}

/* The hypervisor's: interrupt controllers, COM1, PM timer.  Reads give ones (or one less: Haven's answer for the PM
 * timer, see privop.c), writes go nowhere. */
static const uint16_t foreign_ports[] = {0x20,  0x21,  0xa0,  0xa1,  0x3f8, 0x3f9, 0x3fa,
                                         0x3fb, 0x3fc, 0x3fd, 0x3ff, 0x608, 0x60b};

static void ports(void)
{
    set_iopl(1);
    for (unsigned i = 0; i < ARRAY_SIZE(foreign_ports); i++) {
        uint32_t v = 0;
        uint16_t port = foreign_ports[i];

        TRY("inb %%dx, %%al", : "+a"(v) : "d"(port));
        check(case_name("read port 0x%x", port), trap_seen.vector == TRAP_GP || (v & 0xff) >= 0xfe);
        TRY("outb %%al, %%dx", : : "a"(0), "d"(port));
        check(case_name("write port 0x%x", port), trap_seen.vector == TRAP_GP || trap_seen.vector == TRAP_NONE);
        /* A wide access that begins in a port of dom0's and ends in a foreign one. */
        TRY("inl %%dx, %%eax", : "+a"(v) : "d"((uint16_t)(port - 3)));
        check(case_name("wide read across port 0x%x", port),
              trap_seen.vector == TRAP_GP || trap_seen.vector == TRAP_NONE);
        TRY("outl %%eax, %%dx", : : "a"(0), "d"((uint16_t)(port - 3)));
        check_alive("foreign port");
    }
    TRY("inl %%dx, %%eax", : : "d"((uint16_t)0xffff) : "rax");
    check("wide read at the last port", trap_seen.vector == TRAP_GP || trap_seen.vector == TRAP_NONE);
    set_iopl(0);
    console_write("# the console still writes\n", 27);
}

USER_CODE("user_port", "mov %edi, %edx; in %dx, %al; ud2");
USER_CODE("user_out", "mov %edi, %edx; xor %eax, %eax; out %al, %dx; ud2");
extern char user_port[], user_out[];
static uint8_t bitmap[8192] __attribute__((aligned(4096)));

static void user_ports(void)
{
    struct physdev_set_iobitmap io = {.nr_ports = 65536};
    struct trap_frame u;

    for (unsigned pass = 0; pass < 2; pass++) {
        if (pass == 0) {
            set_iopl(3);
        } else {
            set_xen_guest_handle(io.bitmap, bitmap);
            hv_physdev_op(PHYSDEVOP_set_iobitmap, &io);
        }
        for (unsigned i = 0; i < ARRAY_SIZE(foreign_ports); i++) {
            int vector;

            memset(&u, 0, sizeof u);
            u.rip = user_va(user_port);
            u.rdi = foreign_ports[i];
            vector = user_run(&u);
            check(case_name("user read of port 0x%x with %s", foreign_ports[i], pass ? "a bitmap" : "IOPL 3"),
                  vector == TRAP_GP || (vector == TRAP_UD && (u.rax & 0xff) >= 0xfe));
            memset(&u, 0, sizeof u);
            u.rip = user_va(user_out);
            u.rdi = foreign_ports[i];
            vector = user_run(&u);
            check_alive("user port write");
        }
        set_iopl(0);
    }
    memset(bitmap, 0xff, sizeof bitmap);
    /* A bitmap that lies about its size, or where there is nothing. */
    set_xen_guest_handle(io.bitmap, (uint8_t *)HYPERVISOR_START);
    check_range("bitmap in the hypervisor", hv_physdev_op(PHYSDEVOP_set_iobitmap, &io), -4095, 0);
    check_eq("is not read", user_run_code(user_port, &u), TRAP_GP);
    set_xen_guest_handle(io.bitmap, (uint8_t *)scratch_va(0));
    check_range("bitmap in nothing", hv_physdev_op(PHYSDEVOP_set_iobitmap, &io), -4095, 0);
    check_eq("is not read", user_run_code(user_port, &u), TRAP_GP);
    io.nr_ports = 0;
    hv_physdev_op(PHYSDEVOP_set_iobitmap, &io);
}

static void platform_timer(void)
{
    uint64_t before = clock_ns();
    struct sched_poll poll = {.timeout = before + 50000000};

    hv_sched_op(SCHEDOP_poll, &poll);
    check("time goes on after all that", clock_ns() >= before + 49000000);
}

static void configuration_space(void)
{
    uint32_t v = 0;

    set_iopl(1);
    /* Writes to registers that do not exist, and odd widths: only survival counts. */
    for (unsigned reg = 0; reg < 0x100; reg += 0x10) {
        TRY("outl %%eax, %%dx", : : "a"(0x80fff800u | reg), "d"(0xcf8));
        TRY("outl %%eax, %%dx", : : "a"(0), "d"(0xcfc));
        TRY("inl %%dx, %%eax", : "=a"(v) : "d"(0xcfc));
        if (trap_seen.vector == TRAP_NONE && v != 0xffffffff)
            case_failed("absent PCI function reads ones", "register 0x%x: 0x%x", reg, v);
    }
    TRY("outb %%al, %%dx", : : "a"(0), "d"(0xcfb));
    TRY("inw %%dx, %%ax", : "=a"(v) : "d"(0xcfb));
    TRY("outl %%eax, %%dx", : : "a"(0), "d"(0xcf8));
    set_iopl(0);
    case_ok("PCI configuration ports");
    check_alive("PCI configuration ports");
}

void guest_main(void)
{
    user_init();
    model_specific();
    every_number();
    ports();
    user_ports();
    platform_timer();
    configuration_space();
}
