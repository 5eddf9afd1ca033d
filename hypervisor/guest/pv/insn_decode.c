/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See insn_decode.h. Encodings: SDM volume 2, appendix A (opcode maps) and 2.1.5, 2.2.1 (ModR/M, SIB, REX). */
#include "guest/pv/insn_decode.h"
#include "lib/compiler.h"

#define FLAG_CF          0x001UL
#define FLAG_PF          0x004UL
#define FLAG_AF          0x010UL
#define FLAG_ZF          0x040UL
#define FLAG_SF          0x080UL
#define FLAG_OF          0x800UL
#define ARITHMETIC_FLAGS (FLAG_OF | FLAG_SF | FLAG_ZF | FLAG_AF | FLAG_PF | FLAG_CF)

/* What follows the opcode. */
enum operands {
    REGISTER,      /* ModR/M: the register is the operand */
    EXCHANGED,     /* likewise, and gets what was in memory */
    IMMEDIATE,     /* ModR/M with /0, immediate of up to 4 bytes */
    GROUP1,        /* ModR/M tells the operation, likewise */
    GROUP1_BYTE,   /* likewise, immediate of 1 byte */
    BIT_REGISTER,  /* ModR/M: the register is a bit number */
    BIT_IMMEDIATE, /* ModR/M tells the operation, immediate bit number */
    STRING,        /* none: rax to where rdi points */
};

static const struct pattern {
    uint16_t opcode;
    bool sized; /* the opcode is that of the byte form, the next one is for larger operands */
    uint8_t op; /* enum insn_op */
    uint8_t operands;
} patterns[] = {
    {0x88, true, INSN_MOV, REGISTER},
    {0xc6, true, INSN_MOV, IMMEDIATE},
    {0x86, true, INSN_XCHG, EXCHANGED},
    {0x0fb0, true, INSN_CMPXCHG, REGISTER},
    {0x0fc0, true, INSN_XADD, EXCHANGED},
    {0x00, true, INSN_ADD, REGISTER},
    {0x08, true, INSN_OR, REGISTER},
    {0x20, true, INSN_AND, REGISTER},
    {0x28, true, INSN_SUB, REGISTER},
    {0x30, true, INSN_XOR, REGISTER},
    {0x80, true, 0, GROUP1},
    {0x83, false, 0, GROUP1_BYTE},
    {0x0fab, false, INSN_BTS, BIT_REGISTER},
    {0x0fb3, false, INSN_BTR, BIT_REGISTER},
    {0x0fbb, false, INSN_BTC, BIT_REGISTER},
    {0x0fba, false, 0, BIT_IMMEDIATE},
    {0xaa, true, INSN_STOS, STRING},
};

#define WORD(reg) (offsetof(struct cpu_regs, reg) / sizeof(uint64_t))

uint64_t *insn_register(struct cpu_regs *r, unsigned int number)
{
    static const uint8_t word[16] = {WORD(rax), WORD(rcx), WORD(rdx), WORD(rbx), WORD(rsp), WORD(rbp),
                                     WORD(rsi), WORD(rdi), WORD(r8),  WORD(r9),  WORD(r10), WORD(r11),
                                     WORD(r12), WORD(r13), WORD(r14), WORD(r15)};
    return (uint64_t *)r + word[number & 15];
}

uint8_t insn_fetch_byte(struct insn_stream *s)
{
    s->overrun |= s->at >= s->count;
    return s->overrun ? 0 : s->bytes[s->at++];
}

/* Little-endian, sign-extended from 'size' bytes (1, 2, 4). */
static uint64_t fetch_signed(struct insn_stream *s, unsigned int size)
{
    uint64_t v = 0;
    for (unsigned int i = 0; i < size; i++)
        v |= (uint64_t)insn_fetch_byte(s) << (8 * i);
    unsigned int unused = 64 - 8 * size;
    return (uint64_t)((int64_t)(v << unused) >> unused);
}

bool insn_fetch_opcode(struct insn_stream *s)
{
    for (;;) {
        uint8_t b = insn_fetch_byte(s);
        if ((b & 0xf0) == 0x40) { /* counts only just before the opcode */
            s->rex = b;
            b = insn_fetch_byte(s);
        }
        switch (b) {
        case 0x66:
            s->operand16 = true;
            break;
        case 0x67:
            s->address32 = true;
            break;
        case 0xf2:
        case 0xf3:
            s->repeat = b;
            break;
        case 0xf0:
            s->lock = true;
            break;
        case 0x64:
        case 0x65:
            s->segment_override = true;
            break;
        case 0x2e: /* segment overrides without effect in 64-bit mode */
        case 0x36:
        case 0x3e:
        case 0x26:
            break;
        case 0x0f:
            s->opcode = 0x0f00 | insn_fetch_byte(s);
            return !s->overrun;
        default:
            s->opcode = b;
            return !s->overrun;
        }
        s->rex = 0;
    }
}

