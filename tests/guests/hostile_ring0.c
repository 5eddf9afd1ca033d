/* SPDX-License-Identifier: MIT
 *
 * Why: whoever returns to ring 0, or with the wrong flags, owns the machine.
 * Trick: iret frames, selectors, callbacks and flags that no honest kernel would use; the classic non-canonical return.
 * Expect: the hypervisor forces ring 3, clears dangerous flags or gives the fault back to this guest, and lives.
 */
#include "events.h"
#include "guest.h"
#include "memory.h"
#include "traps.h"
#include "user.h"
#include "vcpu.h"

GUEST("hostile_ring0");

/* Lands here after a made-up return: shows CS and flags as they really are, then leaves. */
asm(".pushsection .text\n.globl landing\nlanding: mov %cs, %ecx; pushfq; pop %rdx; int3\n.popsection");
extern char landing[];

/* A part of vCPU 0's area that nothing else reaches, so that vcpu_id() works on it. */
#define LANDING_STACK ((uint64_t)vcpu_stacks[0] + 0x3000)

static int go(struct trap_frame *f, uint64_t cs, uint64_t ss, uint64_t flags, uint64_t iret_flags)
{
    memset(f, 0, sizeof *f);
    f->rip = (uint64_t)landing;
    f->cs = (uint32_t)cs;
    f->ss = ss;
    f->rsp = LANDING_STACK;
    f->rflags = flags;
    f->error_code = iret_flags;
    return context_run(f);
}

static bool is_fault(int vector)
{
    return vector == TRAP_GP || vector == TRAP_NP || vector == TRAP_SS || vector == TRAP_TS || vector == TRAP_PF ||
           vector == TRAP_FAILSAFE || vector == TRAP_UD;
}

/* Not 0xe020, the flat 32-bit code segment: it is legal, and 64-bit code dies of it by right. */
static void selectors(void)
{
    static const uint64_t cs[] = {0x00,   0x01,   0x02,   0x08,   0x10,   0x18,   0x20,   0x28,
                                  0xe008, 0xe010, 0xe011, 0xe018, 0xe028, 0xe029, 0xe02a, 0xe030,
                                  0xe031, 0xe032, 0xe038, 0xe040, 0xe048, 0xe050, 0xe060, 0xe070,
                                  0xe080, 0xe0f0, 0xfff0, 0xfff8, 0xfffc, 0x0004, 0xe034};
    struct trap_frame f;

    for (unsigned i = 0; i < ARRAY_SIZE(cs); i++) {
        int vector = go(&f, cs[i] & ~3ul, FLAT_KERNEL_SS, 0x202, 0);

        if (vector == TRAP_BP && (f.rcx & 3) == 3)
            case_ok(case_name("return to CS 0x%lx lands in ring 3", cs[i]));
        else
            check(case_name("return to CS 0x%lx is a fault of the guest", cs[i]), is_fault(vector));
        vector = go(&f, FLAT_KERNEL_CS & ~3u, cs[i], 0x202, 0);
        check(case_name("return with SS 0x%lx", cs[i]), (vector == TRAP_BP && (f.rcx & 3) == 3) || is_fault(vector));
        check_alive("selectors");
    }
}

static void flags(void)
{
    static const struct {
        const char *name;
        uint64_t set, forbidden;
    } cases[] = {{"IOPL 3", 0x3000, 0x3000},
                 {"IOPL 1", 0x1000, 0x3000},
                 {"VM", 0x20000, 0x20000},
                 {"VIF, VIP", 0x180000, 0x20000},
                 {"NT", 0x4000, 0},
                 {"AC", 0x40000, 0},
                 {"ID", 0x200000, 0},
                 {"all ones", 0xffffffffffffeffful & ~0x100ul, 0x23000},
                 {"none", 0, 0}};
    struct trap_frame f;

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        for (unsigned syscall = 0; syscall < 2; syscall++) {
            int vector = go(&f, FLAT_KERNEL_CS & ~3u, FLAT_KERNEL_SS, cases[i].set, syscall ? VGCF_in_syscall : 0);

            check(case_name("kernel flags %s by %s", cases[i].name, syscall ? "sysret" : "iret"),
                  (vector == TRAP_BP && !(f.rdx & cases[i].forbidden) && f.rdx & 0x200) || is_fault(vector) ||
                      vector == TRAP_DB);
            vector = TRY("inb $0x80, %%al", : : : "rax");
            check_eq(case_name("ports stay shut after %s", cases[i].name), vector, TRAP_GP);
        }
    }
    asm volatile("pushq $2; popfq" : : : "memory", "cc");
    check_alive("flags");
}

