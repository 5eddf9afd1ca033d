/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See devices.h. A watch on each served folder fires for every node of every device in it, ours too. Events are taken
 * all at once, devices that they concern are marked, and then each marked one is looked at once.
 */
#include "manager/devices.h"

#include "libhv/domain.h"
#include "libhv/store.h"
#include "manager/report.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define RECONNECT_NS                 INT64_C(200000000)
#define DEVICE_ID_END                (1u << 30)
#define OWNER(type, member, pointer) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* ---- marks ---- */

void devices_mark(struct served_device *m)
{
    m->dirty = true;
    event_timer_set(&m->all->loop, &m->all->look, event_loop_now_ns());
}

static void look_at_marked(struct event_timer *timer)
{
    struct devices *all = OWNER(struct devices, look, timer);
    for (struct served_device *m = all->first, *next; m && all->xs; m = next) {
        next = m->next;
        if (m->dirty)
            device_run(m);
    }
}

static void again_due(struct event_timer *timer)
{
    devices_mark(OWNER(struct served_device, again, timer));
}

static void deadline_passed(struct event_timer *timer)
{
    struct served_device *m = OWNER(struct served_device, deadline, timer);
    report_device(&m->d, "%s does not answer; it is killed", m->d.worker);
    worker_process_kill(m->worker);
}

static void wake(struct device *d)
{
    devices_mark(OWNER(struct served_device, d, d));
}

/* ---- which devices there are ---- */

static bool guest_is_dead(struct devices *all, unsigned domid)
{
    domain_info info;
    if (domain_get_info(all->hv, domid, &info))
        return errno == ESRCH;
    return info.flags & XEN_DOMINF_dying;
}

static struct served_device *find(struct devices *all, const char *back)
{
    struct served_device *m = all->first;
    while (m && strcmp(m->d.back, back) != 0)
        m = m->next;
    return m;
}

static struct served_device *add(struct devices *all, const struct served_folder *folder, unsigned domid, unsigned id)
{
    struct served_device *m = calloc(1, sizeof(*m));
    if (!m)
        return NULL;
    m->all = all;
    m->d = (struct device){.kind = folder->kind,
                           .worker = folder->kind->worker,
                           .xs = all->xs,
                           .loop = &all->loop,
                           .wake = wake,
                           .domid = domid,
                           .id = id,
                           .counters = -1};
    snprintf(m->d.back, sizeof(m->d.back), KINDS_BACKEND "/%s/%u/%u", folder->name, domid, id);
    snprintf(m->d.front, sizeof(m->d.front), "/local/domain/%u/device/%s/%u", domid, folder->kind->name, id);
    m->again.fired = again_due;
    m->deadline.fired = deadline_passed;
    m->guest_dead = guest_is_dead(all, domid);
    m->next = all->first;
    all->first = m;
    return m;
}

static void watch_front(struct served_device *m)
{
    char path[sizeof(m->d.front) + 8];
    snprintf(path, sizeof(path), "%s/state", m->d.front);
    if (!m->watched)
        m->watched = xs_watch(m->d.xs, path, m->d.back);
}

static bool is_served_by(const struct served_device *m, const struct worker_process *w)
{
    return m->d.domid == w->domid && !strcmp(m->d.worker, w->name);
}

/* The guest's, without a device. */
static void forget_workers(struct devices *all, unsigned domid)
{
    for (struct worker_process *w = all->workers.first, *next; w; w = next) {
        const struct served_device *m = all->first;
        next = w->next;
        while (m && !is_served_by(m, w))
            m = m->next;
        if (!m && w->domid == domid)
            worker_process_forget(w);
    }
}

void devices_remove(struct served_device *m)
{
    struct served_device **at = &m->all->first;
    char path[sizeof(m->d.front) + 8];
    snprintf(path, sizeof(path), "%s/state", m->d.front);
    if (m->watched)
        xs_unwatch(m->d.xs, path, m->d.back);
    while (*at != m)
        at = &(*at)->next;
    *at = m->next;
    event_timer_stop(&m->all->loop, &m->again);
    event_timer_stop(&m->all->loop, &m->deadline);
    forget_workers(m->all, m->d.domid);
    free(m);
}

