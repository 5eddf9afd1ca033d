/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All ways into the hypervisor, and the way out to a guest. Assembly moves registers; what is to be done is decided in C.
 *
 * Every entry leaves a struct cpu_regs (cpu/regs.h), lowest address at RSP:
 *
 *      r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi | vector | error code | rip cs rflags rsp ss
 *      ------------------- PUSH_GPRS ---------------------------   stub     CPU, stub    CPU
 *
 * From ring 3 it lies at cpu_local.guest: TSS.rsp0 points at its end, and so do the SYSCALL stubs (cpu/desc.c). As the
 * frame is the first member, RSP then is the address of cpu_local, which the checks on the way out use. From ring 0 it
 * lies wherever the stack is, and the way back is a plain IRETQ.
 *
 * #DF, NMI, #MC and #DB come on stacks of their own (IST), because they can hit between SYSCALL and the first
 * instruction that loads RSP. #DB from a guest is moved to cpu_local.guest at once and goes on like any exception. An
 * NMI is handled where it is and leaves by IRETQ, never by SYSRET: only IRET lets the next NMI in. It does no work on
 * the way out, because it may have hit in the midst of that.
 *
 * The way out runs with interrupts off, so that nothing can become pending between the check and the guest. A guest frame
 * may have any contents: IRETQ may fault on it (fixed up: the guest gets the exception), SYSRET must not, because it
 * would fault in ring 0 on the guest's stack (Intel), so rip is checked before.
 */
#include "cpu/extable.h"
#include "entry/asm_offsets.h"

.macro PUSH_GPRS
    push %rdi
    push %rsi
    push %rdx
    push %rcx
    push %rax
    push %r8
    push %r9
    push %r10
    push %r11
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
.endm

.macro POP_GPRS
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rax
    pop %rcx
    pop %rdx
    pop %rsi
    pop %rdi
.endm

/* The places for mitigations of speculative execution: flushing and restricting predictors, clearing registers and buffers. */
.macro MITIGATE_ENTRY_FROM_GUEST
.endm
.macro MITIGATE_ENTRY_IST
.endm
.macro MITIGATE_EXIT_TO_GUEST
.endm

/* Ring 3 can set AC, and ring 0 may have been interrupted with user access open: handlers run with it shut. */
.macro SHUT_USER_ACCESS
    cmpb $0, cpu_features + FEATURES_SMAP(%rip)
    je .Lno_smap\@
    clac
.Lno_smap\@:
.endm

/* From the exception's or interrupt's stub to C: the whole frame, as handlers want it. */
.macro SAVE_FRAME
    PUSH_GPRS
    cld
    SHUT_USER_ACCESS
    mov %rsp, %rdi
.endm

/* SYSCALL: RSP = &guest.rsp, which is stored. RCX = rip, R11 = rflags. */
.macro SAVE_SYSCALL_FRAME cs
    movq $ASM_GUEST_SS, 8(%rsp)
    push %r11
    push $\cs
    push %rcx
    push %rax
    push $ASM_VECTOR_SYSCALL
    PUSH_GPRS
    MITIGATE_ENTRY_FROM_GUEST
    mov CPU_CURRENT(%rsp), %rax
.endm

    .section .entry.text, "ax", @progbits
    .code64

/*
 * SYSCALL, 64-bit, interrupts off. From the guest's kernel: a hypercall; from its user mode: a system call for its
 * kernel.
 */
    .globl syscall_entry
    .type syscall_entry, @function
    .balign 16
syscall_entry:
    SAVE_SYSCALL_FRAME ASM_GUEST_CS64
    mov %rsp, %rdi
    sti
    cmpb $0, VCPU_KERNEL_MODE(%rax)
    je user_syscall
    call hypercall_dispatch

/* From here on RSP = cpu_local. */
exit_check:
    cli
exit_check_irqs_off:
    cmpq $0, CPU_SOFTIRQS(%rsp)
    jne exit_work
    mov CPU_CURRENT(%rsp), %rax
    mov VCPU_INFO(%rax), %rax
    movzwl (%rax), %eax /* upcall pending and its mask: 1..255 when pending and not masked */
    dec %eax
    cmp $0xfe, %eax
    jbe exit_work

exit_restore:
    MITIGATE_EXIT_TO_GUEST
    cmpl $ASM_VECTOR_SYSCALL, REGS_VECTOR(%rsp)
    jne exit_by_iret
    mov REGS_RIP(%rsp), %rcx
    mov %rcx, %rax
    sar $47, %rax /* 0 or -1: canonical */
    inc %eax
    cmp $1, %eax
    ja exit_by_iret
    mov REGS_RFLAGS(%rsp), %r11
    and $~ASM_RFLAGS_VIRTUAL, %r11
    or $ASM_RFLAGS_IF, %r11
    mov REGS_R15(%rsp), %r15
    mov REGS_R14(%rsp), %r14
    mov REGS_R13(%rsp), %r13
    mov REGS_R12(%rsp), %r12
    mov REGS_RBP(%rsp), %rbp
    mov REGS_RBX(%rsp), %rbx
    mov REGS_R10(%rsp), %r10
    mov REGS_R9(%rsp), %r9
    mov REGS_R8(%rsp), %r8
    mov REGS_RAX(%rsp), %rax
    mov REGS_RDX(%rsp), %rdx
    mov REGS_RSI(%rsp), %rsi
    mov REGS_RDI(%rsp), %rdi
    mov REGS_RSP(%rsp), %rsp
    sysretq

user_syscall:
    mov %rax, %rdi
    xor %esi, %esi
    call trap_frame_syscall
    jmp exit_check

