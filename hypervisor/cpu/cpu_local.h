/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What belongs to one CPU. Each CPU has one hypervisor stack, STACK_SIZE big and aligned; struct cpu_local lies at its
 * top, and begins with the register frame of the guest that runs there. So "this CPU" is the stack pointer rounded, two
 * instructions, valid in every context (NMI and double fault too: their IST stacks are pages of the same block), and
 * the GS base is always the guest's.
 *
 *   stack base + 0 KiB   IST: #DF      | each IST page is used from its top down; each has cpu_local's block around it,
 *              + 4 KiB   IST: NMI      | so cpu_this() works on it.
 *              + 8 KiB   IST: #MC
 *              + 12 KiB  IST: #DB
 *              + 16 KiB  guard page (not mapped)
 *              + 20 KiB  main stack, grows down from cpu_local at the top
 *   stack base + 32 KiB  end
 *
 * The stack is switched only at the way out to a guest: a vCPU that does not run has its registers in struct vcpu, none
 * of its state is on a stack. There is no preemption inside the hypervisor.
 *
 * Fields are touched by their own CPU only, except where said.
 */
#ifndef HAVEN_CPU_CPU_LOCAL_H
#define HAVEN_CPU_CPU_LOCAL_H

#include "cpu/regs.h"
#include "lib/compiler.h"
#include "lib/types.h"

#define STACK_SHIFT 15
#define STACK_SIZE  (1UL << STACK_SHIFT)
#define CPU_MAX     64 /* bits of cpumask_t */

struct vcpu;
struct cpu_tables;

struct cpu_local {
    struct cpu_regs guest; /* registers of 'current', saved on entry from it; loaded on exit */
    struct vcpu *current;  /* the vCPU that runs here (the idle vCPU if none) */
    uint64_t softirqs;     /* pending, bit per SOFTIRQ_*; set by any CPU, atomically */
    uint64_t scratch;      /* entry.S */
    uint32_t cpu;          /* index 0..cpu_count-1 */
    uint32_t apic_id;
    uint32_t lock_level; /* highest lock level held (debug builds) */
    uint32_t irq_depth;  /* interrupts being handled */
    uint64_t cr3;        /* top-level table that is loaded (machine address) */
    uint64_t tlb_time;   /* tlb clock at this CPU's last full flush: read by others (mm/tlb.c) */
    struct vcpu *idle;
    struct cpu_tables *tables; /* descriptor tables (cpu/desc.h); NULL on the block the boot CPU starts on */
} __aligned_(16);              /* so that the guest frame ends aligned */

static inline struct cpu_local *cpu_this(void)
{
    uintptr_t sp;
    __asm__("mov %%rsp, %0" : "=r"(sp));
    return (struct cpu_local *)((sp & ~(STACK_SIZE - 1)) + STACK_SIZE - sizeof(struct cpu_local));
}

#define current      (cpu_this()->current)
#define guest_regs() (&cpu_this()->guest)

static inline unsigned int cpu_id(void)
{
    return cpu_this()->cpu;
}

/* Sets of CPUs. */
typedef uint64_t cpumask_t;
#define CPUMASK(cpu) (1ULL << (cpu))

extern unsigned int cpu_count; /* CPUs that are up, numbered from 0 without holes */
extern cpumask_t cpu_online;   /* the same as a set */
struct cpu_local *cpu_local_of(unsigned int cpu);

#define cpu_for_each(c) for ((c) = 0; (c) < cpu_count; (c)++)
#define cpu_for_each_in(c, set)                                                                                        \
    for ((c) = 0; (c) < cpu_count; (c)++)                                                                              \
        if ((set) >> (c)&1)

/*
 * Allocates and maps a CPU's stack block (guard page included), returns its cpu_local with cpu set. -ENOMEM: NULL. The
 * boot CPU's is linked into the image.
 */
struct cpu_local *cpu_local_create(unsigned int cpu); /* mm/cpu_memory.c: it needs the allocator */

/*
 * Goes on in fn on the stack of c, with nothing left of the old stack. The boot CPU moves from the block linked in the
 * image to its own one this way: what cpu_local holds so far is taken along.
 */
__noreturn_ void cpu_local_enter(struct cpu_local *c, void (*fn)(void));

/* Makes a CPU's block known to cpu_local_of. */
void cpu_local_register(struct cpu_local *c);

#endif
