/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions. From a guest: handled by the hypervisor if it can (page faults on tables, privileged instructions), else
 * handed to the guest's kernel. From the hypervisor itself: at a place that may fault (cpu/extable.h) it goes on at the
 * fix-up; anything else is our bug and ends the machine with a dump.
 *
 * Handlers of guests' exceptions start with interrupts off, as the gates leave them; what the CPU holds in registers
 * (CR2, DR6) is read before they go on. Those of the hypervisor's never turn them on: the interrupted code decides.
 */
#include "cpu/cpu_local.h"
#include "cpu/desc.h"
#include "cpu/extable.h"
#include "cpu/x86.h"
#include "domain/vcpu.h"
#include "entry/entry.h"
#include "guest/pv/address_space.h"
#include "guest/pv/debug_regs.h"
#include "guest/pv/emulate.h"
#include "guest/pv/ops.h"
#include "guest/pv/trap_frame.h"
#include "lib/assert.h"
#include "lib/compiler.h"
#include "lib/log.h"
#include "mm/layout.h"
#include "platform/symbols.h"

#define ERROR_EXTERNAL 1 /* error code of selector faults: SDM 3A 6.13 */
#define ERROR_IDT      2
#define DR6_CLEAR      0xffff0ff0UL

extern const void *const entry_stubs[256];
extern const char syscall_entry[], compat_entry[], sysenter_entry[];

static const char *const trap_name[32] = {
    [VECTOR_DE] = "divide error",
    [VECTOR_DB] = "debug",
    [VECTOR_NMI] = "NMI",
    [VECTOR_BP] = "breakpoint",
    [VECTOR_OF] = "overflow",
    [VECTOR_BR] = "bound range",
    [VECTOR_UD] = "invalid opcode",
    [VECTOR_NM] = "no FPU",
    [VECTOR_DF] = "double fault",
    [VECTOR_TS] = "invalid TSS",
    [VECTOR_NP] = "segment missing",
    [VECTOR_SS] = "stack segment",
    [VECTOR_GP] = "general protection",
    [VECTOR_PF] = "page fault",
    [VECTOR_MF] = "x87 error",
    [VECTOR_AC] = "alignment check",
    [VECTOR_MC] = "machine check",
    [VECTOR_XM] = "SIMD error",
    [VECTOR_CP] = "control protection",
    [VECTOR_VC] = "VMM communication",
    [VECTOR_SX] = "security",
};

static const char *name_of(uint64_t vector)
{
    const char *name = vector < ARRAY_SIZE(trap_name) ? trap_name[vector] : NULL;

    return name ? name : "unknown exception";
}

__noreturn_ static void fatal(const struct cpu_regs *regs, const char *why)
{
    log_error("Fatal %s (vector %lu, error code 0x%lx) on CPU %u, CR2 %016lx, CR3 %016lx", name_of(regs->vector),
              (unsigned long)regs->vector, (unsigned long)regs->error_code, cpu_id(), (unsigned long)read_cr2(),
              (unsigned long)read_cr3());
    symbols_dump_regs(regs);
    symbols_backtrace(regs->rbp);
    panic("%s", why);
}

static void reflect(struct vcpu *v, struct cpu_regs *regs)
{
    trap_frame_exception(v, (unsigned int)regs->vector, (uint32_t)regs->error_code);
}

static void guest_plain(struct vcpu *v, struct cpu_regs *regs)
{
    irq_enable();
    reflect(v, regs);
}

static void guest_page_fault(struct vcpu *v, struct cpu_regs *regs)
{
    uint64_t address = read_cr2();

    irq_enable();
    if (!page_fault_resolve(v, regs, address))
        trap_frame_page_fault(v, address, (uint32_t)regs->error_code);
}

static void guest_general_protection(struct vcpu *v, struct cpu_regs *regs)
{
    irq_enable();
    if (regs->error_code == 0) {
        if (privileged_insn_emulate(v, regs))
            return;
    } else if ((regs->error_code & (ERROR_EXTERNAL | ERROR_IDT)) == ERROR_IDT) {
        if (privileged_insn_software_int(v, regs))
            return;
    }
    reflect(v, regs);
}

static void guest_invalid_opcode(struct vcpu *v, struct cpu_regs *regs)
{
    irq_enable();
    if (!privileged_insn_forced_cpuid(v, regs))
        reflect(v, regs);
}

static void guest_debug(struct vcpu *v, struct cpu_regs *regs)
{
    debug_regs_record(v);
    irq_enable();
    reflect(v, regs);
}

/* FPU state is always loaded: the trap is what the guest asked for with CR0.TS, and clears it as its handler expects.
 */
static void guest_no_fpu(struct vcpu *v, struct cpu_regs *regs)
{
    context_set_task_switched(v, false);
    irq_enable();
    reflect(v, regs);
}

typedef void (*guest_handler)(struct vcpu *v, struct cpu_regs *regs);

/* The rest goes to the guest as it is. */
static const guest_handler guest_handlers[32] = {
    [VECTOR_DB] = guest_debug,      [VECTOR_UD] = guest_invalid_opcode,
    [VECTOR_NM] = guest_no_fpu,     [VECTOR_GP] = guest_general_protection,
    [VECTOR_PF] = guest_page_fault,
};

