/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Privileged instructions of PV guests. The guest's kernel runs in ring 3, so they raise #GP; those that kernels
 * execute all the same are carried out here. One table lists them: opcode, and who may (the kernel, or anybody with I/O
 * rights). What is not listed, or refused, stays the guest's #GP.
 *
 * The instruction's bytes are read once, and only these bytes count.
 */
#include "cpu/features.h"
#include "cpu/fpu.h"
#include "cpu/x86.h"
#include "guest/pv/address_space.h"
#include "guest/pv/debug_regs.h"
#include "guest/pv/emulate.h"
#include "guest/pv/insn_decode.h"
#include "guest/pv/msr_policy.h"
#include "guest/pv/ops.h"
#include "guest/pv/port_io.h"
#include "guest/pv/trap_frame.h"
#include "lib/errno.h"
#include "mm/guest_copy.h"

#define CR4_GUEST_FIXED (CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT)

/* A repeated string instruction gives others a turn after so many elements. */
#define STRING_BURST 256

/* The instruction at hand. */
struct privileged {
    struct vcpu *v;
    struct cpu_regs *regs;
    struct insn_stream s;
};

static bool cr_read(const struct pv_vcpu *pv, unsigned int cr, uint64_t *value)
{
    const uint64_t values[] = {pv->cr0_guest, 0, pv->cr2, pv->kernel_table.n << PAGE_SHIFT, pv->cr4_guest};
    if (cr >= ARRAY_SIZE(values) || cr == 1)
        return false;
    *value = values[cr];
    return true;
}

static bool cr_write(struct privileged *p, unsigned int cr, uint64_t value)
{
    struct vcpu *v = p->v;
    switch (cr) {
    case 0:
        if ((value ^ v->pv.cr0_guest) & ~CR0_TS)
            return false;
        context_set_task_switched(v, value & CR0_TS);
        return true;
    case 2:
        v->pv.cr2 = value;
        v->info->arch.cr2 = value;
        return true;
    case 3: {
        int r = address_space_set_kernel(v, MFN(value >> PAGE_SHIFT));
        if (r == -ERESTART)
            p->s.at = 0; /* run it again: rip stays */
        return r == 0 || r == -ERESTART;
    }
    case 4:
        /* Bits outside of what is offered are dropped, not refused: kernels set what CPUID of their boot loader told.
         */
        v->pv.cr4_guest = (value & cpuid_policy_cr4_allowed(v)) | CR4_GUEST_FIXED;
        return true;
    default:
        return false;
    }
}

/* To and from control and debug registers: ModR/M.reg is the special one (SDM 2B MOV). */
static bool insn_mov_special(struct privileged *p)
{
    uint8_t m = insn_fetch_byte(&p->s);
    unsigned int special = (m >> 3 & 7) | (p->s.rex & REX_R ? 8 : 0);
    uint64_t *general = insn_register(p->regs, (m & 7) | (p->s.rex & REX_B ? 8 : 0));
    switch (p->s.opcode) {
    case 0x0f20:
        return cr_read(&p->v->pv, special, general);
    case 0x0f21:
        return debug_regs_get(p->v, special, general) == 0;
    case 0x0f22:
        return cr_write(p, special, *general);
    default:
        return debug_regs_set(p->v, special, *general) == 0;
    }
}

static bool insn_clts(struct privileged *p)
{
    context_set_task_switched(p->v, false);
    return true;
}

static bool insn_wbinvd(struct privileged *p)
{
    if (p->v->domain->privileged) /* owns devices that may look at memory past the caches */
        __asm__ volatile("wbinvd" ::: "memory");
    return true;
}

static bool insn_wrmsr(struct privileged *p)
{
    return msr_policy_write(p->v, (uint32_t)p->regs->rcx, (uint32_t)p->regs->rax | p->regs->rdx << 32);
}

