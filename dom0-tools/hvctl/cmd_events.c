/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl events: follows the life of domains, one JSON object per line: first those that are there ("present"), then
 * what happens. The store's @introduceDomain and @releaseDomain say that something changed, the hypervisor's list says
 * what. Pausing fires neither; it is told at the next look, which is at latest after the interval (-i).
 *
 * A restart of xenstored is survived: the connection is made again, and nothing is missed, as the list tells all.
 */
#include "hvctl/command.h"
#include "hvctl/domain_life.h"
#include "libhv/store.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct follower {
    struct command *c;
    struct json json;
    char *names[DOMAIN_ID_END]; /* as last seen in the store: gone from there when a domain ends */
    uint64_t told, most;        /* events; most 0: no end */
};

/* The name that the store has now, else the one it had. */
static const char *name_of(struct follower *f, unsigned id, bool new_domain)
{
    char *name = f->c->xs ? store_domain_name(f->c->xs, id) : NULL;
    if (name || new_domain) {
        free(f->names[id]);
        f->names[id] = name;
    }
    return f->names[id];
}

static void tell_line(struct follower *f, const char *event, const domain_info *info, bool new_domain)
{
    struct timespec now;
    char uuid[DOMAIN_UUID_SIZE];
    if (f->most && f->told == f->most)
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    domain_format_uuid(info->handle, uuid);
    const char *name = name_of(f, info->domain, new_domain);
    int code = domain_shutdown_code(info);
    json_object_begin(&f->json, NULL);
    json_seconds(&f->json, "time", (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec);
    json_text(&f->json, "event", event);
    json_unsigned(&f->json, "domid", info->domain);
    json_text(&f->json, "uuid", uuid);
    json_text(&f->json, "name", name);
    if (code >= 0)
        json_text(&f->json, "reason", domain_shutdown_name(code));
    json_object_end(&f->json);
    f->told++;
}

static void tell(void *context, enum domain_event event, const domain_info *info)
{
    tell_line(context, domain_event_name(event), info, event == DOMAIN_CREATED);
}

static bool connect_store(struct command *c)
{
    if (c->xs)
        xs_close(c->xs);
    c->xs = store_open();
    if (c->xs && xs_watch(c->xs, "@introduceDomain", "in") && xs_watch(c->xs, "@releaseDomain", "out"))
        return true;
    if (c->xs)
        xs_close(c->xs);
    c->xs = NULL;
    return false;
}

/* Waits for a change, or for the store to come back. False when the time is over. */
static bool wait_for_change(struct command *c, int64_t interval_ms, int64_t deadline)
{
    int64_t now = store_now_ms(), until = now + (c->xs ? interval_ms : 200);
    if (deadline >= 0 && until > deadline)
        until = deadline;
    if (c->xs && store_wait(c->xs, until) >= 0)
        return deadline < 0 || store_now_ms() < deadline;
    struct timespec nap = {.tv_nsec = 200000000};
    nanosleep(&nap, NULL);
    connect_store(c);
    return deadline < 0 || store_now_ms() < deadline;
}

static bool was_there(const domain_info *last, int n, unsigned domid)
{
    for (int i = 0; i < n; i++)
        if (last[i].domain == domid)
            return true;
    return false;
}

/* A create gives its domain a name and announces it then: what a look in between finds is passed over. Returns how many
 * stay in the list. */
static int leave_unfinished(struct command *c, const domain_info *last, int n, domain_info *now, int now_n)
{
    int kept = 0;
    for (int i = 0; i < now_n; i++) {
        bool fresh = (now[i].flags & (XEN_DOMINF_paused | XEN_DOMINF_shutdown | XEN_DOMINF_dying)) == XEN_DOMINF_paused;
        char *name =
            fresh && !was_there(last, n, now[i].domain) && c->xs ? store_domain_name(c->xs, now[i].domain) : NULL;
        if (name || !fresh || was_there(last, n, now[i].domain))
            now[kept++] = now[i];
        free(name);
    }
    return kept;
}

static bool parse_options(int argc, char **argv, struct follower *f, uint64_t *interval, uint64_t *timeout)
{
    static const struct option options[] = {{"count", required_argument, NULL, 'n'},
                                            {"interval", required_argument, NULL, 'i'},
                                            {"timeout", required_argument, NULL, 't'},
                                            {NULL, 0, NULL, 0}};
    int option;
    while ((option = getopt_long(argc, argv, "n:i:t:", options, NULL)) != -1) {
        uint64_t *number = option == 'n' ? &f->most : option == 'i' ? interval : option == 't' ? timeout : NULL;
        if (!number || !command_parse_number(optarg, 1, 1000000, number))
            return false;
    }
    return optind == argc;
}

int cmd_events(struct command *c, int argc, char **argv)
{
    struct follower *f = calloc(1, sizeof(*f));
    uint64_t interval = 3600, timeout = 0;
    domain_info *last = NULL, *now = NULL;
    if (!f)
        return command_error("memory for names");
    f->c = c;
    if (!parse_options(argc, argv, f, &interval, &timeout))
        return command_usage(c);
    if (!command_hypervisor(c))
        return COMMAND_FAILED;
    if (!connect_store(c))
        return command_store(c) ? command_error("watching for domains") : COMMAND_FAILED;
    int64_t deadline = timeout ? store_now_ms() + (int64_t)timeout * 1000 : -1;
    json_init(&f->json, stdout, true);
    int n = domain_list(c->hv, &last);
    for (int i = 0; i < n; i++)
        tell_line(f, "present", &last[i], true);
    while (n >= 0 && !fflush(stdout) && (!f->most || f->told < f->most)) {
        bool more = wait_for_change(c, (int64_t)interval * 1000, deadline);
        int now_n = domain_list(c->hv, &now);
        if (now_n >= 0)
            now_n = leave_unfinished(c, last, n, now, now_n);
        if (now_n >= 0)
            domain_life_compare(last, n, now, now_n, tell, f);
        free(last);
        last = now;
        n = now_n;
        if (!more)
            break;
    }
    free(n < 0 ? NULL : last);
    return n < 0 ? command_error("listing the domains") : COMMAND_OK;
}
