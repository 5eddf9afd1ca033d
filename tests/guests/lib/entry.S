/* SPDX-License-Identifier: MIT
 *
 * Where a micro-guest begins, and every way in which the hypervisor enters it afterwards.
 *
 * The Xen notes say how to build the domain: no hypercall page is asked for, because a 64-bit PV guest can
 * execute SYSCALL itself.  The domain starts at _start with RSI = start_info, flat selectors, events masked.
 *
 * Each entry (256 vectors and the three callbacks) finds this on its stack, lowest address first:
 *      rcx  r11  [ds es fs gs: failsafe only]  [error code: some vectors]  rip  cs|mask<<32  rflags  rsp  ss
 * and turns it into struct trap_frame (traps.h), whose upper part is at the same time the frame that the iret
 * hypercall takes: rax r11 rcx flags rip cs rflags rsp ss.
 */
#include <xen/elfnote.h>

        .section .note.Xen, "a", @note
        .macro NOTE type:req, payload:vararg
        .balign 4
        .long   2f - 1f, 4f - 3f, \type
1:      .asciz  "Xen"
2:      .balign 4
3:      \payload
4:      .balign 4
        .endm
        NOTE    XEN_ELFNOTE_GUEST_OS, .asciz "haven-micro-guest"
        NOTE    XEN_ELFNOTE_GUEST_VERSION, .asciz "1"
        NOTE    XEN_ELFNOTE_LOADER, .asciz "generic"
        NOTE    XEN_ELFNOTE_XEN_VERSION, .asciz "xen-3.0"
        NOTE    XEN_ELFNOTE_FEATURES, .asciz "!writable_page_tables|pae_pgdir_above_4gb"
        NOTE    XEN_ELFNOTE_PAE_MODE, .asciz "yes"
        NOTE    XEN_ELFNOTE_VIRT_BASE, .quad 0xffffffff80000000
        NOTE    XEN_ELFNOTE_PADDR_OFFSET, .quad 0
        NOTE    XEN_ELFNOTE_ENTRY, .quad _start
        NOTE    XEN_ELFNOTE_HV_START_LOW, .quad 0xffff800000000000
        NOTE    XEN_ELFNOTE_L1_MFN_VALID, .quad 1, 1

        .text
        .globl  _start
_start:
        cld
        lea     vcpu_stacks + 0x10000(%rip), %rsp   /* vCPU 0's area, see vcpu.h */
        mov     %rsi, %rdi
        xor     %ebp, %ebp
        call    guest_start
        ud2

/* A second vCPU starts here, RDI = its number; vcpu.c chose the stack. */
        .globl  vcpu_entry
vcpu_entry:
        cld
        xor     %ebp, %ebp
        call    vcpu_start
        ud2

/* ---- entries ---- */
        .text
        .macro PLAIN vector:req          /* no error code: make room for one */
        pop     %rcx
        pop     %r11
        push    $0
        push    %rcx
        push    %r11
        push    %rax
        push    $\vector
        jmp     trap_common
        .endm
        .macro WITH_ERROR vector:req
        pop     %rcx
        pop     %r11
        push    %rcx
        push    %r11
        push    %rax
        push    $\vector
        jmp     trap_common
        .endm

        .balign 32
        .globl  trap_stubs
trap_stubs:
        .set    vector, 0
        .rept   256
        .balign 32
        .if     vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21
        WITH_ERROR vector
        .else
        PLAIN   vector
        .endif
        .set    vector, vector + 1
        .endr

        .globl  event_entry, syscall_entry, failsafe_entry
event_entry:
        PLAIN   256
syscall_entry:
        PLAIN   257
failsafe_entry:                          /* keep the four selectors for the test that wants to see them */
        push    %rax
        mov     24(%rsp), %rax
        mov     %rax, failsafe_selectors(%rip)
        mov     32(%rsp), %rax
        mov     %rax, failsafe_selectors+8(%rip)
        mov     40(%rsp), %rax
        mov     %rax, failsafe_selectors+16(%rip)
        mov     48(%rsp), %rax
        mov     %rax, failsafe_selectors+24(%rip)
        /* Stack: rax rcx r11 ds es fs gs rip ...  Move rcx and r11 up beside rip, drop the rest. */
        mov     16(%rsp), %r11
        mov     8(%rsp), %rcx
        pop     %rax
        mov     %r11, 40(%rsp)
        mov     %rcx, 32(%rsp)
        add     $32, %rsp
        PLAIN   258

        .globl  trap_common
trap_common:
        push    %rdi
        push    %rsi
        push    %rdx
        push    %r8
        push    %r9
        push    %r10
        push    %rbx
        push    %rbp
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        cld
        mov     %rsp, %rdi
        mov     %rsp, %rbx
        and     $-16, %rsp
        call    trap_dispatch
        mov     %rbx, %rdi
        movq    $0, 128(%rdi)            /* the error code's place holds the iret flags */
/* void trap_return(struct trap_frame *): resume the interrupted or a made-up context; does not come back. */
        .globl  trap_return
trap_return:
        mov     %rdi, %rsp
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbp
        pop     %rbx
        pop     %r10
        pop     %r9
        pop     %r8
        pop     %rdx
        pop     %rsi
        pop     %rdi
        add     $8, %rsp                 /* vector */
        mov     $23, %eax                /* __HYPERVISOR_iret */
        syscall
        ud2

/* long user_enter(struct trap_frame *go, uint64_t *saved_rsp): run user mode until user_leave (user.c). */
        .globl  user_enter, user_leave
user_enter:
        push    %rbx
        push    %rbp
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        mov     %rsp, (%rsi)
        jmp     trap_return
/* void user_leave(uint64_t saved_rsp, long result) */
user_leave:
        mov     %rdi, %rsp
        mov     %rsi, %rax
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbp
        pop     %rbx
        ret

        .section .note.GNU-stack, "", @progbits