void trap_from_guest(struct cpu_regs *regs)
{
    struct vcpu *v = current;
    guest_handler handler;

    ASSERT(regs->vector < ARRAY_SIZE(guest_handlers));
    handler = guest_handlers[regs->vector];
    if (handler)
        handler(v, regs);
    else
        guest_plain(v, regs);
}

/* The frame that IRETQ refused, as if the guest had made the exception: vector and error code are in cpu_local.scratch.
 */
void trap_iret_failed(struct cpu_regs *regs)
{
    uint64_t scratch = cpu_this()->scratch;

    regs->vector = scratch >> 32;
    regs->error_code = (uint32_t)scratch;
    guest_plain(current, regs);
}

void trap_int80(struct cpu_regs *regs)
{
    (void)regs;
    trap_frame_software_interrupt(current, 0x80);
}

/*
 * A page that the guest has made more permissive without a flush may still be in the TLB with its old rights; the fault
 * has dropped that entry (SDM 3A 4.10.4.1). So a fault that the tables do not justify is tried again. *retried: the
 * last such address, so that a CPU that insists is not believed for ever.
 */
static bool fault_is_spurious(const struct cpu_regs *regs)
{
    static uint64_t last[CPU_MAX];
    uint64_t address = read_cr2();
    struct vcpu *v = current;
    bool user_mode;
    const pte_t *entry;
    pte_t pte;

    if (!(regs->error_code & PF_PRESENT) || (regs->error_code & (PF_RESERVED | PF_FETCH)) ||
        !guest_address_ok(address) || v == NULL || v->is_idle)
        return false;
    if (last[cpu_id()] == (address | 1)) {
        last[cpu_id()] = 0;
        return false;
    }
    user_mode = !v->pv.kernel_mode;
    entry = address_space_walk(user_mode ? v->pv.user_table : v->pv.kernel_table, address, 1);
    if (entry == NULL)
        return false;
    pte = pte_read(entry);
    if (!(pte & PTE_PRESENT) || ((regs->error_code & PF_WRITE) && !(pte & PTE_WRITE)))
        return false;
    last[cpu_id()] = address | 1;
    return true;
}

void trap_from_hypervisor(struct cpu_regs *regs)
{
    uint64_t fixup;

    if (regs->vector == VECTOR_DB) {
        /* A guest's breakpoint on data that we touched for it, or its TF that SYSENTER brought along. Not ours to act
         * on. */
        write_dr6(DR6_CLEAR);
        regs->rflags &= ~RFLAGS_TF;
        return;
    }
    fixup = extable_find(regs->rip);
    if (fixup == 0)
        fatal(regs, "exception in the hypervisor");
    if (regs->vector == VECTOR_PF && fault_is_spurious(regs))
        return;
    cpu_this()->scratch = regs->vector << 32 | (uint32_t)regs->error_code;
    regs->rip = fixup;
}

__noreturn_ void trap_machine_check(struct cpu_regs *regs)
{
    uint64_t count = 0, status, address;

    (void)rdmsr_safe(0x179, &count); /* IA32_MCG_CAP: number of banks; SDM 3B 15.3 */
    for (unsigned int i = 0; i < (count & 0xff); i++) {
        if (rdmsr_safe(0x401 + 4 * i, &status) || !(status >> 63))
            continue;
        address = 0;
        if (status >> 58 & 1)
            (void)rdmsr_safe(0x402 + 4 * i, &address);
        log_error("Machine check bank %u: status %016lx address %016lx", i, (unsigned long)status,
                  (unsigned long)address);
    }
    fatal(regs, "machine check");
}

__noreturn_ void trap_double_fault(struct cpu_regs *regs)
{
    uint64_t guard = ((uint64_t)cpu_this() & ~(STACK_SIZE - 1)) + 4 * PAGE_SIZE, cr2 = read_cr2();

    /* The push that failed lies in the guard page, or just below RSP. */
    if (cr2 - guard < PAGE_SIZE || regs->rsp - guard <= PAGE_SIZE)
        fatal(regs, "stack overflow in the hypervisor");
    fatal(regs, "double fault");
}

void __init trap_init(void)
{
    for (unsigned int i = 0; i < 256; i++)
        desc_set_gate(i, entry_stubs[i], IST_NONE, i == VECTOR_BP || i == VECTOR_OF || i == 0x80 ? 3 : 0);
    desc_set_syscall_entries(syscall_entry, compat_entry, sysenter_entry);
    desc_init_early();
}

void __init trap_init_stacks(void)
{
    desc_set_gate(VECTOR_DF, entry_stubs[VECTOR_DF], IST_DF, 0);
    desc_set_gate(VECTOR_NMI, entry_stubs[VECTOR_NMI], IST_NMI, 0);
    desc_set_gate(VECTOR_MC, entry_stubs[VECTOR_MC], IST_MC, 0);
    desc_set_gate(VECTOR_DB, entry_stubs[VECTOR_DB], IST_DB, 0);
    trap_nmi_init();
}

void __init trap_restore_gate(unsigned int vector)
{
    desc_set_gate(vector, entry_stubs[vector], IST_NONE, 0);
}
