/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Device vectors: each belongs to one irq, on all CPUs. */
#ifndef HAVEN_IRQ_VECTOR_H
#define HAVEN_IRQ_VECTOR_H

#include "lib/types.h"

#define VECTOR_NONE 0 /* never a device's */

/* A free vector for the irq, or VECTOR_NONE. */
uint8_t vector_alloc(unsigned int irq);
void vector_free(uint8_t vector);
int vector_irq(uint8_t vector); /* -1: belongs to none. Any context. */

#endif
