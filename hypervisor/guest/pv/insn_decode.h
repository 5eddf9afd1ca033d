/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Instructions of a PV kernel that are carried out for it. The part that all need: prefixes and opcode, immediates, the
 * register file by number. And a decoder of the few by which a kernel writes one page-table entry through its read-only
 * mapping: mov, xchg, cmpxchg, xadd, and, or, xor, add, sub, bts, btr, btc, with or without lock, 1 to 8 bytes, and
 * stos. Pure: bytes and registers in, description out; nothing is guessed: what is not in the list is not decoded.
 */
#ifndef HAVEN_GUEST_PV_INSN_DECODE_H
#define HAVEN_GUEST_PV_INSN_DECODE_H

#include "cpu/regs.h"
#include "lib/types.h"

#define INSN_LENGTH_MAX 15

#define REX_B 1
#define REX_X 2
#define REX_R 4
#define REX_W 8

/* An instruction's bytes, and what was found in front of its opcode. */
struct insn_stream {
    const uint8_t *bytes;
    unsigned int count, at;
    bool overrun;        /* more was asked for than there is; reads as zeros */
    uint8_t rex, repeat; /* 0xf2, 0xf3 or 0 */
    bool operand16, address32, lock;
    bool segment_override; /* of FS or GS, whose bases are not flat */
    uint16_t opcode;       /* 0x0fXX: two bytes */
};

/* Prefixes and opcode. False: there are not enough bytes. */
bool insn_fetch_opcode(struct insn_stream *s);
uint8_t insn_fetch_byte(struct insn_stream *s);

enum insn_op {
    INSN_MOV,
    INSN_XCHG,
    INSN_CMPXCHG,
    INSN_XADD,
    INSN_ADD,
    INSN_OR,
    INSN_AND,
    INSN_SUB,
    INSN_XOR,
    INSN_BTS,
    INSN_BTR,
    INSN_BTC,
    INSN_STOS,
};

struct insn {
    enum insn_op op;
    uint8_t length;    /* of the whole instruction */
    uint8_t size;      /* of the memory operand: 1, 2, 4, 8 */
    uint64_t address;  /* of the memory operand (flat segments) */
    uint64_t operand;  /* immediate or register operand, or the bit number for bts, btr, btc */
    uint64_t *reg;     /* register that xchg and xadd write; NULL: none */
    uint8_t reg_shift; /* 8: it is ah, ch, dh or bh */
    bool repeat;       /* rep stos: rcx counts, the instruction goes on while it is not zero */
};

/* False: not one of the list, or 'count' bytes are not enough. regs is only read. */
bool insn_decode(const uint8_t *bytes, unsigned int count, struct cpu_regs *regs, struct insn *insn);

/*
 * What the instruction makes of 'old' in memory. *rflags gets its arithmetic flags. False: memory stays as it is (a
 * cmpxchg that does not match). Registers are not changed: insn_retire does that once memory was written.
 */
bool insn_compute(const struct insn *insn, const struct cpu_regs *regs, uint64_t old, uint64_t *new, uint64_t *rflags);

/* The instruction is done: registers, flags, rip. written: what insn_compute returned. */
void insn_retire(const struct insn *insn, struct cpu_regs *regs, uint64_t old, bool written, uint64_t rflags);

/* General register by its number in instructions (0 rax, 1 rcx, ... 15 r15). */
uint64_t *insn_register(struct cpu_regs *regs, unsigned int number);

#endif
