/* SPDX-License-Identifier: MIT
 *
 * Why: a console daemon must be seen with a guest that prints, listens and misbehaves as it is told.
 * Trick: it drives the console ring itself. First it prints "line 0" and so on, as many as the command line's "lines="
 * says, and "READY". Then each line that it reads is an order: "off" ends it, "flood N" prints N lines at once, "count
 * N" prints N lines 2 ms apart, "bad-output" and "bad-input" break the ring's indices; any other is answered by "got:
 * ...". Expect: nothing here; whoever tells it looks. As dom0, which has no ring, it has nothing to do.
 */
#include "clock.h"
#include "events.h"
#include "guest.h"
#include "memory.h"

#include <xen/io/console.h>
#include <xen/sched.h>

GUEST("talker");

static struct xencons_interface *ring;
static unsigned port;

/* Until the daemon kicks the port, or for so long. */
static void wait_a_while(unsigned ms)
{
    evtchn_port_t ports[] = {port};
    struct sched_poll poll = {.nr_ports = 1, .timeout = clock_ns() + ms * 1000000ull};

    set_xen_guest_handle(poll.ports, ports);
    hv_sched_op(SCHEDOP_poll, &poll);
    event_clear(port);
}

static void say(const char *text)
{
    volatile struct xencons_interface *shared = ring;

    for (; *text; text++) {
        while (shared->out_prod - shared->out_cons >= sizeof(shared->out))
            wait_a_while(100);
        shared->out[MASK_XENCONS_IDX(shared->out_prod, shared->out)] = *text;
        mb();
        shared->out_prod = shared->out_prod + 1;
    }
    event_send(port);
}

static void say_number(const char *what, unsigned number)
{
    char line[64];

    snprintf(line, sizeof(line), "%s %u\r\n", what, number);
    say(line);
}

static void listen(char *line, size_t size)
{
    volatile struct xencons_interface *shared = ring;
    size_t length = 0;

    for (;;) {
        while (shared->in_cons == shared->in_prod)
            wait_a_while(1000);
        char c = shared->in[MASK_XENCONS_IDX(shared->in_cons, shared->in)];

        shared->in_cons = shared->in_cons + 1;
        event_send(port);
        if (c == '\n' || c == '\r')
            break;
        if (length < size - 1)
            line[length++] = c;
    }
    line[length] = 0;
}

/* The number behind the name in text. */
static unsigned number_after(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    unsigned number = 0;

    for (at = at ? at + strlen(name) : ""; *at >= '0' && *at <= '9'; at++)
        number = number * 10 + (unsigned)(*at - '0');
    return number;
}

static void power_off(void)
{
    struct sched_shutdown how = {.reason = SHUTDOWN_poweroff};

    say("last words\r\n");
    hv_sched_op(SCHEDOP_shutdown, &how);
}

static void obey(const char *order)
{
    if (!strcmp(order, "off"))
        power_off();
    for (unsigned i = 0; i < number_after(order, "flood "); i++)
        say_number("flood", i);
    for (unsigned i = 0; i < number_after(order, "count "); i++) {
        say_number("count", i);
        wait_a_while(2);
    }
    if (!strcmp(order, "bad-output"))
        ring->out_prod = ring->out_cons + sizeof(ring->out) + 1;
    if (!strcmp(order, "bad-input"))
        ring->in_cons = ring->in_prod + 1;
    if (!strncmp(order, "bad", 3)) {
        event_send(port);
        for (;;)
            wait_a_while(1000);
    }
    say("got: ");
    say(order);
    say("\r\n");
}

void guest_main(void)
{
    char order[80];

    if (start_info->flags & SIF_INITDOMAIN) {
        report_skip("only other domains have a console ring");
        return;
    }
    ring = mfn_to_va(start_info->console.domU.mfn);
    port = start_info->console.domU.evtchn;
    for (unsigned i = 0; i < number_after(guest_cmdline(), "lines="); i++)
        say_number("line", i);
    say("READY\r\n");
    for (;;) {
        listen(order, sizeof(order));
        obey(order);
    }
}