USER_CODE("user_flags", "pushfq; pop %rdx; mov %cs, %ecx; ud2");
extern char user_flags[];

static void user_with_flags(void)
{
    static const uint64_t set[] = {0x3202, 0x2, 0x4202, 0x40202, 0x20202, 0x1b7ed7 & ~0x100};
    struct trap_frame f;

    for (unsigned i = 0; i < ARRAY_SIZE(set); i++) {
        int vector;

        memset(&f, 0, sizeof f);
        f.rip = user_va(user_flags);
        f.rflags = set[i];
        vector = user_run(&f);
        check(case_name("user with flags 0x%lx", set[i]),
              (vector == TRAP_UD && !(f.rdx & 0x23000) && f.rdx & 0x200 && (f.rcx & 3) == 3) || is_fault(vector));
    }
}

static void bad_rip(void)
{
    static const uint64_t rip[] = {
        0x0000800000000000ul, 0x8000000000000000ul, 0xffff7ffffffffffful, 0xfffffffffffffffful,
        HYPERVISOR_START,     0xffff82d040200000ul, 0xffff830000100000ul, 0};
    struct trap_frame f;

    for (unsigned i = 0; i < ARRAY_SIZE(rip); i++) {
        for (unsigned mode = 0; mode < 4; mode++) {
            memset(&f, 0, sizeof f);
            f.rip = rip[i];
            f.cs = mode & 1 ? FLAT_USER_CS : (FLAT_KERNEL_CS & ~3u);
            f.ss = mode & 1 ? FLAT_USER_SS : FLAT_KERNEL_SS;
            f.rsp = mode & 1 ? USER_STACK - 64 : LANDING_STACK;
            f.rflags = 0x202;
            f.error_code = mode & 2 ? VGCF_in_syscall : 0;
            check(case_name("%s to %s at 0x%lx faults", mode & 2 ? "sysret" : "iret", mode & 1 ? "user" : "kernel",
                            rip[i]),
                  is_fault(context_run(&f)));
        }
        check_alive("bad RIP");
    }
}

static void bad_rsp(void)
{
    static const uint64_t rsp[] = {
        0, 8, 0x0000800000000000ul, 0x8000000000000000ul, HYPERVISOR_START + 64, 0xfffffffffffffff8ul};
    struct trap_frame f;

    /* For user mode only: with a bad kernel stack the next trap has nowhere to go, and the domain dies by right. */
    for (unsigned i = 0; i < ARRAY_SIZE(rsp); i++) {
        memset(&f, 0, sizeof f);
        f.rip = user_va(user_flags);
        f.rsp = rsp[i];
        f.rflags = 0x202;
        f.cs = FLAT_USER_CS;
        f.ss = FLAT_USER_SS;
        check(case_name("user with RSP 0x%lx faults", rsp[i]), is_fault(context_run(&f)));
    }
    check_alive("bad RSP");
}

/* A SYSCALL whose next instruction is the first non-canonical address (the fault of CVE-2012-0217 on the way back). */
static void syscall_at_the_edge(void)
{
    uint64_t *l1 = table_new(), *l2 = table_new(), *l3 = table_new();
    uint8_t *text = page_alloc();
    struct trap_frame f;

    text[4094] = 0x0f;
    text[4095] = 0x05;
    l1[511] = pte_make(mfn_of(text), PTE_P | PTE_US | PTE_A);
    table_seal(l1);
    l2[511] = pte_make(mfn_of(l1), PTE_TABLE);
    table_seal(l2);
    l3[511] = pte_make(mfn_of(l2), PTE_TABLE);
    table_seal(l3);
    check_eq("map the last page of the lower half", pt_set(user_l4 + 255, pte_make(mfn_of(l3), PTE_TABLE)), 0);
    memset(&f, 0, sizeof f);
    f.rip = 0x00007ffffffffffeul;
    check_eq("SYSCALL at its end reaches the kernel", user_run(&f), TRAP_SYSCALL);
    check_hex("with the non-canonical RIP", f.rip, 0x0000800000000000ul);
    f.error_code = VGCF_in_syscall;
    check("going back there faults", is_fault(context_run(&f)));
    check_alive("SYSCALL at the edge");
    pt_set(user_l4 + 255, 0);
}

