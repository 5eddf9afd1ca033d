/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hvconsoled/console.h"
#include "config/guest_config.h"
#include "hvconsoled/report.h"
#include "libhv/store.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <xen/grant_table.h>

#define TYPED_MAX 256 /* bytes of input at a time */

struct console *console_new(struct console_doors *doors, unsigned int domid, const uint8_t uuid[16])
{
    struct console *console = calloc(1, sizeof(*console));

    if (!console)
        return NULL;
    console->doors = doors;
    console->domid = domid;
    memcpy(console->uuid, uuid, sizeof(console->uuid));
    console->port = -1;
    console->log.fd = -1;
    console->terminal.master = console->terminal.slave = -1;
    return console;
}

static const char *name_of(const struct console *console)
{
    return console->name ? console->name : "?";
}

/* Asks epoll for what can happen next: typing when the guest has room for it, output when there is a backlog. */
static void watch_terminal(struct console *console)
{
    uint32_t wanted = terminal_has_backlog(&console->terminal) ? EPOLLOUT : 0;
    struct epoll_event event = {.data.ptr = console};
    int epoll = console->doors->epoll;

    if (console->state == CONSOLE_OPEN && ring_room(console->ring) > 0)
        wanted |= EPOLLIN;
    if (console->terminal.master < 0 || wanted == console->epoll_events)
        return;
    event.events = wanted;
    if (wanted == 0)
        epoll_ctl(epoll, EPOLL_CTL_DEL, console->terminal.master, NULL);
    else
        epoll_ctl(epoll, console->epoll_events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, console->terminal.master, &event);
    console->epoll_events = wanted;
}

static void detach_ring(struct console *console)
{
    if (console->port >= 0)
        xenevtchn_unbind(console->doors->events, (evtchn_port_t)console->port);
    console->port = -1;
    console->wake = 0;
    if (console->ring && console->by_grant)
        xengnttab_unmap(console->doors->grants, console->ring, 1);
    else if (console->ring)
        xenforeignmemory_unmap(console->doors->memory, console->ring, 1);
    console->ring = NULL;
    console->state = CONSOLE_WAITING;
}

/* The guest broke the protocol: it loses its console, the others do not notice. */
static void drop(struct console *console)
{
    report("domain %u (%s): the indices of its console ring make no sense; its console is dropped", console->domid,
           name_of(console));
    log_file_note(&console->log, "the console ring is corrupt: this console is dropped");
    detach_ring(console);
    console->state = CONSOLE_DROPPED;
    watch_terminal(console);
}

/* Takes one ring's worth of output at most. Returns how much it was, -1 when the console was dropped. */
static int drain(struct console *console)
{
    char out[RING_OUTPUT];
    uint32_t next;
    int size = ring_output(console->ring, out, &next);

    if (size < 0) {
        drop(console);
        return -1;
    }
    if (size == 0)
        return 0;
    log_file_write(&console->log, out, (size_t)size);
    ring_consume(console->ring, next);
    xenevtchn_notify(console->doors->events, (evtchn_port_t)console->port);
    terminal_write(&console->terminal, out, (size_t)size);
    return size;
}

static bool map_ring(struct console *console)
{
    const struct console_doors *doors = console->doors;
    xen_pfn_t frame = console->ring_ref;

    /* By its frame first: for the first grant that it maps, a PV dom0 adds 128 MiB of address space to itself. */
    console->ring = xenforeignmemory_map(doors->memory, console->domid, PROT_READ | PROT_WRITE, 1, &frame, NULL);
    console->by_grant = !console->ring && doors->grants;
    if (console->by_grant)
        console->ring =
            xengnttab_map_grant_ref(doors->grants, console->domid, GNTTAB_RESERVED_CONSOLE, PROT_READ | PROT_WRITE);
    if (!console->ring)
        report("domain %u (%s): can't map its console ring (frame %#llx): %s", console->domid, name_of(console),
               (unsigned long long)frame, strerror(errno));
    return console->ring != NULL;
}