/* A name in the store that is a number below end, written as we write it. */
static bool parse_id(const char *text, size_t length, unsigned end, unsigned *id)
{
    char copy[16], same[16];
    if (!length || length >= sizeof(copy))
        return false;
    memcpy(copy, text, length);
    copy[length] = 0;
    unsigned long value = strtoul(copy, NULL, 10);
    *id = (unsigned)value;
    return value < end && snprintf(same, sizeof(same), "%u", *id) > 0 && !strcmp(copy, same);
}

static void see(struct devices *all, const struct served_folder *folder, unsigned domid, unsigned id)
{
    char back[sizeof(((struct device *)NULL)->back)];
    snprintf(back, sizeof(back), KINDS_BACKEND "/%s/%u/%u", folder->name, domid, id);
    struct served_device *m = find(all, back);
    if (!m)
        m = add(all, folder, domid, id);
    if (!m)
        return;
    watch_front(m);
    devices_mark(m);
}

static void scan_guest(struct devices *all, const struct served_folder *folder, unsigned domid)
{
    char path[80];
    unsigned n = 0, id;
    snprintf(path, sizeof(path), KINDS_BACKEND "/%s/%u", folder->name, domid);
    char **names = xs_directory(all->xs, XBT_NULL, path, &n);
    for (unsigned i = 0; names && i < n; i++)
        if (parse_id(names[i], strlen(names[i]), DEVICE_ID_END, &id))
            see(all, folder, domid, id);
    free(names);
}

static void scan_folder(struct devices *all, const struct served_folder *folder)
{
    char path[80];
    unsigned n = 0, domid;
    snprintf(path, sizeof(path), KINDS_BACKEND "/%s", folder->name);
    char **names = xs_directory(all->xs, XBT_NULL, path, &n);
    for (unsigned i = 0; names && i < n; i++)
        if (parse_id(names[i], strlen(names[i]), DOMAIN_ID_END, &domid))
            scan_guest(all, folder, domid);
    free(names);
}

/* Marks the devices that lie below a path. */
static void mark_below(struct devices *all, const char *path)
{
    size_t n = strlen(path);
    for (struct served_device *m = all->first; m; m = m->next)
        if (!strncmp(m->d.back, path, n) && (!m->d.back[n] || m->d.back[n] == '/'))
            devices_mark(m);
}

/* ---- events ---- */

/* Nodes that only this program or the states of xenbus write: no kind has to look at them again. */
static bool is_of_states(const char *node)
{
    static const char *const nodes[] = {"state",         "online",   "error",      "hotplug-status",
                                        "hotplug-error", "frontend", "frontend-id"};
    for (unsigned i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++)
        if (!strcmp(node, nodes[i]))
            return true;
    return !strncmp(node, "feature-", 8);
}

/* path is KINDS_BACKEND/NAME, and perhaps /DOMID, /ID and /NODE. */
static void folder_event(struct devices *all, const struct served_folder *folder, const char *path)
{
    unsigned domid, id;
    const char *at = path + strlen(KINDS_BACKEND) + 1 + strlen(folder->name);
    if (!*at) {
        mark_below(all, path);
        scan_folder(all, folder);
        return;
    }
    size_t length = strcspn(++at, "/");
    if (!parse_id(at, length, DOMAIN_ID_END, &domid))
        return;
    if (!at[length]) {
        mark_below(all, path);
        scan_guest(all, folder, domid);
        return;
    }
    at += length + 1;
    length = strcspn(at, "/");
    if (!parse_id(at, length, DEVICE_ID_END, &id))
        return;
    see(all, folder, domid, id);
    if (at[length] && !is_of_states(at + length + 1) && all->first) {
        char back[sizeof(((struct device *)NULL)->back)];
        snprintf(back, sizeof(back), KINDS_BACKEND "/%s/%u/%u", folder->name, domid, id);
        struct served_device *m = find(all, back);
        if (m)
            m->change_wanted = true;
    }
}

/* Guests that ended: nothing of them may stay mapped, or they would never be gone. */
static void guests_event(struct devices *all)
{
    for (struct served_device *m = all->first; m; m = m->next) {
        bool was = m->guest_dead;
        m->guest_dead = guest_is_dead(all, m->d.domid);
        if (m->guest_dead && m->worker)
            worker_process_end(m->worker);
        if (was != m->guest_dead)
            devices_mark(m);
    }
}

