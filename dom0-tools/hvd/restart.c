/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See restart.h. */
#include "hvd/restart.h"

#include "devices/device_nodes.h"
#include "guest/create.h"
#include "guest/destroy.h"
#include "guest/store_layout.h"
#include "guest/stored_config.h"
#include "hvd/report.h"
#include "libhv/store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define PATH_SIZE 200

static bool write_node(struct xs_handle *xs, xs_transaction_t t, const char *directory, const char *node,
                       const char *value)
{
    char path[PATH_SIZE];
    return snprintf(path, sizeof(path), "%s/%s", directory, node) < PATH_SIZE && store_write(xs, t, path, value);
}

static bool write_restarts(struct xs_handle *xs, xs_transaction_t t, const char *directory, unsigned domid)
{
    struct policy_restarts restarts = {0, 0};
    char value[64], *text = store_read(xs, t, STORE_OURS "/restarts", domid);
    if (text)
        policy_parse_restarts(text, &restarts);
    free(text);
    snprintf(value, sizeof(value), "%" PRIu64 " %" PRIu64, restarts.count + 1, (uint64_t)time(NULL));
    return write_node(xs, t, directory, "restarts", value);
}

/* The notes from which the guest can be made again. */
static bool write_notes(struct xs_handle *xs, xs_transaction_t t, unsigned domid, const char *uuid)
{
    char ours[PATH_SIZE], notes[PATH_SIZE], id[16];
    snprintf(ours, sizeof(ours), STORE_OURS, domid);
    snprintf(notes, sizeof(notes), RESTART_ALL "/%s", uuid);
    snprintf(id, sizeof(id), "%u", domid);
    char *config = stored_config_read(xs, t, ours), *name = store_read(xs, t, STORE_GUEST "/name", domid);
    bool good = config && stored_config_write(xs, t, notes, config) && write_node(xs, t, notes, "domid", id) &&
                write_node(xs, t, notes, "name", name ? name : "?") && write_restarts(xs, t, notes, domid);
    free(config);
    free(name);
    return good;
}

/* RFC 9562, version 4. */
static bool random_uuid(char text[DOMAIN_UUID_SIZE])
{
    uint8_t uuid[16];
    if (getrandom(uuid, sizeof(uuid), 0) != sizeof(uuid))
        return false;
    uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x40);
    uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
    domain_format_uuid(uuid, text);
    return true;
}

static bool copy_node(struct xs_handle *xs, xs_transaction_t t, const char *from, const char *to, const char *node)
{
    char *value = store_read(xs, t, "%s/%s", from, node);
    bool good = !value || write_node(xs, t, to, node, value);
    free(value);
    return good;
}

/* The dead domain steps aside: another name, another UUID, so that the new one can have both. */
static bool write_aside(struct xs_handle *xs, xs_transaction_t t, unsigned domid, const char *uuid)
{
    char guest[PATH_SIZE], ours[PATH_SIZE], old_vm[PATH_SIZE], new_vm[PATH_SIZE], aside[GUEST_NAME_MAX + 1];
    char fresh[DOMAIN_UUID_SIZE], stamp[32] = "";
    time_t now = time(NULL);
    struct tm utc;
    if (!random_uuid(fresh))
        return false;
    if (gmtime_r(&now, &utc))
        strftime(stamp, sizeof(stamp), "-%FT%TZ", &utc);
    char *name = store_read(xs, t, STORE_GUEST "/name", domid);
    snprintf(aside, sizeof(aside), "%.*s%s", (int)(GUEST_NAME_MAX - strlen(stamp)), name ? name : "", stamp);
    free(name);
    snprintf(guest, sizeof(guest), STORE_GUEST, domid);
    snprintf(ours, sizeof(ours), STORE_OURS, domid);
    snprintf(old_vm, sizeof(old_vm), STORE_VM, uuid);
    snprintf(new_vm, sizeof(new_vm), STORE_VM, fresh);
    return write_node(xs, t, guest, "name", aside) && write_node(xs, t, guest, "vm", new_vm) &&
           write_node(xs, t, ours, "uuid", fresh) && write_node(xs, t, ours, "preserved", "1") &&
           write_node(xs, t, new_vm, "uuid", fresh) && write_node(xs, t, new_vm, "name", aside) &&
           copy_node(xs, t, old_vm, new_vm, "start_time") && (xs_rm(xs, t, old_vm) || errno == ENOENT);
}

