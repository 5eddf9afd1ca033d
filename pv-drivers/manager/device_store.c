/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See devices.h. The nodes of the back end are the tools', who may remove them or ask for a detach at any moment. So
 * what is written here is written in a transaction that looks first: a write must not bring back a node that is gone,
 * nor overwrite a state that somebody else wrote since we looked.
 *
 * The front end's state is the guest's to write: any text.
 */
#include "libhv/store.h"
#include "manager/devices.h"
#include "manager/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xen/grant_table.h>
#include <xen/io/xenbus.h>

#define TRIES         10  /* of a transaction that others interfere with */
#define STATE_NO_SUCH 255 /* the node holds no number */
#define PATH_MAX_HERE 160

struct written {
    const char *node, *value; /* value NULL: remove it */
};

/* ---- reading ---- */

/* -1: the store failed; 0: no such node. A text that is no number, or a large one, is STATE_NO_SUCH. */
static int read_state(struct served_device *m, const char *folder, unsigned *state)
{
    uint64_t value = 0;
    *state = XenbusStateUnknown;
    if (store_read_number(m->d.xs, XBT_NULL, &value, "%s/state", folder)) {
        *state = value < STATE_NO_SUCH ? (unsigned)value : STATE_NO_SUCH;
        return 1;
    }
    if (errno == ENOENT || errno == EACCES)
        return 0;
    if (errno != EINVAL)
        return -1;
    *state = STATE_NO_SUCH;
    return 1;
}

/* What must be so before anything is done: the nodes name the guest's own device, not somebody else's. */
static enum device_seen check_nodes(struct served_device *m)
{
    uint64_t id = 0;
    char *front = store_read(m->d.xs, XBT_NULL, "%s/frontend", m->d.back);
    if (!front)
        return errno == ENOENT ? DEVICE_GONE : DEVICE_STORE_FAILED;
    bool same = !strcmp(front, m->d.front);
    bool has_id = store_read_number(m->d.xs, XBT_NULL, &id, "%s/frontend-id", m->d.back);
    int error = has_id ? 0 : errno;
    if (has_id && same && id == m->d.domid) {
        m->complete = true;
    } else if (has_id) {
        report_device(&m->d, "%s/frontend must be %s, with frontend-id %u; it is not served", m->d.back, m->d.front,
                      m->d.domid);
    }
    free(front);
    if (m->complete)
        return DEVICE_SEEN;
    return has_id || error == ENOENT || error == EINVAL ? DEVICE_GONE : DEVICE_STORE_FAILED;
}

enum device_seen device_store_look(struct served_device *m, bool *online)
{
    uint64_t value = 0;
    enum device_seen checked = m->complete ? DEVICE_SEEN : check_nodes(m);
    if (checked != DEVICE_SEEN)
        return checked;
    int back = read_state(m, m->d.back, &m->back);
    if (back <= 0)
        return back ? DEVICE_STORE_FAILED : DEVICE_GONE;
    *online = store_read_number(m->d.xs, XBT_NULL, &value, "%s/online", m->d.back) && value;
    if (read_state(m, m->d.front, &m->front) < 0)
        return DEVICE_STORE_FAILED;
    return DEVICE_SEEN;
}

/* ---- writing ---- */

static bool write_one(struct served_device *m, xs_transaction_t t, const struct written *w)
{
    char path[PATH_MAX_HERE];
    snprintf(path, sizeof(path), "%s/%s", m->d.back, w->node);
    if (w->value)
        return store_write(m->d.xs, t, path, w->value);
    return xs_rm(m->d.xs, t, path) || errno == ENOENT;
}

/* Writes nodes of the back end if its state is there, and is the expected one (unless NULL). */
static bool write_nodes(struct served_device *m, const unsigned *expected, const struct written *list, unsigned count)
{
    for (unsigned i = 0; i < TRIES; i++) {
        uint64_t state = 0;
        xs_transaction_t t = xs_transaction_start(m->d.xs);
        if (!t)
            return false;
        bool good = store_read_number(m->d.xs, t, &state, "%s/state", m->d.back) && (!expected || state == *expected);
        for (unsigned n = 0; good && n < count; n++)
            good = write_one(m, t, &list[n]);
        if (xs_transaction_end(m->d.xs, t, !good))
            return good;
        if (errno != EAGAIN)
            return false;
    }
    return false;
}

bool device_store_say(struct served_device *m, unsigned state)
{
    char text[16];
    snprintf(text, sizeof(text), "%u", state);
    const struct written list[] = {{"state", text}};
    if (!write_nodes(m, &m->back, list, 1))
        return false;
    m->back = state;
    return true;
}

void device_store_say_broken(struct served_device *m, const char *text)
{
    const struct written list[] = {{"error", text}, {"hotplug-error", text}, {"hotplug-status", "error"}};
    if (!strcmp(m->error, text))
        return;
    snprintf(m->error, sizeof(m->error), "%s", text);
    report_device(&m->d, "%s", text);
    write_nodes(m, NULL, list, 3);
}

void device_store_say_ready(struct served_device *m)
{
    const struct written list[] = {{"error", NULL}, {"hotplug-error", NULL}, {"hotplug-status", "connected"}};
    m->error[0] = 0;
    write_nodes(m, NULL, list, 3);
}

void device_store_say_error(struct served_device *m, const char *text)
{
    const struct written list[] = {{"error", text}};
    snprintf(m->error, sizeof(m->error), "%s", text);
    report_device(&m->d, "%s", text);
    write_nodes(m, NULL, list, 1);
}

void device_store_sweep(struct served_device *m)
{
    char parent[sizeof(m->d.back)];
    unsigned left = 0;
    xs_transaction_t t = xs_transaction_start(m->d.xs);
    if (!t)
        return;
    snprintf(parent, sizeof(parent), "%s", m->d.back);
    *strrchr(parent, '/') = 0;
    bool ghost = m->complete && store_exists(m->d.xs, t, "%s", m->d.back) &&
                 !store_exists(m->d.xs, t, "%s/frontend", m->d.back) && xs_rm(m->d.xs, t, m->d.back);
    if (ghost) {
        char **entries = xs_directory(m->d.xs, t, parent, &left);
        if (entries && !left)
            xs_rm(m->d.xs, t, parent);
        free(entries);
    }
    xs_transaction_end(m->d.xs, t, !ghost);
}
