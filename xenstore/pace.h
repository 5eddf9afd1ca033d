/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How soon the kernel lets the server run when a request comes in, where both share a CPU.
 *
 * One client of dom0 that asks, waits, and asks again gains if the server runs at once: the answer is there before the
 * client has to sleep for it, which saves half of the switches. Many clients at a time gain if their requests gather:
 * then one waking serves them all. So the server looks at who wakes it: the same client of the socket again and again
 * makes it eager (it goes before ordinary processes), anything else makes it ordinary. Requests of domains never make
 * it eager, so they cannot take time from dom0's processes by it.
 *
 * The decision is pure; pace_apply tells the kernel, and gives up for good where that is not allowed.
 */
#ifndef HAVEN_XENSTORE_PACE_H
#define HAVEN_XENSTORE_PACE_H

#include <stdbool.h>

#define PACE_STREAK 8 /* wakings in a row that change the pace */

struct pace {
    bool eager;
    const void *last; /* who woke the server alone, or NULL */
    unsigned streak;  /* wakings that spoke against the pace of now */
};

/*
 * Notes one waking: alone is the socket's client whose request was all there was, or NULL. True if the pace changed. (A
 * client that has the address of one that is gone counts as the same, which does no harm.)
 */
bool pace_note(struct pace *pace, const void *alone);
void pace_apply(const struct pace *pace);

#endif