/* Says in the store where the pty is, if the domain's nodes are there still: a write alone would make them again behind
 * the back of who has just removed them. */
static bool write_terminal_node(struct console *console)
{
    struct xs_handle *store = console->doors->store;
    char path[64];
    bool written;

    snprintf(path, sizeof(path), "/local/domain/%u/console/tty", console->domid);
    do {
        xs_transaction_t t = xs_transaction_start(store);
        char *port = t == XBT_NULL ? NULL : store_read(store, t, "/local/domain/%u/console/port", console->domid);
        if (!port)
            return t != XBT_NULL && xs_transaction_end(store, t, true);
        free(port);
        written = store_write(store, t, path, console->terminal.path);
        if (xs_transaction_end(store, t, !written))
            return written;
    } while (errno == EAGAIN);
    return false;
}

/* Opens the pty if need be, and says so. */
static void announce_terminal(struct console *console)
{
    if (console->terminal.master < 0) {
        console->epoll_events = 0;
        if (terminal_open(&console->terminal) != 0) {
            report("domain %u (%s): no pty: %s; its console is logged only", console->domid, name_of(console),
                   strerror(errno));
            return;
        }
    }
    if (!write_terminal_node(console))
        report("domain %u (%s): can't write console/tty to the store: %s", console->domid, name_of(console),
               strerror(errno));
}

/* The note at the start of a domain's log; a tty in the store says that a daemon before this one had begun it. */
static void begin_log(struct console *console)
{
    char uuid[GUEST_UUID_TEXT];
    char *tty = store_read(console->doors->store, XBT_NULL, "/local/domain/%u/console/tty", console->domid);

    guest_uuid_format(console->uuid, uuid);
    if (tty && *tty)
        log_file_note(&console->log, "hvconsoled started again; domain %u goes on", console->domid);
    else
        log_file_note(&console->log, "begin domain %u (%s)", console->domid, uuid);
    free(tty);
}

static void attach_ring(struct console *console)
{
    if (!map_ring(console))
        return;
    console->port =
        xenevtchn_bind_interdomain(console->doors->events, console->domid, (evtchn_port_t)console->remote_port);
    if (console->port < 0) {
        report("domain %u (%s): can't bind its console's event channel %llu: %s", console->domid, name_of(console),
               (unsigned long long)console->remote_port, strerror(errno));
        detach_ring(console);
        return;
    }
    console->state = CONSOLE_OPEN;
    if (console->log.fd < 0) {
        log_file_open(&console->log, &console->doors->log, console->name);
        begin_log(console);
    }
    announce_terminal(console);
    drain(console);
    watch_terminal(console);
}

void console_follow_name(struct console *console)
{
    if (!console->doors->store || console->state == CONSOLE_ENDING)
        return;
    char *name = store_read(console->doors->store, XBT_NULL, "/local/domain/%u/name", console->domid);
    char uuid[GUEST_UUID_TEXT];

    if (!name && !console->name && asprintf(&name, "domain-%u", console->domid) < 0)
        name = NULL;
    if (!name || (console->name && strcmp(name, console->name) == 0)) {
        free(name);
        return;
    }
    if (console->log.fd >= 0) {
        log_file_note(&console->log, "domain %u is called %s from now on", console->domid, name);
        log_file_close(&console->log);
        log_file_open(&console->log, &console->doors->log, name);
        guest_uuid_format(console->uuid, uuid);
        log_file_note(&console->log, "begin domain %u (%s), called %s before", console->domid, uuid, console->name);
    }
    free(console->name);
    console->name = name;
}

static bool is_for_us(const struct console *console)
{
    char *type = store_read(console->doors->store, XBT_NULL, "/local/domain/%u/console/type", console->domid);
    bool ours = !type || strcmp(type, "xenconsoled") == 0;

    free(type);
    return ours;
}

/* Its nodes are gone: whoever takes them away ends the domain, but perhaps after the last time that the store speaks of
 * it (a create that is undone), and a page that is mapped here would keep it from ending. */
