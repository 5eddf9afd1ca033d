/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Places where the hypervisor may fault on purpose (guest memory, MSRs, segment loads, iret to a guest) and where to go
 * on then. EXTABLE(from, to) makes an entry in an asm statement, EXTABLE_ENTRY in assembly.
 */
#ifndef HAVEN_CPU_EXTABLE_H
#define HAVEN_CPU_EXTABLE_H

#define EXTABLE(from, to)                                                                                              \
    ".pushsection .extable, \"a\"\n\t.balign 4\n\t.long (" from ") - .\n\t.long (" to ") - .\n\t.popsection\n\t"

#ifndef __ASSEMBLER__
#include "lib/types.h"
/* The address to continue at after a fault at rip, or 0. */
uint64_t extable_find(uint64_t rip);
#else
// clang-format off
.macro EXTABLE_ENTRY from, to
    .pushsection .extable, "a"
    .balign 4
    .long (\from) - .
    .long (\to) - .
    .popsection
.endm
// clang-format on
#endif

#endif
