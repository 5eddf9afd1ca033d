/* SPDX-License-Identifier: MIT
 *
 * See port.h. SCHEDOP_poll looks at pending bits, masked or not, and is not fooled by one that is set just before it.
 */
#include "front/port.h"

#include "clock.h"
#include "events.h"
#include "hypercall.h"

uint64_t port_deadline(unsigned milliseconds)
{
    return clock_ns() + milliseconds * 1000000ull;
}

bool port_wait_any(const uint32_t *ports, unsigned count, uint64_t until)
{
    evtchn_port_t list[8];
    struct sched_poll poll = {.nr_ports = count, .timeout = until};
    bool found = false;

    for (unsigned i = 0; i < count && i < 8; i++)
        list[i] = ports[i];
    set_xen_guest_handle(poll.ports, list);
    hv_sched_op(SCHEDOP_poll, &poll);
    for (unsigned i = 0; i < count; i++) {
        found |= event_pending(ports[i]);
        event_clear(ports[i]);
    }
    return found;
}

bool port_wait(uint32_t port, uint64_t until)
{
    return port_wait_any(&port, 1, until);
}