/* A memory operand. */
struct operand {
    unsigned int reg; /* ModR/M's other operand, with its REX bit */
    uint64_t address;
    bool rip_relative;
};

static uint64_t sib_address(struct insn_stream *s, struct cpu_regs *regs, unsigned int mod)
{
    uint8_t sib = insn_fetch_byte(s);
    unsigned int index = (sib >> 3 & 7) | (s->rex & REX_X ? 8 : 0);
    unsigned int base = (sib & 7) | (s->rex & REX_B ? 8 : 0);
    uint64_t a = index == 4 ? 0 : *insn_register(regs, index) << (sib >> 6);
    if ((sib & 7) == 5 && mod == 0)
        return a + fetch_signed(s, 4);
    return a + *insn_register(regs, base);
}

/* ModR/M and what belongs to it. False for a register operand: only memory is of interest. */
static bool fetch_modrm(struct insn_stream *s, struct cpu_regs *regs, struct operand *o)
{
    uint8_t m = insn_fetch_byte(s);
    unsigned int mod = m >> 6;
    o->reg = (m >> 3 & 7) | (s->rex & REX_R ? 8 : 0);
    if (mod == 3)
        return false;
    if ((m & 7) == 4) {
        o->address = sib_address(s, regs, mod);
    } else if ((m & 7) == 5 && mod == 0) {
        o->address = fetch_signed(s, 4);
        o->rip_relative = true;
    } else {
        o->address = *insn_register(regs, (m & 7) | (s->rex & REX_B ? 8 : 0));
    }
    if (mod)
        o->address += fetch_signed(s, mod == 1 ? 1 : 4);
    return true;
}

static uint64_t size_mask(unsigned int size)
{
    return ~0ULL >> (64 - 8 * size);
}

/* The register operand named by ModR/M.reg, with the old high-byte registers when there is no REX prefix. */
static void take_register(const struct insn_stream *s, struct cpu_regs *regs, unsigned int n, struct insn *i)
{
    if (i->size == 1 && !s->rex && n >= 4) {
        n -= 4;
        i->reg_shift = 8;
    }
    i->reg = insn_register(regs, n);
    i->operand = *i->reg >> i->reg_shift & size_mask(i->size);
}

/* A register's bit number reaches beyond the operand, and moves the address in steps of its size. */
static void take_bit_register(const struct cpu_regs *regs, struct operand *o, struct insn *i)
{
    unsigned int bits = 8u * i->size, unused = 64 - bits;
    int64_t n = (int64_t)(*insn_register((struct cpu_regs *)regs, o->reg) << unused) >> unused;
    int64_t step = n >= 0 ? n / bits : -((bits - 1 - n) / bits);
    o->address += (uint64_t)(step * i->size);
    i->operand = (uint64_t)n & (bits - 1);
}

/* The operation and its operands: what pattern p says. */
static bool decode_operands(struct insn_stream *s, struct cpu_regs *regs, const struct pattern *p, struct operand *o,
                            struct insn *i)
{
    static const int8_t group1[8] = {INSN_ADD, INSN_OR, -1, -1, INSN_AND, INSN_SUB, INSN_XOR, -1};
    static const int8_t group8[8] = {-1, -1, -1, -1, -1, INSN_BTS, INSN_BTR, INSN_BTC};
    int op = p->op;
    if (p->operands == STRING) {
        i->op = INSN_STOS;
        i->repeat = s->repeat;
        i->operand = regs->rax & size_mask(i->size);
        o->address = regs->rdi;
        return !i->repeat || regs->rcx; /* a count of zero cannot have faulted */
    }
    if (s->repeat || !fetch_modrm(s, regs, o))
        return false; /* a repeat prefix means another instruction, or nothing */
    switch (p->operands) {
    case REGISTER:
    case EXCHANGED:
        take_register(s, regs, o->reg, i);
        if (p->operands == REGISTER)
            i->reg = NULL;
        break;
    case BIT_REGISTER:
        take_bit_register(regs, o, i);
        break;
    case BIT_IMMEDIATE:
        op = group8[o->reg & 7];
        i->operand = insn_fetch_byte(s) & (8u * i->size - 1);
        break;
    default:
        op = p->operands != IMMEDIATE ? group1[o->reg & 7] : o->reg & 7 ? -1 : op;
        i->operand = fetch_signed(s, p->operands == GROUP1_BYTE ? 1 : MIN(i->size, 4)) & size_mask(i->size);
    }
    i->op = (enum insn_op)op;
    return op >= 0;
}