bool restart_begin(struct xs_handle *xs, const domain_info *info, bool rename)
{
    char uuid[DOMAIN_UUID_SIZE];
    domain_format_uuid(info->handle, uuid);
    for (;;) {
        xs_transaction_t t = xs_transaction_start(xs);
        if (!t)
            return false;
        if (!write_notes(xs, t, info->domain, uuid) || (rename && !write_aside(xs, t, info->domain, uuid))) {
            int reason = errno;
            xs_transaction_end(xs, t, true);
            errno = reason;
            return false;
        }
        if (xs_transaction_end(xs, t, false))
            return true;
        if (errno != EAGAIN)
            return false;
    }
}

void restart_mend_handle(struct hypervisor *hv, struct xs_handle *xs, const domain_info *info)
{
    char have[DOMAIN_UUID_SIZE], *want = store_read(xs, XBT_NULL, STORE_OURS "/uuid", info->domain);
    domain_format_uuid(info->handle, have);
    struct xen_domctl op = {.cmd = XEN_DOMCTL_setdomainhandle, .domain = info->domain};
    if (want && strcmp(want, have) && !guest_uuid_parse(want, op.u.setdomainhandle.handle) &&
        hypervisor_domctl(hv, &op) < 0)
        report("domain %u: cannot set its UUID: %s", info->domain, strerror(errno));
    free(want);
}

/* ---- going on ---- */

struct restart {
    const char *uuid;
    char notes[PATH_SIZE];
    char *name;
    uint64_t old_domid, tries;
};

/* The domain with this UUID that is living, or that is dying, or NULL. */
static const domain_info *find_domain(const domain_info *list, int n, const char *uuid, bool dying)
{
    char text[DOMAIN_UUID_SIZE];
    for (int i = 0; i < n; i++) {
        domain_format_uuid(list[i].handle, text);
        if (!strcmp(text, uuid) && !(list[i].flags & XEN_DOMINF_dying) == !dying)
            return &list[i];
    }
    return NULL;
}

/* After a failure the next try waits, whatever fires meanwhile. Seconds that are left. */
static unsigned retry_wait(struct xs_handle *xs, const struct restart *r)
{
    uint64_t retry, now = (uint64_t)time(NULL);
    if (!store_read_number(xs, XBT_NULL, &retry, "%s/retry", r->notes) || retry <= now)
        return 0;
    return retry - now < POLICY_CREATE_INTERVAL ? (unsigned)(retry - now) : POLICY_CREATE_INTERVAL;
}

/* The new domain is there: it inherits the count, and the notes go. Also when it is not there any more, or never will.
 */
static bool finish(struct xs_handle *xs, const struct restart *r, int domid)
{
    for (;;) {
        char ours[PATH_SIZE];
        xs_transaction_t t = xs_transaction_start(xs);
        if (!t)
            return false;
        snprintf(ours, sizeof(ours), STORE_OURS, (unsigned)domid);
        bool good = domid < 0 || !store_exists(xs, t, "%s/uuid", ours) || copy_node(xs, t, r->notes, ours, "restarts");
        good = good && (xs_rm(xs, t, r->notes) || errno == ENOENT);
        if (xs_transaction_end(xs, t, !good))
            return good;
        if (errno != EAGAIN)
            return false;
    }
}

static unsigned failed(struct xs_handle *xs, const struct restart *r, const char *why)
{
    char tries[24], retry[24];
    report("guest %s: cannot be restarted (try %" PRIu64 " of %d): %s", r->name, r->tries + 1, POLICY_CREATE_TRIES,
           why);
    snprintf(tries, sizeof(tries), "%" PRIu64, r->tries + 1);
    if (r->tries + 1 < POLICY_CREATE_TRIES) {
        snprintf(retry, sizeof(retry), "%" PRIu64, (uint64_t)time(NULL) + POLICY_CREATE_INTERVAL);
        if (write_node(xs, XBT_NULL, r->notes, "retry", retry))
            write_node(xs, XBT_NULL, r->notes, "tries", tries);
        return POLICY_CREATE_INTERVAL;
    }
    report("guest %s: given up; \"hvctl create\" with its configuration makes it again", r->name);
    return finish(xs, r, -1) ? 0 : 1;
}

