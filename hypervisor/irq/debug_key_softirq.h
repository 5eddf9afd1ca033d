/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HAVEN_IRQ_DEBUG_KEY_SOFTIRQ_H
#define HAVEN_IRQ_DEBUG_KEY_SOFTIRQ_H

/* While booting: debug keys that are typed run as a softirq of the CPU that took the interrupt (platform/console.h). */
void debug_key_softirq_init(void);

#endif
