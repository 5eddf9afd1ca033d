/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Before packing x86 code, xz replaces the relative targets of CALL and JMP (0xe8, 0xe9) by absolute ones: the same
 * target then gives the same bytes wherever it is called from. The rules by which it tells instructions from data are
 * part of the file format:
 *
 *   - An operand is taken for one only if its top byte is 0x00 or 0xff, that is, if it is small.
 *   - Up to three bytes before the opcode may have looked like opcodes too and been left alone. 'doubts' remembers
 * them: bit n is set if the byte n + 1 before did. Then the operand's bytes may overlap those of an earlier candidate,
 * and its byte that would have been the earlier one's top byte decides.
 *
 * libzma's own decoder goes byte by byte, which costs a fifth of the whole unpacking; this one looks at 8 bytes at once
 * for an opcode.
 */
#include "boot/bcj_x86.h"
#include "lib/string.h"

#define OPCODE_SIZE  1
#define OPERAND_SIZE 4

static bool looks_small(uint8_t top)
{
    return top == 0x00 || top == 0xff;
}

/* Offset of the first byte at or behind 'at' that is 0xe8 or 0xe9; 'end' if there is none before it. */
static size_t find_opcode(const uint8_t *data, size_t at, size_t end)
{
    const uint64_t ones = 0x0101010101010101, tops = ones << 7;

    for (; at + sizeof(uint64_t) <= end; at += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, data + at, sizeof(word));
        word = (word ^ 0xe8 * ones) & 0xfe * ones;     /* an opcode's byte is now 0 */
        uint64_t zeros = (word - ones) & ~word & tops; /* exact for the lowest one */
        if (zeros)
            return at + (size_t)(__builtin_ctzll(zeros) / 8);
    }
    while (at < end && (data[at] & 0xfe) != 0xe8)
        at++;
    return at;
}

/* The highest doubt, as the number of bytes by which the operands overlap. doubts is not 0. */
static unsigned int overlap(unsigned int doubts)
{
    return doubts >= 4 ? 3 : doubts >= 2 ? 2 : 1;
}

/* Is this an operand, for all the doubts: two of them at once are too many, and the byte in question must not be small.
 */
static bool doubts_allow(const uint8_t *opcode, unsigned int doubts)
{
    if (doubts == 0)
        return true;
    if (doubts & (doubts - 1))
        return false;
    return !looks_small(opcode[OPERAND_SIZE - overlap(doubts)]);
}

/* From absolute back to relative; 'next' is the address behind the instruction. */
static uint32_t relative(uint32_t target, uint32_t next, unsigned int doubts)
{
    for (;;) {
        uint32_t value = target - next;
        if (doubts == 0)
            return value;
        unsigned int shift = 8 * overlap(doubts);
        if (!looks_small((uint8_t)(value >> (24 - shift))))
            return value;
        target = value ^ ((1u << (32 - shift)) - 1);
    }
}

void bcj_x86_decode(uint8_t *data, size_t size)
{
    if (size < OPCODE_SIZE + OPERAND_SIZE)
        return;
    size_t end = size - OPERAND_SIZE, last = (size_t)-1;
    unsigned int doubts = 0;

    for (size_t at = find_opcode(data, 0, end); at < end; at = find_opcode(data, at, end)) {
        size_t distance = at - last;
        doubts = distance > 3 ? 0 : doubts << (distance - 1) & 7;
        last = at;

        uint8_t *operand = data + at + OPCODE_SIZE;
        if (!doubts_allow(data + at, doubts) || !looks_small(operand[3])) {
            doubts = doubts << 1 | 1;
            at++;
            continue;
        }
        uint32_t value;
        memcpy(&value, operand, sizeof(value));
        value = relative(value, (uint32_t)(at + OPCODE_SIZE + OPERAND_SIZE), doubts);
        value &= 0x1ffffff; /* 25 bits with a sign make the top byte 0x00 or 0xff again */
        if (value & 0x1000000)
            value |= 0xff000000;
        memcpy(operand, &value, sizeof(value));
        at += OPCODE_SIZE + OPERAND_SIZE;
    }
}
