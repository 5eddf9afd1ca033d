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

/* The manual's mnemonics (SDM 3A table 6-1). */
static const char trap_name[32][4] = {
    "DE", "DB", "NMI", "BP", "OF", "BR", "UD", "NM", "DF", "", "TS", "NP", "SS", "GP", "PF", "",
    "MF", "AC", "MC",  "XM", "VE", "CP", "",   "",   "",   "", "",   "",   "",   "VC", "SX", "",
};

__noreturn_ static void fatal(const struct cpu_regs *regs, const char *why)
{
    log_error("Fatal exception %lu (#%s), error code 0x%lx, on CPU %u, CR2 %016lx, CR3 %016lx", regs->vector,
              trap_name[regs->vector % ARRAY_SIZE(trap_name)], regs->error_code, cpu_id(), read_cr2(), read_cr3());
    symbols_dump_regs(regs);
    symbols_backtrace(regs->rbp);
    panic("%s", why);
}

static void reflect(struct vcpu *v, struct cpu_regs *regs)
{
    trap_frame_exception(v, (unsigned int)regs->vector, (uint32_t)regs->error_code);
}

void trap_from_guest(struct cpu_regs *regs)
{
    struct vcpu *v = current;
    bool resolved = false;

    if (likely(regs->vector == VECTOR_PF)) {
        uint64_t address = read_cr2();
        irq_enable();
        if (!page_fault_resolve(v, regs, address))
            trap_frame_page_fault(v, address, (uint32_t)regs->error_code);
        return;
    }
    if (unlikely(regs->vector == VECTOR_DB))
        debug_regs_record(v);
    irq_enable();
    if (regs->vector == VECTOR_GP && regs->error_code == 0)
        resolved = privileged_insn_emulate(v, regs);
    else if (regs->vector == VECTOR_UD)
        resolved = privileged_insn_forced_cpuid(v, regs);
    else if (regs->vector == VECTOR_GP && (regs->error_code & (ERROR_EXTERNAL | ERROR_IDT)) == ERROR_IDT)
        resolved = privileged_insn_software_int(v, regs);
    else if (regs->vector == VECTOR_NM)
        context_set_task_switched(v, false); /* the guest's CR0.TS made it, and its handler expects that clear */
    if (!resolved)
        reflect(v, regs);
}

/* The frame that IRETQ refused, as if the guest had made the exception: vector and error code are in cpu_local.scratch.
 */
void trap_iret_failed(struct cpu_regs *regs)
{
    uint64_t scratch = cpu_this()->scratch;

    regs->vector = scratch >> 32;
    regs->error_code = (uint32_t)scratch;
    irq_enable();
    reflect(current, regs);
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

static void log_machine_check(void)
{
    uint64_t count = 0, status, address;

    (void)rdmsr_safe(0x179, &count); /* IA32_MCG_CAP: number of banks; SDM 3B 15.3 */
    for (unsigned int i = 0; i < (count & 0xff); i++) {
        if (rdmsr_safe(0x401 + 4 * i, &status) || !(status >> 63))
            continue;
        address = 0;
        if (status >> 58 & 1)
            (void)rdmsr_safe(0x402 + 4 * i, &address);
        log_error("Machine check bank %u: status %016lx address %016lx", i, status, address);
    }
}

__noreturn_ void trap_fatal(struct cpu_regs *regs)
{
    uint64_t guard = ((uint64_t)cpu_this() & ~(STACK_SIZE - 1)) + 4 * PAGE_SIZE, cr2 = read_cr2();

    if (regs->vector == VECTOR_MC) {
        log_machine_check();
        fatal(regs, "machine check");
    }
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
