/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All interrupts come through the IO-APICs. The 8259s are initialised once all the same: a spurious interrupt of theirs
 * would otherwise arrive with the BIOS's vectors 8..15, which are exceptions.
 */
#include "platform/pic.h"
#include "cpu/x86.h"
#include "lib/compiler.h"

#define PIC1_COMMAND 0x20
#define PIC1_DATA    0x21
#define PIC2_COMMAND 0xa0
#define PIC2_DATA    0xa1

/* 16 vectors whose only possible visitors are spurious (IRQ 7 and 15): nobody is bound there, irq_dispatch drops them.
 */
#define PIC_VECTOR 0x20

void __init pic_init(void)
{
    outb(PIC1_COMMAND, 0x11); /* ICW1: edge, cascade, ICW4 follows */
    outb(PIC2_COMMAND, 0x11);
    outb(PIC1_DATA, PIC_VECTOR);
    outb(PIC2_DATA, PIC_VECTOR + 8);
    outb(PIC1_DATA, 1 << 2); /* ICW3: the second one hangs on line 2 */
    outb(PIC2_DATA, 2);
    outb(PIC1_DATA, 1); /* ICW4: 8086 mode */
    outb(PIC2_DATA, 1);
    outb(PIC1_DATA, 0xff);
    outb(PIC2_DATA, 0xff);
}