static bool insn_rdmsr(struct privileged *p)
{
    uint64_t value;
    if (!msr_policy_read(p->v, (uint32_t)p->regs->rcx, &value))
        return false;
    p->regs->rax = (uint32_t)value;
    p->regs->rdx = value >> 32;
    return true;
}

static bool insn_cpuid(struct privileged *p)
{
    struct cpuid_leaf r = cpuid_policy_read(p->v, (uint32_t)p->regs->rax, (uint32_t)p->regs->rcx);
    p->regs->rax = r.eax;
    p->regs->rbx = r.ebx;
    p->regs->rcx = r.ecx;
    p->regs->rdx = r.edx;
    return true;
}

static bool insn_0f01(struct privileged *p)
{
    if (insn_fetch_byte(&p->s) != 0xd1) /* xsetbv */
        return false;
    return (uint32_t)p->regs->rcx == 0 && cpu_features.xsave && (p->v->pv.cr4_guest & CR4_OSXSAVE) &&
           fpu_set_xcr0(&p->v->fpu, (uint32_t)p->regs->rax | p->regs->rdx << 32) == 0;
}

/*
 * cli and sti with sufficient IOPL: nothing happens. Kernels run them early before they patch them away; the event mask
 * must not follow, since popf, which cannot be trapped, would not restore it.
 */
static bool insn_interrupt_flag(struct privileged *p)
{
    return port_io_level_ok(p->v);
}

static unsigned int port_size(const struct privileged *p)
{
    return !(p->s.opcode & 1) ? 1 : p->s.operand16 ? 2 : 4;
}

/* in, out with an immediate port (e4..e7) or that in dx (ec..ef). */
static bool insn_port(struct privileged *p)
{
    uint16_t port = p->s.opcode & 8 ? (uint16_t)p->regs->rdx : insn_fetch_byte(&p->s);
    unsigned int size = port_size(p);
    uint64_t mask = ~0ULL >> (64 - 8 * size);
    if (!port_io_allowed(p->v, port, size))
        return false;
    if (p->s.opcode & 2)
        port_io_write(p->v, port, size, (uint32_t)(p->regs->rax & mask));
    else if (size == 4)
        p->regs->rax = port_io_read(p->v, port, size);
    else
        p->regs->rax = (p->regs->rax & ~mask) | (port_io_read(p->v, port, size) & mask);
    return true;
}

/* One element of ins or outs. -EFAULT: the memory side failed, nothing happened. */
static int string_element(struct privileged *p, bool out, unsigned int size, uint64_t *pointer)
{
    uint32_t value = 0;
    uint16_t port = (uint16_t)p->regs->rdx;
    if (out) {
        if (guest_copy_in(&value, *pointer, size))
            return -EFAULT;
        port_io_write(p->v, port, size, value);
    } else {
        /* The memory is tried before the device is: a value that was read from a device cannot be put back. */
        if (guest_copy_in(&value, *pointer, size) || guest_copy_out(*pointer, &value, size))
            return -EFAULT;
        value = port_io_read(p->v, port, size);
        if (guest_copy_out(*pointer, &value, size))
            return -EFAULT;
    }
    *pointer += p->regs->rflags & RFLAGS_DF ? -(uint64_t)size : size;
    return 0;
}

static bool insn_string(struct privileged *p)
{
    bool out = p->s.opcode & 2;
    unsigned int size = port_size(p), budget = STRING_BURST;
    uint64_t *pointer = out ? &p->regs->rsi : &p->regs->rdi;
    if (p->s.address32 || p->s.segment_override || !port_io_allowed(p->v, (uint16_t)p->regs->rdx, size))
        return false;
    while (!p->s.repeat || p->regs->rcx) {
        if (string_element(p, out, size, pointer)) {
            trap_frame_page_fault(p->v, *pointer, (out ? 0 : PF_WRITE) | (p->v->pv.kernel_mode ? 0 : PF_USER));
            p->s.at = 0;
            return true;
        }
        if (!p->s.repeat)
            return true;
        p->regs->rcx--;
        if (--budget == 0 && p->regs->rcx) {
            p->s.at = 0; /* go on when the guest runs again */
            return true;
        }
    }
    return true;
}

