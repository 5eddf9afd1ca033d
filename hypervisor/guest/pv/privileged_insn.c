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
    uint8_t bytes[INSN_LENGTH_MAX];
    unsigned int count, at;
    uint8_t rex;
    bool operand16, address32, repeat, segment_override;
};

static uint8_t fetch(struct privileged *p)
{
    return p->at < p->count ? p->bytes[p->at++] : 0;
}

/* Register operands of mov to and from control and debug registers: ModR/M.reg is the special one (SDM 2B MOV). */
static void fetch_special(struct privileged *p, unsigned int *special, uint64_t **general)
{
    uint8_t m = fetch(p);
    *special = (m >> 3 & 7) | (p->rex & 4 ? 8 : 0);
    *general = insn_register(p->regs, (m & 7) | (p->rex & 1 ? 8 : 0));
}

static bool mov_from_cr(struct privileged *p)
{
    unsigned int cr;
    uint64_t *reg;
    fetch_special(p, &cr, &reg);
    switch (cr) {
    case 0:
        *reg = p->v->pv.cr0_guest;
        return true;
    case 2:
        *reg = p->v->pv.cr2;
        return true;
    case 3:
        *reg = p->v->pv.kernel_table.n << PAGE_SHIFT;
        return true;
    case 4:
        *reg = p->v->pv.cr4_guest;
        return true;
    default:
        return false;
    }
}

static bool write_cr0_guest(struct vcpu *v, uint64_t value)
{
    if ((value ^ v->pv.cr0_guest) & ~CR0_TS)
        return false;
    context_set_task_switched(v, value & CR0_TS);
    return true;
}

static void write_cr4_guest(struct vcpu *v, uint64_t value)
{
    /* Bits outside of what is offered are dropped, not refused: kernels set what CPUID of their boot loader told. */
    v->pv.cr4_guest = (value & cpuid_policy_cr4_allowed(v)) | CR4_GUEST_FIXED;
}

static bool mov_to_cr(struct privileged *p)
{
    unsigned int cr;
    uint64_t *reg;
    fetch_special(p, &cr, &reg);
    switch (cr) {
    case 0:
        return write_cr0_guest(p->v, *reg);
    case 2:
        p->v->pv.cr2 = *reg;
        p->v->info->arch.cr2 = *reg;
        return true;
    case 3: {
        int r = address_space_set_kernel(p->v, MFN(*reg >> PAGE_SHIFT));
        if (r == -ERESTART)
            p->at = 0; /* run it again: rip stays */
        return r == 0 || r == -ERESTART;
    }
    case 4:
        write_cr4_guest(p->v, *reg);
        return true;
    default:
        return false;
    }
}

static bool mov_from_dr(struct privileged *p)
{
    unsigned int dr;
    uint64_t *reg;
    fetch_special(p, &dr, &reg);
    return debug_regs_get(p->v, dr, reg) == 0;
}

