/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One guest's console: its ring, the event channel that both sides kick, its log and its pty.
 *
 *   WAITING   the store does not say yet where the ring is (or another back end has it)
 *   OPEN      the ring is mapped, the channel bound; output goes to the log, then to the pty, then is taken from the
 * ring DROPPED   the ring's indices made no sense: nothing of this guest is served any more
 *
 * The order in OPEN makes the log complete: what a killed daemon had not logged is still in the ring for the next one.
 * Only when it is killed between the two is one ring's worth of output logged twice.
 *
 * A guest may wake the daemon CONSOLE_EVENTS times in CONSOLE_PERIOD_MS; then its channel stays masked until the period
 * is over. Each time it is served one ring at most, so guests share the daemon fairly.
 */
#ifndef HAVEN_HVCONSOLED_CONSOLE_H
#define HAVEN_HVCONSOLED_CONSOLE_H

#include "hvconsoled/log_file.h"
#include "hvconsoled/ring.h"
#include "hvconsoled/terminal.h"
#include <stdbool.h>
#include <stdint.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>
#include <xenstore.h>

#define CONSOLE_EVENTS    30
#define CONSOLE_PERIOD_MS 200

/* What all consoles share. */
struct console_doors {
    xenevtchn_handle *events;
    xengnttab_handle *grants; /* NULL: no such device; foreign mappings do */
    xenforeignmemory_handle *memory;
    struct xs_handle *store; /* NULL: the store is away just now */
    int epoll;               /* the masters of ptys are in it, with their console as data */
    struct log_options log;
};

enum console_state { CONSOLE_WAITING, CONSOLE_OPEN, CONSOLE_DROPPED };

struct console {
    struct console *next;
    struct console_doors *doors;
    unsigned int domid;
    uint8_t uuid[16];
    bool seen; /* for who goes through the list of domains */

    enum console_state state;
    struct xencons_interface *ring;
    bool by_grant;
    uint64_t ring_ref;
    uint64_t remote_port;
    xenevtchn_port_or_error_t port; /* ours; -1: none */

    char *name;
    struct log_file log;
    struct terminal terminal;
    uint32_t epoll_events; /* that are asked for; 0: not in epoll */

    unsigned int events; /* in this period */
    int64_t period_end;  /* ms */
    bool throttled;      /* the channel stays masked until period_end */
    bool told_flood;
};

struct console *console_new(struct console_doors *doors, unsigned int domid, const uint8_t uuid[16]);
/* The guest is dead: takes what is left in its ring, closes the log, lets go of everything and frees. */
void console_end(struct console *console);

/* Looks into the store: (re)connects when there is a ring, or another one than before; follows the guest's name. */
void console_refresh(struct console *console);

/* The channel was kicked; it is masked. */
void console_event(struct console *console, int64_t now_ms);
/* The period of a throttled console may be over. */
void console_tick(struct console *console, int64_t now_ms);
/* The pty is ready. */
void console_terminal_ready(struct console *console);

#endif
