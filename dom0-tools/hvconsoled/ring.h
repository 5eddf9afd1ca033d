/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The console page that a guest shares with the daemon (public/io/console.h): two byte rings whose indices run freely.
 * The guest can write every byte of it at any time, so each index is read once, and what it says is checked before use.
 * Pure: the page may be any memory.
 */
#ifndef HAVEN_HVCONSOLED_RING_H
#define HAVEN_HVCONSOLED_RING_H

#include <stdint.h>
#include <xen/xen.h>

#include <xen/io/console.h>

#define RING_OUTPUT sizeof(((struct xencons_interface *)0)->out) /* of the guest: what it prints */
#define RING_INPUT  sizeof(((struct xencons_interface *)0)->in)

/* Copies what the guest has printed; *next is what ring_consume wants when the bytes are safe. Returns their number, or
 * -1 when the indices make no sense. */
int ring_output(const struct xencons_interface *ring, char out[RING_OUTPUT], uint32_t *next);
void ring_consume(struct xencons_interface *ring, uint32_t next);

/* How many bytes of input the guest has room for; -1 when the indices make no sense. */
int ring_room(const struct xencons_interface *ring);
/* Gives the guest size bytes of input, at most what fits. Returns how many it got; -1 as above. */
int ring_input(struct xencons_interface *ring, const char *in, unsigned int size);

#endif
