/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hvconsoled/domains.h"
#include "hvconsoled/report.h"
#include "libhv/domain.h"
#include "libhv/store.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define STORE_RETRY_MS 300
#define ENDING_LOOK_MS 20     /* how often a dead guest's pty is looked at */
#define TOKEN_LIST     "list" /* of the watches on domains' coming and going */

static struct console *find(const struct domains *d, unsigned int domid)
{
    struct console *console = d->consoles;

    while (console && (console->domid != domid || console->state == CONSOLE_ENDING))
        console = console->next;
    return console;
}

/* Of each domain, by the letter before its id in the token. */
static const struct {
    char token;
    const char *path;
    void (*look)(struct console *console);
} watched[] = {
    {'c', "/local/domain/%u/console", console_refresh},
    {'n', "/local/domain/%u/name", console_follow_name},
};

static void watch(struct domains *d, unsigned int domid, bool on)
{
    char path[64], token[16];

    for (size_t i = 0; d->doors.store && i < sizeof(watched) / sizeof(watched[0]); i++) {
        snprintf(token, sizeof(token), "%c%u", watched[i].token, domid);
        snprintf(path, sizeof(path), watched[i].path, domid);
        if (on && !xs_watch(d->doors.store, path, token))
            report("can't watch %s: %s", path, strerror(errno));
        else if (!on)
            xs_unwatch(d->doors.store, path, token);
    }
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);

    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static void domain_fired(struct domains *d, const char *path, const char *token)
{
    struct console *console = find(d, (unsigned int)strtoul(token + (*token != '\0'), NULL, 10));

    /* The pty's name is what this daemon writes. */
    if (!console || ends_with(path, "/console/tty"))
        return;
    for (size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++)
        if (watched[i].token == token[0])
            watched[i].look(console);
}

static void add(struct domains *d, const domain_info *info)
{
    struct console *console = console_new(&d->doors, info->domain, info->handle);

    if (!console) {
        report("domain %u: out of memory for its console", info->domain);
        return;
    }
    console->next = d->consoles;
    d->consoles = console;
    console->seen = true;
    /* A watch fires once when it is set: that looks at the console. */
    watch(d, console->domid, true);
}

static void end_unseen(struct domains *d)
{
    for (struct console *console = d->consoles; console; console = console->next)
        if (!console->seen && console->state != CONSOLE_ENDING) {
            watch(d, console->domid, false);
            console_end(console, store_now_ms());
        }
}

static void free_ended(struct domains *d, int64_t now_ms)
{
    for (struct console **at = &d->consoles; *at;) {
        struct console *console = *at;

        if (!console_has_ended(console, now_ms)) {
            at = &console->next;
            continue;
        }
        *at = console->next;
        console_free(console);
    }
}

/* Holds the consoles against the hypervisor's list. An id with another UUID is another domain. */
static void compare(struct domains *d)
{
    domain_info *list = NULL;
    int count = domain_list(d->hv, &list);

    if (count < 0) {
        report("can't list the domains: %s", strerror(errno));
        return;
    }
    for (struct console *console = d->consoles; console; console = console->next)
        console->seen = false;
    for (int i = 0; i < count; i++) {
        struct console *console = find(d, list[i].domain);

        if (console && !(list[i].flags & XEN_DOMINF_dying) && memcmp(console->uuid, list[i].handle, 16) == 0)
            console->seen = true;
    }
    end_unseen(d);
    for (int i = 0; i < count; i++)
        if (list[i].domain != 0 && !(list[i].flags & XEN_DOMINF_dying) && !find(d, list[i].domain))
            add(d, &list[i]);
    free(list);
}

static void lose_store(struct domains *d)
{
    report("the store is away: guests that come now wait for it");
    epoll_ctl(d->doors.epoll, EPOLL_CTL_DEL, xs_fileno(d->doors.store), NULL);
    xs_close(d->doors.store);
    d->doors.store = NULL;
    d->store_retry = store_now_ms() + STORE_RETRY_MS;
}

int domains_connect_store(struct domains *d)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = d};
    struct xs_handle *store = store_open();

    d->store_retry = store_now_ms() + STORE_RETRY_MS;
    if (!store)
        return -1;
    if (!xs_watch(store, "@introduceDomain", TOKEN_LIST) || !xs_watch(store, "@releaseDomain", TOKEN_LIST) ||
        epoll_ctl(d->doors.epoll, EPOLL_CTL_ADD, xs_fileno(store), &event) != 0) {
        int reason = errno;
        xs_close(store);
        errno = reason;
        return -1;
    }
    d->doors.store = store;
    for (struct console *console = d->consoles; console; console = console->next)
        watch(d, console->domid, true);
    /* Not only when the watches fire: who starts this daemon wants the consoles to be there. */
    compare(d);
    for (struct console *console = d->consoles; console; console = console->next)
        console_refresh(console);
    return 0;
}

void domains_store_ready(struct domains *d)
{
    bool list = false;
    char **fired;

    errno = 0;
    while (d->doors.store && (fired = xs_check_watch(d->doors.store)) != NULL) {
        const char *token = fired[XS_WATCH_TOKEN];

        if (strcmp(token, TOKEN_LIST) == 0)
            list = true;
        else
            domain_fired(d, fired[XS_WATCH_PATH], token);
        free(fired);
        errno = 0;
    }
    if (errno != EAGAIN) {
        lose_store(d);
        return;
    }
    if (list)
        compare(d);
}

void domains_event(struct domains *d, xenevtchn_port_or_error_t port, int64_t now_ms)
{
    for (struct console *console = d->consoles; console; console = console->next)
        if (console->port == port) {
            console_event(console, now_ms);
            return;
        }
}

void domains_tick(struct domains *d, int64_t now_ms)
{
    for (struct console *console = d->consoles; console; console = console->next)
        console_tick(console, now_ms);
    free_ended(d, now_ms);
    if (!d->doors.store && now_ms >= d->store_retry && domains_connect_store(d) == 0)
        report("the store is back");
}

int domains_timeout(const struct domains *d, int64_t now_ms)
{
    int64_t first = d->doors.store ? INT64_MAX : d->store_retry;

    for (const struct console *console = d->consoles; console; console = console->next)
        if (console->state == CONSOLE_ENDING && now_ms + ENDING_LOOK_MS < first)
            first = now_ms + ENDING_LOOK_MS;
        else if (console->wake && console->wake < first)
            first = console->wake;
    return first == INT64_MAX ? -1 : first <= now_ms ? 0 : (int)(first - now_ms);
}
