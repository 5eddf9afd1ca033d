/* SPDX-License-Identifier: MIT
 *
 * See console.h. Each end writes one counter of each ring; both grow modulo 2^32.
 */
#include "front/console.h"
#include "front/port.h"

#include "events.h"
#include "guest.h"
#include "memory.h"

#include <xen/io/console.h>

static volatile struct xencons_interface *ring;
static uint32_t port;

static void put(char c)
{
    while (ring->out_prod - ring->out_cons >= sizeof(ring->out)) {
        event_send(port);
        port_wait(port, port_deadline(100)); /* a daemon that was restarted sends no event */
    }
    ring->out[MASK_XENCONS_IDX(ring->out_prod, ring->out)] = c;
    mb();
    ring->out_prod = ring->out_prod + 1;
}

static void write_ring(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n')
            put('\r');
        put(text[i]);
    }
    event_send(port);
}

bool console_open(void)
{
    if (start_info->flags & SIF_INITDOMAIN || !start_info->console.domU.mfn)
        return false;
    ring = mfn_to_va(start_info->console.domU.mfn);
    port = start_info->console.domU.evtchn;
    console_output = write_ring;
    return true;
}

bool console_read_line(char *line, size_t size, unsigned milliseconds)
{
    uint64_t until = port_deadline(milliseconds);
    size_t length = 0;
    char c;

    do {
        while (ring->in_cons == ring->in_prod)
            if (!port_wait(port, until) && ring->in_cons == ring->in_prod)
                return false;
        mb();
        c = ring->in[MASK_XENCONS_IDX(ring->in_cons, ring->in)];
        mb();
        ring->in_cons = ring->in_cons + 1;
        event_send(port);
        if (c != '\n' && c != '\r' && length < size - 1)
            line[length++] = c;
    } while (c != '\n' && c != '\r');
    line[length] = 0;
    return true;
}
