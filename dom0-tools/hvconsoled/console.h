/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One guest's console: its ring, the event channel that both sides kick, its log and its pty.
 *
 *   WAITING   the store does not say yet where the ring is, or another back end has it
 *   OPEN      output goes to the log, then it is taken from the ring, then it goes to the pty
 *   ENDING    the guest is gone; who is at the pty gets CONSOLE_ENDING_MS to read the rest before it hangs up
 *   DROPPED   the ring's indices made no sense: nothing of this guest is served any more
 *
 * The order in OPEN makes the log complete: what a killed daemon had not logged is still in the ring for the next one.
 * Only when it is killed between the two is one ring's worth of output logged twice.
 *
 * A guest that prints byte by byte would wake the daemon for each. So after it was served, its channel stays masked for
 * CONSOLE_REST_MS (less when it filled half its ring and probably waits), and what it prints meanwhile is taken at
 * once. Who prints more than CONSOLE_BYTES in CONSOLE_PERIOD_MS rests until the period is over: a flood costs dom0
 * little. A kernel that boots stays far below. Each time a guest is served one ring at most, so guests share the daemon
 * fairly.
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

#define CONSOLE_REST_MS   4
#define CONSOLE_BYTES     131072
#define CONSOLE_PERIOD_MS 1000
#define CONSOLE_ENDING_MS 2000

/* What all consoles share. */
struct console_doors {
    xenevtchn_handle *events;
    xengnttab_handle *grants; /* NULL: no such device; foreign mappings do */
    xenforeignmemory_handle *memory;
    struct xs_handle *store; /* NULL: the store is away just now */
    int epoll;               /* the masters of ptys are in it, with their console as data */
    struct log_options log;
};

enum console_state { CONSOLE_WAITING, CONSOLE_OPEN, CONSOLE_DROPPED, CONSOLE_ENDING };

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

    unsigned int bytes; /* in this period */
    int64_t period_end; /* ms */
    int64_t wake;       /* ms: when its rest is over, or in ENDING its end; 0: the channel is open */
    bool told_flood;
};

struct console *console_new(struct console_doors *doors, unsigned int domid, const uint8_t uuid[16]);
/* The guest is dead: takes what is left in its ring, closes the log, lets go of its memory. */
void console_end(struct console *console, int64_t now_ms);
/* Whether nothing is left to do for a dead guest's console. */
bool console_has_ended(const struct console *console, int64_t now_ms);
void console_free(struct console *console);

/* Looks into the store: (re)connects when there is a ring, or another one than before. */
void console_refresh(struct console *console);
/* The name of the log is the guest's. */
void console_follow_name(struct console *console);

/* The channel was kicked; it is masked. */
void console_event(struct console *console, int64_t now_ms);
/* The rest of a console may be over. */
void console_tick(struct console *console, int64_t now_ms);
/* The pty is ready. */
void console_terminal_ready(struct console *console);

#endif