static bool send_to_self(void)
{
    unsigned port = (unsigned)event_bind_ipi(0);
    bool came;

    event_unmask(port);
    event_count[port] = 0;
    event_send(port);
    came = wait_for(&event_count[port], 1, 1000);
    event_close(port);
    return came;
}

static void callbacks(void)
{
    static const uint64_t bad[] = {0x0000800000000000ul, 0x8000000000000000ul};
    struct callback_register reg = {0};

    for (unsigned type = 0; type < 12; type++) {
        for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
            reg.type = (uint16_t)type;
            reg.address = bad[i];
            check_error(case_name("callback %u at 0x%lx", type, bad[i]), hv_callback_op(CALLBACKOP_register, &reg));
        }
    }
    /* The old form has no way to refuse in Xen: it answers 0 and changes nothing. */
    check_range("old set_callbacks, non-canonical", hypercall3(__HYPERVISOR_set_callbacks, bad[0], bad[0], bad[0]),
                -4095, 0);
    check("events still arrive", send_to_self());
    reg.type = 1000;
    check_error("callback of no type", hv_callback_op(CALLBACKOP_register, &reg));
}

static void trap_gates(void)
{
    static struct trap_info list[2];
    static const uint16_t cs[] = {0x00, 0x08, 0xe008, 0xe010, 0xe011, 0xe030, 0xfff8, 0xe028};

    for (unsigned i = 0; i < ARRAY_SIZE(cs); i++) {
        struct trap_frame f;
        int vector;

        list[0] = (struct trap_info){.vector = TRAP_OF, .flags = 7, .cs = cs[i], .address = (uint64_t)landing};
        check_range(case_name("trap gate with CS 0x%x", cs[i]), hv_set_trap_table(list), -4095, 0);
        /* Where it was accepted, going through it may not gain anything. */
        if (!hv_set_trap_table(list) && cs[i] == 0xe030) {
            memset(&f, 0, sizeof f);
            vector = user_run_code(user_flags, &f);
            check_eq("user mode still works", vector, TRAP_UD);
        }
    }
    list[0] = trap_table[TRAP_OF];
    hv_set_trap_table(list);
    list[0] = (struct trap_info){.vector = 0x90, .flags = 7, .cs = FLAT_KERNEL_CS, .address = 0x0000800000000000ul};
    check_range("trap gate with a non-canonical address", hv_set_trap_table(list), -4095, 0);
    list[0] = trap_table[0x90];
    hv_set_trap_table(list);
    check_alive("trap gates");
}

static void stack_switches(void)
{
    static const uint64_t ss[] = {0, 8, 0xe008, 0xe010, 0xe028, 0xe029, 0xfff8};
    struct trap_frame f;

    for (unsigned i = 0; i < ARRAY_SIZE(ss); i++)
        check_range(case_name("stack_switch to SS 0x%lx", ss[i]),
                    hv_stack_switch(ss[i], (uint64_t)vcpu_stacks[0] + VCPU_STACK_AREA / 2), -4095, 0);
    hv_stack_switch(FLAT_KERNEL_SS, (uint64_t)vcpu_stacks[0] + VCPU_STACK_AREA / 2);
    check_eq("user mode still works", user_run_code(user_flags, &f), TRAP_UD);
}

static void instructions(void)
{
    static const struct {
        uint32_t offset;
        uint16_t selector;
    } far = {0x1000, 0xe008};
    struct trap_frame f;

    check_eq("wrmsr LSTAR", TRY("wrmsr", : : "c"(0xc0000082), "a"(landing), "d"(0)), TRAP_GP);
    check_eq("mov to CR3 of hypervisor memory",
             TRY("mov %0, %%cr3",
                 :
                 : "r"(*pt_entry(HYPERVISOR_START, 4) & PTE_ADDR)),
             TRAP_GP);
    TRY("ljmp *(%0)", : : "r"(&far) : "memory");
    check("far jump to a hypervisor selector", trap_seen.vector == TRAP_GP || trap_seen.vector == TRAP_NP);
    go(&f, FLAT_KERNEL_CS & ~3u, FLAT_KERNEL_SS, 0x202, ~0ul);
    check("iret with all flag bits set lives", f.vector == TRAP_BP || is_fault((int)f.vector));
    check_alive("instructions");
}

void guest_main(void)
{
    user_init();
    selectors();
    flags();
    user_with_flags();
    bad_rip();
    bad_rsp();
    syscall_at_the_edge();
    callbacks();
    trap_gates();
    stack_switches();
    instructions();
}