exit_by_iret:
    andl $~ASM_RFLAGS_VIRTUAL, REGS_RFLAGS(%rsp)
    orl $ASM_RFLAGS_IF, REGS_RFLAGS(%rsp)
    POP_GPRS
    add $16, %rsp
    .globl iret_to_guest
iret_to_guest:
    iretq
    EXTABLE_ENTRY iret_to_guest, iret_failed

/*
 * The CPU refused the frame. Its exception came on this same stack, below the five words, and all registers are the
 * guest's again: the frame is built anew as if the guest had made the exception.
 */
iret_failed:
    sub $16, %rsp
    PUSH_GPRS
    mov %rsp, %rdi
    call trap_iret_failed
    jmp exit_check

exit_work:
    call exit_to_guest_work
    jmp exit_restore

/* void exit_to_guest(void): what is on the stack is forgotten. */
    .globl exit_to_guest
    .type exit_to_guest, @function
exit_to_guest:
    cli
    and $-ASM_STACK_SIZE, %rsp
    add $(ASM_STACK_SIZE - CPU_LOCAL_SIZE), %rsp
    xor %ebp, %ebp
    jmp exit_work

/* SYSCALL from compatibility mode: a system call for the kernel. */
    .globl compat_entry
    .type compat_entry, @function
compat_entry:
    SAVE_SYSCALL_FRAME ASM_GUEST_CS32
    mov %rax, %rdi
    mov $1, %esi
    sti
    call trap_frame_syscall
    jmp exit_check

/* SYSENTER: RSP is the end of the guest frame. rip and rsp of the caller are lost; flags are as they were but for IF. */
    .globl sysenter_entry
    .type sysenter_entry, @function
sysenter_entry:
    push $ASM_GUEST_SS
    push $0
    pushfq
    push $3 /* null selector */
    push $0
    push $0
    push $0
    PUSH_GPRS
    orl $ASM_RFLAGS_IF, REGS_RFLAGS(%rsp)
    push $2 /* clears NT, TF, AC, DF */
    popfq
    MITIGATE_ENTRY_FROM_GUEST
    mov CPU_CURRENT(%rsp), %rdi
    sti
    call trap_frame_sysenter
    jmp exit_check

/* Exceptions without an IST stack. */
    .balign 16
exception_entry:
    SAVE_FRAME
    testb $3, REGS_CS(%rsp)
    jz exception_in_hypervisor
    MITIGATE_ENTRY_FROM_GUEST
    call trap_from_guest
    jmp exit_check

exception_in_hypervisor:
    call trap_from_hypervisor
restore_hypervisor:
    POP_GPRS
    add $16, %rsp
    iretq

/* Interrupts; they stay off. */
    .balign 16
interrupt_entry:
    SAVE_FRAME
    testb $3, REGS_CS(%rsp)
    jz 1f
    MITIGATE_ENTRY_FROM_GUEST
    call interrupt_dispatch
    jmp exit_check_irqs_off
1:  call interrupt_dispatch
    jmp restore_hypervisor

/* int 0x80: its gate is open to ring 3. */
int80_entry:
    SAVE_FRAME
    MITIGATE_ENTRY_FROM_GUEST
    mov CPU_CURRENT(%rsp), %rdi
    mov $0x80, %esi
    sti
    call trap_frame_software_interrupt
    jmp exit_check

/* Moves the frame at RSP (on an IST stack) to cpu_local.guest, and RSP with it. */
.macro MOVE_TO_GUEST_FRAME
    mov %rsp, %rsi
    mov %rsp, %rdi
    and $-ASM_STACK_SIZE, %rdi
    add $(ASM_STACK_SIZE - CPU_LOCAL_SIZE), %rdi
    mov %rdi, %rax
    mov $REGS_WORDS, %ecx
    rep movsq
    mov %rax, %rsp
.endm

debug_entry:
    SAVE_FRAME
    MITIGATE_ENTRY_IST
    testb $3, REGS_CS(%rsp)
    jz exception_in_hypervisor
    MOVE_TO_GUEST_FRAME
    mov %rsp, %rdi
    call trap_from_guest
    jmp exit_check

nmi_entry:
    SAVE_FRAME
    MITIGATE_ENTRY_IST
    call trap_nmi
    testb $3, REGS_CS(%rsp)
    jz restore_hypervisor
    MOVE_TO_GUEST_FRAME /* for iret_failed */
    jmp exit_by_iret

/* Machine checks and double faults. */
fatal_entry:
    SAVE_FRAME
    call trap_fatal
    ud2 /* for the return address to be in this function */

/*
 * One stub per vector: an error code where the CPU pushes none (SDM 3A table 6-1), the vector, the common part.
 */
.macro STUB vector
    .pushsection .rodata
    .quad stub_\vector
    .popsection
stub_\vector:
    .if !(\vector == 8 || (\vector >= 10 && \vector <= 14) || \vector == 17 || \vector == 21 || \vector == 29 || \vector == 30)
    push $0
    .endif
    push $\vector
    .if \vector == 1
    jmp debug_entry
    .elseif \vector == 2
    jmp nmi_entry
    .elseif \vector == 8 || \vector == 18
    jmp fatal_entry
    .elseif \vector < 32
    jmp exception_entry
    .elseif \vector == 0x80
    jmp int80_entry
    .else
    jmp interrupt_entry
    .endif
.endm

    .pushsection .rodata
    .balign 8
    .globl entry_stubs
entry_stubs:
    .popsection

    .altmacro
.macro STUB_NUMBERED number
    STUB \number
.endm
    .set number, 0
    .rept 256
    STUB_NUMBERED %number
    .set number, number + 1
    .endr
    .noaltmacro

    .section .note.GNU-stack, "", @progbits
