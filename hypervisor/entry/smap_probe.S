/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A walk to ring 3 and back (smap_test.c): smap_probe enters smap_probe_user, a copy of which lies in a page for ring 3. That
 * executes IRETQ to itself with a stack in the same page, then an invalid opcode. Gates lead back here; whatever came
 * first is the answer.
 */
#include "entry/asm_offsets.h"

    .section .init.text, "ax", @progbits
    .code64

/* bool smap_probe(uint64_t rip, uint64_t rsp): true if the IRETQ worked. Interrupts off. */
    .globl smap_probe
    .type smap_probe, @function
smap_probe:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, smap_probe_stack(%rip)
    push $ASM_GUEST_SS
    push %rsi
    push $2 /* interrupts stay off */
    push $ASM_GUEST_CS64
    push %rdi
    iretq

/* Gates: #UD is the end of the walk, anything else a failure. The frame on cpu_local.guest is forgotten. */
    .globl smap_probe_passed
smap_probe_passed:
    mov $1, %eax
    jmp 1f
    .globl smap_probe_failed
smap_probe_failed:
    xor %eax, %eax
1:  mov smap_probe_stack(%rip), %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret

/* Ring 3. */
    .globl smap_probe_user, smap_probe_user_end
smap_probe_user:
    mov %rsp, %rcx
    lea 1f(%rip), %rax
    push $ASM_GUEST_SS
    push %rcx
    pushfq
    push $ASM_GUEST_CS64
    push %rax
    iretq
1:  ud2
smap_probe_user_end:

    .section .init.data, "aw", @progbits
    .balign 8
smap_probe_stack:
    .quad 0

    .section .note.GNU-stack, "", @progbits
