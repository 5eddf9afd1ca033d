/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See insn_decode.h. Encodings: SDM volume 2, appendix A (opcode maps) and 2.1.5, 2.2.1 (ModR/M, SIB, REX). */
#include "guest/pv/insn_decode.h"

#define REX_B 1
#define REX_X 2
#define REX_R 4
#define REX_W 8

#define ARITHMETIC_FLAGS 0x8d5UL /* OF SF ZF AF PF CF */
#define FLAG_CF          0x001UL
#define FLAG_PF          0x004UL
#define FLAG_AF          0x010UL
#define FLAG_ZF          0x040UL
#define FLAG_SF          0x080UL
#define FLAG_OF          0x800UL

struct decoder {
    const uint8_t *bytes;
    unsigned int count, at;
    bool overrun;
    struct cpu_regs *regs;
    uint8_t rex;
    bool operand16, repeat;
    uint8_t mod, reg, rm; /* reg and rm with their REX bits */
    uint64_t address;
    bool rip_relative;
};

uint64_t *insn_register(struct cpu_regs *r, unsigned int number)
{
    uint64_t *const file[16] = {&r->rax, &r->rcx, &r->rdx, &r->rbx, &r->rsp, &r->rbp, &r->rsi, &r->rdi,
                                &r->r8,  &r->r9,  &r->r10, &r->r11, &r->r12, &r->r13, &r->r14, &r->r15};
    return file[number & 15];
}

static uint8_t fetch8(struct decoder *d)
{
    if (d->at >= d->count) {
        d->overrun = true;
        return 0;
    }
    return d->bytes[d->at++];
}

/* Little-endian, sign-extended from 'size' bytes (1, 2, 4). */
static uint64_t fetch_signed(struct decoder *d, unsigned int size)
{
    uint64_t v = 0;
    for (unsigned int i = 0; i < size; i++)
        v |= (uint64_t)fetch8(d) << (8 * i);
    unsigned int unused = 64 - 8 * size;
    return (uint64_t)((int64_t)(v << unused) >> unused);
}

/* Prefixes up to the opcode, which is returned. Segment overrides are refused: their bases are not flat. */
static bool fetch_prefixes(struct decoder *d, uint8_t *opcode)
{
    for (;;) {
        uint8_t b = fetch8(d);
        if (d->overrun)
            return false;
        if (b == 0x66) {
            d->operand16 = true;
        } else if (b == 0xf3) {
            d->repeat = true;
        } else if (b == 0xf0 || b == 0x2e || b == 0x3e || b == 0x26 || b == 0x36) {
            continue; /* lock; segment overrides without effect in 64-bit mode */
        } else if ((b & 0xf0) == 0x40) {
            d->rex = b; /* must be the last prefix: the opcode follows */
            *opcode = fetch8(d);
            return !d->overrun;
        } else {
            *opcode = b;
            return b != 0x64 && b != 0x65 && b != 0x67 && b != 0xf2;
        }
    }
}

static uint64_t sib_address(struct decoder *d)
{
    uint8_t sib = fetch8(d);
    unsigned int index = (sib >> 3 & 7) | (d->rex & REX_X ? 8 : 0);
    unsigned int base = (sib & 7) | (d->rex & REX_B ? 8 : 0);
    uint64_t a = index == 4 ? 0 : *insn_register(d->regs, index) << (sib >> 6);
    if ((sib & 7) == 5 && d->mod == 0)
        return a + fetch_signed(d, 4);
    return a + *insn_register(d->regs, base);
}

/* ModR/M and what belongs to it. False for a register operand: only memory is of interest. */
static bool fetch_modrm(struct decoder *d)
{
    uint8_t m = fetch8(d);
    d->mod = m >> 6;
    d->reg = (m >> 3 & 7) | (d->rex & REX_R ? 8 : 0);
    d->rm = (m & 7) | (d->rex & REX_B ? 8 : 0);
    if (d->mod == 3)
        return false;
    if ((m & 7) == 4) {
        d->address = sib_address(d);
    } else if ((m & 7) == 5 && d->mod == 0) {
        d->address = fetch_signed(d, 4);
        d->rip_relative = true;
    } else {
        d->address = *insn_register(d->regs, d->rm);
    }
    if (d->mod == 1)
        d->address += fetch_signed(d, 1);
    else if (d->mod == 2)
        d->address += fetch_signed(d, 4);
    return !d->overrun;
}