/* "hvctl destroy" takes the notes away when somebody has had enough of the guest. */
static bool is_cancelled(struct xs_handle *xs, const struct restart *r)
{
    return !store_exists(xs, XBT_NULL, "%s/domid", r->notes) && errno == ENOENT;
}

static unsigned make_again(struct hypervisor *hv, struct xs_handle *xs, const struct restart *r)
{
    struct guest_config guest = {0};
    struct guest_create_options options = {0};
    struct failure failure = {""};
    unsigned domid = 0;
    if (!stored_config_load_from(xs, XBT_NULL, r->notes, &guest))
        return is_cancelled(xs, r) ? 0 : failed(xs, r, "its stored configuration cannot be read");
    int result = guest_create(hv, xs, &guest, &options, &domid, &failure);
    guest_config_free(&guest);
    if (result)
        return failed(xs, r, failure.text);
    if (is_cancelled(xs, r)) {
        report("guest %s: destroyed while it was restarted", r->name);
        return guest_destroy(hv, xs, domid, &failure) ? POLICY_CREATE_INTERVAL : 0;
    }
    report("guest %s: restarted as domain %u", r->name, domid);
    return finish(xs, r, (int)domid) ? 0 : 1;
}

/* A dead domain that is kept has a new name, but still the UUID and the devices that the one to come shall have: nobody
 * else can write to its disks as long as its back ends have them. */
static void step_aside(struct hypervisor *hv, struct xs_handle *xs, const domain_info *info)
{
    device_nodes_remove_all(xs, info->domain);
    restart_mend_handle(hv, xs, info);
}

static unsigned go_on(struct hypervisor *hv, struct xs_handle *xs, const struct restart *r, const domain_info *list,
                      int n)
{
    const domain_info *there = find_domain(list, n, r->uuid, false);
    struct failure failure = {""};
    domain_info now;
    unsigned wait = retry_wait(xs, r);
    if (store_exists(xs, XBT_NULL, STORE_CREATE, r->uuid) || store_exists(xs, XBT_NULL, STORE_CREATE "/pid", r->uuid))
        return 1; /* somebody makes it just now, or the sweep takes back what is left of that */
    if (there && there->domain != r->old_domid)
        return finish(xs, r, there->domain) ? 0 : 1; /* it was made, and hvd was killed before it could note that */
    if (there && store_exists(xs, XBT_NULL, STORE_OURS "/preserved", there->domain))
        step_aside(hv, xs, there);
    else if (there && guest_destroy(hv, xs, there->domain, &failure))
        return failed(xs, r, failure.text);
    else if (there && !domain_get_info(hv, there->domain, &now))
        return 1; /* somebody still holds pages of it: its UUID is free when it is gone, and that is told */
    if (wait || find_domain(list, n, r->uuid, true))
        return wait ? wait : 1;
    return make_again(hv, xs, r);
}

unsigned restart_continue(struct hypervisor *hv, struct xs_handle *xs, const char *uuid, const domain_info *list, int n)
{
    struct restart r = {.uuid = uuid};
    uint8_t binary[16];
    snprintf(r.notes, sizeof(r.notes), RESTART_ALL "/%.*s", DOMAIN_UUID_SIZE, uuid);
    errno = EINVAL;
    if (guest_uuid_parse(uuid, binary) || !store_read_number(xs, XBT_NULL, &r.old_domid, "%s/domid", r.notes)) {
        if (errno != EINVAL && errno != ENOENT)
            return POLICY_CREATE_INTERVAL; /* the store does not answer: the notes may be good */
        report("%s is no restart that can be gone on with: removed", r.notes);
        xs_rm(xs, XBT_NULL, r.notes);
        return 0;
    }
    store_read_number(xs, XBT_NULL, &r.tries, "%s/tries", r.notes);
    char *name = store_read(xs, XBT_NULL, "%s/name", r.notes);
    r.name = name ? name : (char *)uuid;
    unsigned again = go_on(hv, xs, &r, list, n);
    free(name);
    return again;
}