static void leave_ring(struct console *console)
{
    if (console->state != CONSOLE_OPEN)
        return;
    if (drain(console) >= 0)
        detach_ring(console);
}

void console_refresh(struct console *console)
{
    struct xs_handle *store = console->doors->store;
    uint64_t ring_ref, remote_port;

    if (!store || console->state == CONSOLE_ENDING)
        return;
    if (!store_read_number(store, XBT_NULL, &ring_ref, "/local/domain/%u/console/ring-ref", console->domid)) {
        if (errno == ENOENT)
            leave_ring(console);
        return;
    }
    if (!store_read_number(store, XBT_NULL, &remote_port, "/local/domain/%u/console/port", console->domid) ||
        !is_for_us(console))
        return;
    if (console->state != CONSOLE_WAITING && ring_ref == console->ring_ref && remote_port == console->remote_port)
        return;
    if (!console->name)
        console_follow_name(console);
    detach_ring(console);
    console->ring_ref = ring_ref;
    console->remote_port = remote_port;
    attach_ring(console);
}

/* How long the channel stays masked now that size bytes were taken. */
static int64_t rest_after(struct console *console, unsigned int size, int64_t now_ms)
{
    if (now_ms >= console->period_end) {
        console->bytes = 0;
        console->period_end = now_ms + CONSOLE_PERIOD_MS;
    }
    console->bytes += size;
    if (console->bytes < CONSOLE_BYTES)
        return size < RING_OUTPUT / 2 ? CONSOLE_REST_MS : 1;
    if (!console->told_flood)
        report("domain %u (%s): it floods its console and is slowed down", console->domid, name_of(console));
    console->told_flood = true;
    return console->period_end - now_ms;
}

void console_event(struct console *console, int64_t now_ms)
{
    int size = console->state == CONSOLE_OPEN ? drain(console) : -1;

    if (size < 0)
        return;
    if (ring_room(console->ring) < 0) {
        drop(console);
        return;
    }
    watch_terminal(console);
    console->wake = now_ms + rest_after(console, (unsigned int)size, now_ms);
}

void console_tick(struct console *console, int64_t now_ms)
{
    if (console->state != CONSOLE_OPEN || !console->wake || now_ms < console->wake)
        return;
    console->wake = 0;
    xenevtchn_unmask(console->doors->events, (evtchn_port_t)console->port);
}

void console_terminal_ready(struct console *console)
{
    char typed[TYPED_MAX];
    int room = console->state == CONSOLE_OPEN ? ring_room(console->ring) : 0;

    terminal_flush(&console->terminal);
    if (room < 0) {
        drop(console);
        return;
    }
    size_t size = room > 0 ? terminal_read(&console->terminal, typed, room < TYPED_MAX ? (size_t)room : TYPED_MAX) : 0;
    if (size > 0) {
        /* It may break its indices between two looks at them. */
        if (ring_input(console->ring, typed, (unsigned int)size) < 0) {
            drop(console);
            return;
        }
        xenevtchn_notify(console->doors->events, (evtchn_port_t)console->port);
    }
    watch_terminal(console);
}

void console_end(struct console *console, int64_t now_ms)
{
    /* Its last words; the page lives as long as it is mapped here. */
    if (console->state == CONSOLE_OPEN)
        drain(console);
    if (console->log.fd >= 0)
        log_file_note(&console->log, "end of domain %u", console->domid);
    detach_ring(console);
    log_file_close(&console->log);
    console->state = CONSOLE_ENDING;
    console->wake = now_ms + CONSOLE_ENDING_MS;
    watch_terminal(console);
}

bool console_has_ended(const struct console *console, int64_t now_ms)
{
    return console->state == CONSOLE_ENDING && (now_ms >= console->wake || terminal_is_read(&console->terminal));
}

void console_free(struct console *console)
{
    terminal_close(&console->terminal);
    free(console->name);
    free(console);
}