static bool mov_to_dr(struct privileged *p)
{
    unsigned int dr;
    uint64_t *reg;
    fetch_special(p, &dr, &reg);
    return debug_regs_set(p->v, dr, *reg) == 0;
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
    if (fetch(p) != 0xd1) /* xsetbv */
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

static bool port_transfer(struct privileged *p, uint8_t opcode, uint16_t port)
{
    unsigned int size = !(opcode & 1) ? 1 : p->operand16 ? 2 : 4;
    uint64_t mask = size == 4 ? 0xffffffff : size == 2 ? 0xffff : 0xff;
    if (!port_io_allowed(p->v, port, size))
        return false;
    if (opcode & 2)
        port_io_write(p->v, port, size, (uint32_t)(p->regs->rax & mask));
    else if (size == 4)
        p->regs->rax = port_io_read(p->v, port, size);
    else
        p->regs->rax = (p->regs->rax & ~mask) | (port_io_read(p->v, port, size) & mask);
    return true;
}

static bool insn_port_immediate(struct privileged *p)
{
    uint8_t opcode = p->bytes[p->at - 1];
    return port_transfer(p, opcode, fetch(p));
}

static bool insn_port_dx(struct privileged *p)
{
    return port_transfer(p, p->bytes[p->at - 1], (uint16_t)p->regs->rdx);
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
    uint8_t opcode = p->bytes[p->at - 1];
    bool out = opcode & 2;
    unsigned int size = !(opcode & 1) ? 1 : p->operand16 ? 2 : 4, budget = STRING_BURST;
    uint64_t *pointer = out ? &p->regs->rsi : &p->regs->rdi;
    if (p->address32 || p->segment_override || !port_io_allowed(p->v, (uint16_t)p->regs->rdx, size))
        return false;
    while (!p->repeat || p->regs->rcx) {
        if (string_element(p, out, size, pointer)) {
            trap_frame_page_fault(p->v, *pointer, (out ? 0 : PF_WRITE) | (p->v->pv.kernel_mode ? 0 : PF_USER));
            p->at = 0;
            return true;
        }
        if (!p->repeat)
            return true;
        p->regs->rcx--;
        if (--budget == 0 && p->regs->rcx) {
            p->at = 0; /* go on when the guest runs again */
            return true;
        }
    }
    return true;
}

static const struct privileged_op {
    uint16_t opcode; /* 0x0fXX: two bytes */
    bool any_mode;   /* not only for the guest's kernel: ports have their own check */
    bool (*fn)(struct privileged *p);
} privileged_ops[] = {
    {0x0f32, false, insn_rdmsr}, /* the most frequent one first */
    {0xfa, true, insn_interrupt_flag}, {0xfb, true, insn_interrupt_flag}, {0xec, true, insn_port_dx},
    {0xed, true, insn_port_dx},        {0xee, true, insn_port_dx},        {0xef, true, insn_port_dx},
    {0xe4, true, insn_port_immediate}, {0xe5, true, insn_port_immediate}, {0xe6, true, insn_port_immediate},
    {0xe7, true, insn_port_immediate}, {0x6c, true, insn_string},         {0x6d, true, insn_string},
    {0x6e, true, insn_string},         {0x6f, true, insn_string},         {0x0f01, false, insn_0f01},
    {0x0f06, false, insn_clts},        {0x0f09, false, insn_wbinvd},      {0x0f20, false, mov_from_cr},
    {0x0f21, false, mov_from_dr},      {0x0f22, false, mov_to_cr},        {0x0f23, false, mov_to_dr},
    {0x0f30, false, insn_wrmsr},       {0x0fa2, false, insn_cpuid},
};

/* Prefixes and opcode; 0 if there is none. */
static uint16_t fetch_opcode(struct privileged *p)
{
    while (p->at < p->count) {
        uint8_t b = fetch(p);
        if (b == 0x66)
            p->operand16 = true;
        else if (b == 0x67)
            p->address32 = true;
        else if (b == 0xf3 || b == 0xf2)
            p->repeat = true;
        else if (b == 0x64 || b == 0x65)
            p->segment_override = true;
        else if ((b & 0xf0) == 0x40)
            p->rex = b;
        else if (b == 0x0f)
            return 0x0f00 | fetch(p);
        else if (b != 0x2e && b != 0x36 && b != 0x3e && b != 0x26)
            return b;
    }
    return 0;
}

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
    struct privileged p = {.v = v, .regs = regs};
    if (!code_is_64bit((uint16_t)regs->cs))
        return false; /* compatibility mode: other encodings */
    p.count = instruction_fetch(regs->rip, p.bytes);
    uint16_t opcode = fetch_opcode(&p);
    for (unsigned int i = 0; i < ARRAY_SIZE(privileged_ops); i++) {
        if (privileged_ops[i].opcode != opcode)
            continue;
        if (!(privileged_ops[i].any_mode || v->pv.kernel_mode) || !privileged_ops[i].fn(&p))
            return false;
        regs->rip += p.at;
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
