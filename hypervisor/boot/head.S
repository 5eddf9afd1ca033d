/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loading proven, nothing more: says one letter on COM1 and stops. */
#define PHYS(x) ((x) - 0xffff82d040000000 + 0x200000)

    .section .multiboot, "ax", @progbits
    .balign 4
multiboot_header:
    .long 0x1badb002
    .long 0x00010003
    .long -(0x1badb002 + 0x00010003)
    .long PHYS(multiboot_header)
    .long PHYS(_start_image)
    .long PHYS(_image_load_end)
    .long PHYS(_image_end)
    .long PHYS(_start)

    .text
    .code32
    .globl _start
_start:
    mov $0x3f8, %dx
    mov $'H', %al
    outb %al, %dx
    mov $'\n', %al
    outb %al, %dx
1:  hlt
    jmp 1b