static uint64_t size_mask(unsigned int size)
{
    return size == 8 ? ~0ULL : (1ULL << (8 * size)) - 1;
}

/* The register operand named by ModR/M.reg, with the old high-byte registers when there is no REX prefix. */
static void take_register(struct decoder *d, struct insn *i)
{
    unsigned int n = d->reg;
    i->reg_shift = 0;
    if (i->size == 1 && !d->rex && n >= 4) {
        n -= 4;
        i->reg_shift = 8;
    }
    i->reg = insn_register(d->regs, n);
    i->operand = *i->reg >> i->reg_shift & size_mask(i->size);
}

static bool decode_group1(struct decoder *d, uint8_t opcode, struct insn *i)
{
    static const int8_t op[8] = {INSN_ADD, INSN_OR, -1, -1, INSN_AND, INSN_SUB, INSN_XOR, -1};
    if (!fetch_modrm(d) || op[d->reg & 7] < 0)
        return false;
    i->op = (enum insn_op)op[d->reg & 7];
    i->operand = fetch_signed(d, opcode == 0x81 ? (i->size == 2 ? 2 : 4) : 1) & size_mask(i->size);
    return true;
}

/* One element at rdi. A repeat count of zero cannot have faulted. */
static bool decode_stos(struct decoder *d, struct insn *i)
{
    i->op = INSN_STOS;
    i->repeat = d->repeat;
    i->operand = d->regs->rax & size_mask(i->size);
    d->address = d->regs->rdi;
    return !d->repeat || d->regs->rcx;
}

static bool decode_one_byte(struct decoder *d, uint8_t opcode, struct insn *i)
{
    i->size = opcode & 1 ? (d->rex & REX_W ? 8 : d->operand16 ? 2 : 4) : 1;
    switch (opcode) {
    case 0x00:
    case 0x01:
        i->op = INSN_ADD;
        break;
    case 0x08:
    case 0x09:
        i->op = INSN_OR;
        break;
    case 0x20:
    case 0x21:
        i->op = INSN_AND;
        break;
    case 0x28:
    case 0x29:
        i->op = INSN_SUB;
        break;
    case 0x30:
    case 0x31:
        i->op = INSN_XOR;
        break;
    case 0x86:
    case 0x87:
        i->op = INSN_XCHG;
        break;
    case 0x88:
    case 0x89:
        i->op = INSN_MOV;
        break;
    case 0x80:
    case 0x81:
    case 0x83:
        return decode_group1(d, opcode, i);
    case 0xaa:
    case 0xab:
        return decode_stos(d, i);
    case 0xc6:
    case 0xc7:
        i->op = INSN_MOV;
        if (!fetch_modrm(d) || (d->reg & 7) != 0)
            return false;
        i->operand = fetch_signed(d, i->size == 8 ? 4 : i->size) & size_mask(i->size);
        return true;
    default:
        return false;
    }
    if (!fetch_modrm(d))
        return false;
    take_register(d, i);
    if (i->op != INSN_XCHG)
        i->reg = NULL;
    return true;
}

/* bts, btr, btc: a register's bit number reaches beyond the operand, and moves the address in steps of its size. */
static void bit_operand_from_register(struct decoder *d, struct insn *i)
{
    unsigned int bits = 8u * i->size;
    take_register(d, i);
    int64_t n = i->size == 8 ? (int64_t)i->operand : i->size == 4 ? (int32_t)i->operand : (int16_t)i->operand;
    int64_t step = n >= 0 ? n / bits : -((bits - 1 - n) / bits);
    d->address += (uint64_t)(step * i->size);
    i->operand = (uint64_t)n & (bits - 1);
    i->reg = NULL;
}

static bool decode_two_byte(struct decoder *d, struct insn *i)
{
    uint8_t opcode = fetch8(d);
    i->size = d->rex & REX_W ? 8 : d->operand16 ? 2 : 4;
    switch (opcode) {
    case 0xb0:
    case 0xc0:
        i->size = 1;
        __attribute__((fallthrough));
    case 0xb1:
    case 0xc1:
        i->op = opcode < 0xc0 ? INSN_CMPXCHG : INSN_XADD;
        if (!fetch_modrm(d))
            return false;
        take_register(d, i);
        if (i->op == INSN_CMPXCHG)
            i->reg = NULL;
        return true;
    case 0xab:
    case 0xb3:
    case 0xbb:
        i->op = opcode == 0xab ? INSN_BTS : opcode == 0xb3 ? INSN_BTR : INSN_BTC;
        if (!fetch_modrm(d))
            return false;
        bit_operand_from_register(d, i);
        return true;
    case 0xba:
        if (!fetch_modrm(d) || (d->reg & 7) < 5)
            return false;
        i->op = (d->reg & 7) == 5 ? INSN_BTS : (d->reg & 7) == 6 ? INSN_BTR : INSN_BTC;
        i->operand = fetch8(d) & (8u * i->size - 1);
        return true;
    default:
        return false;
    }
}

