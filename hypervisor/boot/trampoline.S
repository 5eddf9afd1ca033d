/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where an application processor starts: smp_boot.c copies this below 1 MiB, writes the parameters at its end, and
 * names the page in the STARTUP IPI. The processor begins in real mode with CS = page << 8, IP = 0, goes to
 * protected mode and at once on to long mode on the boot tables (head.S), and leaves for the image's addresses.
 * Nothing but the parameters is written, so that a late processor cannot spoil anything.
 */
    .section .init.rodata, "a", @progbits
#define AT(x) ((x) - trampoline_start)

    .globl trampoline_start, trampoline_end, trampoline_parameters
    .code16
    .balign 16
trampoline_start:
    cli
    cld
    mov %cs, %ax
    mov %ax, %ds
    xor %ebx, %ebx
    mov %ax, %bx
    shl $4, %ebx /* our physical address */
    lgdtl AT(parameter_gdtr)
    mov %cr0, %eax
    or $1, %eax
    mov %eax, %cr0
    ljmpl *AT(parameter_protected)

    .code32
protected:
    mov $0x10, %eax
    mov %eax, %ds
    mov $0x20, %eax /* CR4: PAE */
    mov %eax, %cr4
    mov AT(parameter_cr3)(%ebx), %eax
    mov %eax, %cr3
    mov $0xc0000080, %ecx /* EFER: LME, NXE */
    rdmsr
    or $0x900, %eax
    wrmsr
    mov $0x80010033, %eax /* CR0: PG, WP, NE, ET, MP, PE; caches on */
    mov %eax, %cr0
    ljmp *AT(parameter_long)(%ebx)

    .code64
long:
    mov AT(parameter_entry)(%rbx), %rax
    jmp *%rax

    .balign 8
gdt:
    .quad 0
    .quad 0x00cf9b000000ffff
    .quad 0x00cf93000000ffff
    .quad 0x00af9b000000ffff
gdt_end:

/* struct trampoline_parameters of smp_boot.c: offsets from trampoline_start until they are made addresses. */
    .balign 8
trampoline_parameters:
parameter_entry:
    .quad 0
parameter_cr3:
    .long 0
parameter_protected:
    .long AT(protected)
    .word 0x08, 0
parameter_long:
    .long AT(long)
    .word 0x18
parameter_gdtr:
    .word gdt_end - gdt - 1
    .long AT(gdt)
trampoline_end:

    .section .note.GNU-stack, "", @progbits
