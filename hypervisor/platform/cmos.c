/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One register pair, one lock. */
#include "platform/cmos.h"
#include "cpu/x86.h"
#include "lib/spinlock.h"

#define CMOS_INDEX 0x70
#define CMOS_DATA  0x71

static struct spinlock lock = SPINLOCK_INIT(LOCK_LEVEL_DEVICE);

uint8_t cmos_read(uint8_t index)
{
    uint64_t flags = spin_lock_irq(&lock);
    outb(CMOS_INDEX, index & 0x7f);
    uint8_t value = inb(CMOS_DATA);
    spin_unlock_irq(&lock, flags);
    return value;
}

void cmos_write(uint8_t index, uint8_t value)
{
    uint64_t flags = spin_lock_irq(&lock);
    outb(CMOS_INDEX, index & 0x7f);
    outb(CMOS_DATA, value);
    spin_unlock_irq(&lock, flags);
}