bool insn_decode(const uint8_t *bytes, unsigned int count, struct cpu_regs *regs, struct insn *insn)
{
    struct decoder d = {.bytes = bytes, .count = count < INSN_LENGTH_MAX ? count : INSN_LENGTH_MAX, .regs = regs};
    uint8_t opcode;
    *insn = (struct insn){0};
    if (!fetch_prefixes(&d, &opcode))
        return false;
    if (!(opcode == 0x0f ? decode_two_byte(&d, insn) : decode_one_byte(&d, opcode, insn)) || d.overrun)
        return false;
    if (d.repeat && insn->op != INSN_STOS)
        return false; /* means another instruction, or nothing */
    insn->length = (uint8_t)d.at;
    insn->address = d.address + (d.rip_relative ? regs->rip + d.at : 0);
    return true;
}

static uint64_t flags_of_result(uint64_t result, unsigned int size)
{
    uint64_t f = 0;
    if (!(result & size_mask(size)))
        f |= FLAG_ZF;
    if (result >> (8 * size - 1) & 1)
        f |= FLAG_SF;
    if (!(__builtin_popcount((unsigned int)(result & 0xff)) & 1))
        f |= FLAG_PF;
    return f;
}

static uint64_t flags_of_add(uint64_t a, uint64_t b, uint64_t sum, unsigned int size)
{
    uint64_t f = flags_of_result(sum, size);
    if ((sum & size_mask(size)) < (a & size_mask(size)))
        f |= FLAG_CF;
    if (((a ^ sum) & (b ^ sum)) >> (8 * size - 1) & 1)
        f |= FLAG_OF;
    if ((a ^ b ^ sum) & 0x10)
        f |= FLAG_AF;
    return f;
}

static uint64_t flags_of_sub(uint64_t a, uint64_t b, uint64_t difference, unsigned int size)
{
    uint64_t f = flags_of_result(difference, size);
    if ((a & size_mask(size)) < (b & size_mask(size)))
        f |= FLAG_CF;
    if (((a ^ b) & (a ^ difference)) >> (8 * size - 1) & 1)
        f |= FLAG_OF;
    if ((a ^ b ^ difference) & 0x10)
        f |= FLAG_AF;
    return f;
}

bool insn_compute(const struct insn *i, const struct cpu_regs *regs, uint64_t old, uint64_t *new, uint64_t *rflags)
{
    uint64_t mask = size_mask(i->size), bit = 1ULL << (i->operand & 63), flags = *rflags & ARITHMETIC_FLAGS;
    old &= mask;
    switch (i->op) {
    case INSN_MOV:
    case INSN_STOS:
    case INSN_XCHG:
        *new = i->operand;
        break;
    case INSN_CMPXCHG:
        flags = flags_of_sub(regs->rax, old, (regs->rax & mask) - old, i->size);
        *new = i->operand;
        break;
    case INSN_ADD:
    case INSN_XADD:
        *new = old + i->operand;
        flags = flags_of_add(old, i->operand, *new, i->size);
        break;
    case INSN_SUB:
        *new = old - i->operand;
        flags = flags_of_sub(old, i->operand, *new, i->size);
        break;
    case INSN_OR:
    case INSN_AND:
    case INSN_XOR:
        *new = i->op == INSN_OR ? old | i->operand : i->op == INSN_AND ? old & i->operand : old ^ i->operand;
        flags = flags_of_result(*new, i->size);
        break;
    case INSN_BTS:
    case INSN_BTR:
    case INSN_BTC:
        *new = i->op == INSN_BTS ? old | bit : i->op == INSN_BTR ? old & ~bit : old ^ bit;
        flags = (flags & ~FLAG_CF) | (old & bit ? FLAG_CF : 0);
        break;
    }
    *new &= mask;
    *rflags = (*rflags & ~ARITHMETIC_FLAGS) | flags;
    return i->op != INSN_CMPXCHG || (flags & FLAG_ZF);
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
