/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Offsets and sizes that assembly needs. This file is compiled to assembler text only; the build picks the marked lines
 * out of it and makes entry/asm_offsets.h.
 */
#include "lib/types.h"

#define DEFINE(name, value)        __asm__ volatile("\n.ascii \"->" #name " %c0\"" : : "i"(value))
#define OFFSET(name, type, member) DEFINE(name, offsetof(type, member))

void asm_offsets(void);
void asm_offsets(void)
{
    DEFINE(ASM_PAGE_SIZE, PAGE_SIZE);
}
