/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hvconsoled/ring.h"

#define MASK(index, ring) ((index) & (sizeof(ring) - 1))

static uint32_t read_index(const XENCONS_RING_IDX *index)
{
    return __atomic_load_n(index, __ATOMIC_ACQUIRE);
}

/* The other side sees the bytes of a ring before the index that covers them, and none is used after it was given back.
 */
static void write_index(XENCONS_RING_IDX *index, uint32_t value)
{
    __atomic_store_n(index, value, __ATOMIC_RELEASE);
}

int ring_output(const struct xencons_interface *ring, char out[RING_OUTPUT], uint32_t *next)
{
    const volatile char *bytes = ring->out;
    uint32_t from = read_index(&ring->out_cons);
    uint32_t to = read_index(&ring->out_prod);

    if (to - from > sizeof(ring->out))
        return -1;
    for (uint32_t i = from; i != to; i++)
        out[i - from] = bytes[MASK(i, ring->out)];
    *next = to;
    return (int)(to - from);
}

void ring_consume(struct xencons_interface *ring, uint32_t next)
{
    write_index(&ring->out_cons, next);
}

int ring_room(const struct xencons_interface *ring)
{
    uint32_t used = read_index(&ring->in_prod) - read_index(&ring->in_cons);

    return used > sizeof(ring->in) ? -1 : (int)(sizeof(ring->in) - used);
}

int ring_input(struct xencons_interface *ring, const char *in, unsigned int size)
{
    volatile char *bytes = ring->in;
    uint32_t to = read_index(&ring->in_prod);
    uint32_t used = to - read_index(&ring->in_cons);

    if (used > sizeof(ring->in))
        return -1;
    if (size > sizeof(ring->in) - used)
        size = (unsigned int)(sizeof(ring->in) - used);
    for (unsigned int i = 0; i < size; i++)
        bytes[MASK(to + i, ring->in)] = in[i];
    write_index(&ring->in_prod, to + size);
    return (int)size;
}
