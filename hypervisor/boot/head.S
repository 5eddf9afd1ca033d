/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the boot loader to C.
 *
 * A multiboot loader (1 or 2) enters _start in 32-bit protected mode, paging off, EAX = its magic, EBX = address of its
 * information. The image lies where it was linked to (IMAGE_PHYS). The page tables for booting are constants, so that
 * nothing has to be built: the first 4 GiB at their own addresses (which the switch of modes needs) and in the
 * direct map, and the image at IMAGE_VIRT. hv_map_init replaces them; application processors pass through them once
 * more, each for a moment (trampoline.S).
 *
 * The boot stack is a block as cpu/cpu_local.h draws it, so that cpu_this() works from the first C function.
 */
#include "entry/asm_offsets.h"
#include "mm/layout.h"

#define MB1_MAGIC 0x1badb002
#define MB1_FLAGS 0x00010003 /* modules page-aligned; memory map; address fields valid */
#define MB2_MAGIC 0xe85250d6

#define PHYS(x) ((x) - IMAGE_VIRT + IMAGE_PHYS)

#define PTE_TABLE 0x003 /* present, writable */
#define PTE_2M    0x083 /* present, writable, superpage */

#define BOOT_CS32 0x08
#define BOOT_DS   0x10
#define BOOT_CS64 0x18

    .section .multiboot, "ax", @progbits
    .balign 8
multiboot1_header:
    .long MB1_MAGIC
    .long MB1_FLAGS
    .long -(MB1_MAGIC + MB1_FLAGS)
    .long PHYS(multiboot1_header)
    .long PHYS(_start_image)
    .long PHYS(_image_load_end)
    .long PHYS(_image_end)
    .long PHYS(_start)

    .balign 8
multiboot2_header:
    .long MB2_MAGIC
    .long 0 /* i386 */
    .long multiboot2_header_end - multiboot2_header
    .long -(MB2_MAGIC + (multiboot2_header_end - multiboot2_header))
    .balign 8
    .word 1, 0 /* wanted: command line, modules, memory map; taken when there: ACPI pointers */
    .long 20
    .long 1, 3, 6
    .balign 8
    .word 2, 0 /* addresses */
    .long 24
    .long PHYS(multiboot2_header), PHYS(_start_image), PHYS(_image_load_end), PHYS(_image_end)
    .balign 8
    .word 3, 0 /* entry */
    .long 12
    .long PHYS(_start)
    .balign 8
    .word 6, 0 /* modules page-aligned */
    .long 8
    .balign 8
    .word 0, 0
    .long 8
multiboot2_header_end:

    .section .init.text, "ax", @progbits
    .code32
    .globl _start
_start:
    cli
    cld
    mov %eax, %ebp /* kept from CPUID: magic, */
    mov %ebx, %esi /* and the information's address */

    mov $0x80000000, %eax
    cpuid
    cmp $0x80000001, %eax
    jb cpu_too_old
    mov $0x80000001, %eax
    cpuid
    and $0x20100000, %edx /* long mode, no-execute */
    cmp $0x20100000, %edx
    jne cpu_too_old

    mov $0x20, %eax /* CR4: PAE */
    mov %eax, %cr4
    mov $PHYS(boot_l4), %eax
    mov %eax, %cr3
    mov $0xc0000080, %ecx /* EFER: LME, NXE */
    rdmsr
    or $0x900, %eax
    wrmsr
    mov $0x80010033, %eax /* CR0: PG, WP, NE, ET, MP, PE; no FPU emulation */
    mov %eax, %cr0
    lgdt PHYS(boot_gdtr)
    ljmp $BOOT_CS64, $PHYS(long_mode)

cpu_too_old:
    mov $PHYS(cpu_too_old_text), %esi
1:  mov $0x3fd, %dx
2:  inb %dx, %al
    test $0x20, %al
    jz 2b
    lodsb
    test %al, %al
    jz 3f
    mov $0x3f8, %dx
    outb %al, %dx
    jmp 1b
3:  hlt
    jmp 3b

    .code64
long_mode:
    movabs $high_half, %rax
    jmp *%rax

high_half:
    mov $BOOT_DS, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    xor %eax, %eax
    mov %eax, %fs
    mov %eax, %gs
    lea boot_stack + ASM_STACK_SIZE - 1(%rip), %rsp /* the aligned block in boot_stack: below its cpu_local */
    and $-ASM_STACK_SIZE, %rsp
    add $(ASM_STACK_SIZE - CPU_LOCAL_SIZE), %rsp
    mov %esi, %r12d

    /* Loaders zero it too; one that does not must not be our problem. */
    lea _bss_start(%rip), %rdi
    lea _bss_end(%rip), %rcx
    sub %rdi, %rcx
    shr $3, %rcx
    xor %eax, %eax
    rep stosq

    mov %ebp, %edi
    mov %r12, %rsi
    xor %ebp, %ebp
    call start
    ud2

/* Application processors come here from the trampoline, on the boot tables. */
    .globl smp_ap_entry
smp_ap_entry:
    xor %eax, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov %eax, %fs
    mov %eax, %gs
    mov smp_ap_cr3(%rip), %rax
    mov %rax, %cr3
    mov smp_ap_stack(%rip), %rsp
    xor %ebp, %ebp
    call smp_ap_start
    ud2

    .section .init.rodata, "a", @progbits
cpu_too_old_text:
    .asciz "(HV) This processor has no 64-bit mode or no no-execute bit: cannot go on.\r\n"

    .balign 8
boot_gdt:
    .quad 0
    .quad 0x00cf9b000000ffff
    .quad 0x00cf93000000ffff
    .quad 0x00af9b000000ffff
boot_gdt_end:
boot_gdtr:
    .word boot_gdt_end - boot_gdt - 1
    .quad PHYS(boot_gdt)

    .section .init.data, "aw", @progbits
    .balign 4096
    .globl boot_l4
boot_l4:
    .quad PHYS(boot_l3_low) + PTE_TABLE
    .fill 260, 8, 0
    .quad PHYS(boot_l3_image) + PTE_TABLE /* slot 261: IMAGE_VIRT */
    .quad PHYS(boot_l3_low) + PTE_TABLE   /* slot 262: DIRECT_MAP_VIRT */
    .fill 249, 8, 0
boot_l3_low:
    .quad PHYS(boot_l2) + PTE_TABLE
    .quad PHYS(boot_l2 + 0x1000) + PTE_TABLE
    .quad PHYS(boot_l2 + 0x2000) + PTE_TABLE
    .quad PHYS(boot_l2 + 0x3000) + PTE_TABLE
    .fill 508, 8, 0
boot_l3_image:
    .fill 321, 8, 0 /* (IMAGE_VIRT >> 30) & 511 */
    .quad PHYS(boot_l2_image) + PTE_TABLE
    .fill 190, 8, 0
boot_l2_image:
    .set address, IMAGE_PHYS
    .rept 8 /* 16 MiB, the image's limit in haven.lds.S */
    .quad address + PTE_2M
    .set address, address + 0x200000
    .endr
    .fill 504, 8, 0
boot_l2:
    .set address, 0
    .rept 2048
    .quad address + PTE_2M
    .set address, address + 0x200000
    .endr

    .section .bss, "aw", @nobits
    .balign 4096 /* not more: the loaded part of the file would move away from its header's first 8 KiB */
boot_stack:
    .skip 2 * ASM_STACK_SIZE - ASM_PAGE_SIZE

    .section .note.GNU-stack, "", @progbits