static void handle_event(struct devices *all, const char *path, const char *token)
{
    if (path[0] == '@') {
        guests_event(all);
        return;
    }
    for (unsigned i = 0; i < all->folder_count; i++) {
        if (!strcmp(token, all->folders[i].name)) {
            folder_event(all, &all->folders[i], path);
            return;
        }
    }
    struct served_device *m = find(all, token); /* the watch on a front end's state */
    if (m)
        devices_mark(m);
}

static void store_ready(struct event_source *source, uint32_t events)
{
    struct devices *all = OWNER(struct devices, store, source);
    char **event;
    (void)events;
    while (all->xs && (event = xs_check_watch(all->xs))) {
        handle_event(all, event[XS_WATCH_PATH], event[XS_WATCH_TOKEN]);
        free(event);
    }
    if (all->xs && errno != EAGAIN)
        devices_store_failed(all);
}

/* ---- the connection to the store ---- */

static int connect_store(struct devices *all)
{
    char path[80];
    all->xs = store_open();
    if (!all->xs)
        return -1;
    bool good = xs_watch(all->xs, "@releaseDomain", "out") && xs_watch(all->xs, "@introduceDomain", "in");
    for (unsigned i = 0; good && i < all->folder_count; i++) {
        snprintf(path, sizeof(path), KINDS_BACKEND "/%s", all->folders[i].name);
        good = xs_watch(all->xs, path, all->folders[i].name);
    }
    all->store = (struct event_source){.fd = xs_fileno(all->xs), .ready = store_ready};
    if (good && !event_loop_add(&all->loop, &all->store, EPOLLIN))
        return 0;
    int error = errno;
    xs_close(all->xs);
    all->xs = NULL;
    errno = error;
    return -1;
}

void devices_store_failed(struct devices *all)
{
    if (!all->xs)
        return;
    report("the store went away; waiting for it");
    event_loop_remove(&all->loop, &all->store);
    xs_close(all->xs);
    all->xs = NULL;
    for (struct served_device *m = all->first; m; m = m->next) {
        m->d.xs = NULL;
        m->watched = false;
    }
    event_timer_set(&all->loop, &all->reconnect, event_loop_now_ns() + RECONNECT_NS);
}

/* The watches fire when they are set, which finds new devices; those that are known are looked at, too. */
static void reconnect_due(struct event_timer *timer)
{
    struct devices *all = OWNER(struct devices, reconnect, timer);
    if (connect_store(all)) {
        event_timer_set(&all->loop, timer, event_loop_now_ns() + RECONNECT_NS);
        return;
    }
    report("connected to the store again");
    for (struct served_device *m = all->first; m; m = m->next) {
        m->d.xs = all->xs;
        watch_front(m);
        m->change_wanted = m->opened;
        devices_mark(m);
    }
    guests_event(all);
}

/* ---- workers ---- */

static void worker_message(struct worker_process *w, const struct worker_message *message)
{
    struct devices *all = OWNER(struct devices, workers, w->all);
    for (struct served_device *m = all->first; m; m = m->next) {
        if (m->worker == w && m->d.id == message->device) {
            device_worker_message(m, message);
            return;
        }
    }
}

static void worker_died(struct worker_process *w, const char *how)
{
    struct devices *all = OWNER(struct devices, workers, w->all);
    bool any = false;
    for (struct served_device *m = all->first; m; m = m->next) {
        if (!is_served_by(m, w))
            continue;
        any = true;
        device_worker_died(m, how);
    }
    if (!any)
        worker_process_forget(w);
}

static void worker_may_start(struct worker_process *w)
{
    struct devices *all = OWNER(struct devices, workers, w->all);
    for (struct served_device *m = all->first; m; m = m->next)
        if (is_served_by(m, w))
            devices_mark(m);
}

int devices_start(struct devices *all)
{
    all->look.fired = look_at_marked;
    all->reconnect.fired = reconnect_due;
    all->workers.loop = &all->loop;
    all->workers.message = worker_message;
    all->workers.died = worker_died;
    all->workers.may_start = worker_may_start;
    return connect_store(all);
}