bool insn_decode(const uint8_t *bytes, unsigned int count, struct cpu_regs *regs, struct insn *insn)
{
    struct insn_stream s = {.bytes = bytes, .count = MIN(count, (unsigned int)INSN_LENGTH_MAX)};
    struct operand o = {0};
    const struct pattern *p = patterns;
    *insn = (struct insn){0};
    if (!insn_fetch_opcode(&s) || s.segment_override || s.address32 || s.repeat == 0xf2)
        return false;
    while (p->opcode != (p->sized ? s.opcode & ~1 : s.opcode))
        if (++p == patterns + ARRAY_SIZE(patterns))
            return false;
    insn->size = p->sized && !(s.opcode & 1) ? 1 : s.rex & REX_W ? 8 : s.operand16 ? 2 : 4;
    if (!decode_operands(&s, regs, p, &o, insn) || s.overrun)
        return false;
    insn->length = (uint8_t)s.at;
    insn->address = o.address + (o.rip_relative ? regs->rip + s.at : 0);
    return true;
}

/* Arithmetic is done at the top of a word, so that carry, sign and overflow are the word's. */
bool insn_compute(const struct insn *i, const struct cpu_regs *regs, uint64_t old, uint64_t *new, uint64_t *rflags)
{
    unsigned int shift = 64 - 8u * i->size;
    uint64_t a = old << shift, b = i->operand << shift, bit = 1ULL << (i->operand & 63), r, overflow = 0, adjust = 0;
    bool carry = false;
    switch (i->op) {
    case INSN_MOV:
    case INSN_STOS:
    case INSN_XCHG:
        *new = i->operand;
        return true;
    case INSN_BTS:
    case INSN_BTR:
    case INSN_BTC:
        *new = (i->op == INSN_BTS ? old | bit : i->op == INSN_BTR ? old & ~bit : old ^ bit) & size_mask(i->size);
        *rflags = (*rflags & ~FLAG_CF) | (old & bit ? FLAG_CF : 0);
        return true;
    case INSN_ADD:
    case INSN_XADD:
        r = a + b;
        carry = r < a;
        overflow = (a ^ r) & (b ^ r);
        adjust = a ^ b ^ r;
        break;
    case INSN_CMPXCHG: /* compares */
        b = a;
        a = regs->rax << shift;
        __attribute__((fallthrough));
    case INSN_SUB:
        r = a - b;
        carry = a < b;
        overflow = (a ^ b) & (a ^ r);
        adjust = a ^ b ^ r;
        break;
    default:
        r = i->op == INSN_OR ? a | b : i->op == INSN_AND ? a & b : a ^ b;
        break;
    }
    *rflags = (*rflags & ~ARITHMETIC_FLAGS) | (carry ? FLAG_CF : 0) | (r ? 0 : FLAG_ZF) | (r >> 63 ? FLAG_SF : 0) |
              (overflow >> 63 ? FLAG_OF : 0) | (adjust >> shift & FLAG_AF) |
              (__builtin_parity((unsigned int)(r >> shift & 0xff)) ? 0 : FLAG_PF);
    *new = i->op == INSN_CMPXCHG ? i->operand : r >> shift;
    return i->op != INSN_CMPXCHG || !r;
}

/* A 4-byte write to a register clears its upper half (SDM 1 3.4.1.1). */
static void register_write(uint64_t *reg, unsigned int shift, unsigned int size, uint64_t value)
{
    if (size >= 4)
        *reg = value & size_mask(size);
    else
        *reg = (*reg & ~(size_mask(size) << shift)) | (value & size_mask(size)) << shift;
}

void insn_retire(const struct insn *i, struct cpu_regs *regs, uint64_t old, bool written, uint64_t rflags)
{
    if (i->op == INSN_CMPXCHG && !written)
        register_write(&regs->rax, 0, i->size, old);
    if (i->reg)
        register_write(i->reg, i->reg_shift, i->size, old);
    regs->rflags = (regs->rflags & ~ARITHMETIC_FLAGS) | (rflags & ARITHMETIC_FLAGS);
    if (i->op == INSN_STOS) {
        regs->rdi += regs->rflags & RFLAGS_DF ? -(uint64_t)i->size : i->size;
        if (i->repeat && --regs->rcx)
            return; /* rip stays: the next element */
    }
    regs->rip += i->length;
}
