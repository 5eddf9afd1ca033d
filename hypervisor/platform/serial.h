/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One 16550 UART, driven by polling for output. Not locked: console.c does that. */
#ifndef HAVEN_PLATFORM_SERIAL_H
#define HAVEN_PLATFORM_SERIAL_H

#include "lib/types.h"

#define SERIAL_PORTS 8 /* I/O ports of a UART */

/* index 0: com1, 1: com2. config: "[BAUD][,8n1[,PORT[,IRQ]]]" or empty: as firmware left it. False: no UART there. */
bool serial_init(unsigned int index, const char *config);
uint16_t serial_base(void); /* 0: none */
int serial_irq(void);       /* ISA interrupt, -1: none */

void serial_put(char c);
bool serial_get(char *c); /* a byte that was received, if there is one */
void serial_receive_interrupt_on(void);

#endif