static const struct privileged_op {
    uint16_t first, last; /* opcodes */
    bool any_mode;        /* not only for the guest's kernel: ports have their own check */
    bool (*fn)(struct privileged *p);
} privileged_ops[] = {
    {0x0f32, 0x0f32, false, insn_rdmsr}, /* the most frequent one first */
    {0xec, 0xef, true, insn_port},        {0xe4, 0xe7, true, insn_port},
    {0x6c, 0x6f, true, insn_string},      {0xfa, 0xfb, true, insn_interrupt_flag},
    {0x0f01, 0x0f01, false, insn_0f01},   {0x0f06, 0x0f06, false, insn_clts},
    {0x0f09, 0x0f09, false, insn_wbinvd}, {0x0f20, 0x0f23, false, insn_mov_special},
    {0x0f30, 0x0f30, false, insn_wrmsr},  {0x0fa2, 0x0fa2, false, insn_cpuid},
};

/* A guest may run on a code segment of its own: LAR shows the L bit of its descriptor (SDM 2A LAR, 3A 3.4.5). */
static bool code_is_64bit(uint16_t cs)
{
    uint32_t rights = 0;
    if (cs == SEL_GUEST_CS64)
        return true;
    __asm__("lar %1, %0" : "+r"(rights) : "r"((uint32_t)cs) : "cc");
    return rights >> 21 & 1;
}

bool privileged_insn_emulate(struct vcpu *v, struct cpu_regs *regs)
{
    uint8_t bytes[INSN_LENGTH_MAX];
    struct privileged p = {.v = v, .regs = regs, .s.bytes = bytes};
    if (!code_is_64bit((uint16_t)regs->cs))
        return false; /* compatibility mode: other encodings */
    p.s.count = instruction_fetch(regs->rip, bytes);
    if (!insn_fetch_opcode(&p.s) || p.s.lock)
        return false;
    for (const struct privileged_op *op = privileged_ops; op < privileged_ops + ARRAY_SIZE(privileged_ops); op++) {
        if (p.s.opcode < op->first || p.s.opcode > op->last)
            continue;
        if (!(op->any_mode || v->pv.kernel_mode) || !op->fn(&p))
            return false;
        regs->rip += p.s.at;
        return true;
    }
    return false;
}

/* ud2; .ascii "xen"; cpuid: asks for the hypervisor's CPUID by an instruction that surely traps. */
bool privileged_insn_forced_cpuid(struct vcpu *v, struct cpu_regs *regs)
{
    static const uint8_t sequence[] = {0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2};
    uint8_t bytes[sizeof(sequence)];
    if (guest_copy_in(bytes, regs->rip, sizeof(bytes)))
        return false;
    for (unsigned int i = 0; i < sizeof(sequence); i++)
        if (bytes[i] != sequence[i])
            return false;
    struct privileged p = {.v = v, .regs = regs};
    insn_cpuid(&p);
    regs->rip += sizeof(sequence);
    return true;
}

/*
 * int n in ring 3 raises #GP, since the gates are the hypervisor's. The error code names the vector, but not on every
 * CPU in the same way (QEMU 7.2's TCG doubles it): the instruction tells better.
 */
bool privileged_insn_software_int(struct vcpu *v, struct cpu_regs *regs)
{
    uint8_t bytes[2];
    if (guest_copy_in(bytes, regs->rip, sizeof(bytes)) || bytes[0] != 0xcd)
        return false;
    uint8_t vector = bytes[1];
    if ((v->pv.trap[vector].flags & 3) < (v->pv.kernel_mode ? 1 : 3)) {
        regs->error_code = vector * 8u + 2; /* the gate's DPL forbids it */
        return false;
    }
    regs->rip += sizeof(bytes);
    trap_frame_software_interrupt(v, vector);
    return true;
}
