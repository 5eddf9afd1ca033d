/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See destroy.h. The nodes go after the domain: while the domain is there, its name must be. */
#include "guest/destroy.h"
#include "guest/name_claim.h"
#include "guest/room.h"
#include "guest/store_layout.h"
#include "guest/store_nodes.h"
#include "libhv/domain.h"
#include "libhv/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUSY_ROUNDS 3000 /* of a millisecond */

static int destroy_domain(struct hypervisor *hv, unsigned domid, struct failure *failure)
{
    for (unsigned busy = 0; domain_destroy(hv, domid);) {
        if (errno == ESRCH)
            return 0;
        if (errno == EINTR || errno == EAGAIN)
            continue;
        if (errno != EBUSY || ++busy > BUSY_ROUNDS)
            return failure_errno(failure, "destroying domain %u", domid);
        usleep(1000);
    }
    return 0;
}

void guest_remove_nodes(struct xs_handle *xs, unsigned domid)
{
    store_nodes_remove(xs, domid, NULL);
}

int guest_destroy(struct hypervisor *hv, struct xs_handle *xs, unsigned domid, struct failure *failure)
{
    if (domid == 0)
        return failure_set(failure, "domain 0 cannot be destroyed");
    if (destroy_domain(hv, domid, failure))
        return -1;
    store_nodes_remove(xs, domid, NULL);
    return 0;
}

/* ---- sweeping ---- */

static const domain_info *find_handle(const domain_info *list, int count, const char *uuid)
{
    char text[DOMAIN_UUID_SIZE];

    for (int i = 0; i < count; i++) {
        domain_format_uuid(list[i].handle, text);
        if (strcmp(text, uuid) == 0)
            return &list[i];
    }
    return NULL;
}

static bool is_dying(const domain_info *d)
{
    return d->flags & XEN_DOMINF_dying;
}

/* Is the domain that bore the handle a while ago still the one with its number? Numbers come again, and another sweeper
 * may have been quicker. */
static bool is_still(struct hypervisor *hv, const domain_info *d)
{
    domain_info now;

    return domain_get_info(hv, d->domain, &now) == 0 && memcmp(now.handle, d->handle, sizeof(now.handle)) == 0;
}

static const domain_info *find_id(const domain_info *list, int count, unsigned long id)
{
    for (int i = 0; i < count; i++)
        if (list[i].domain == id)
            return &list[i];
    return NULL;
}

/* A create whose process is gone: first the domain, then the nodes, at last the note that says so. A guest that was let
 * run is whole: then only the note was forgotten. */
static void sweep_create(struct hypervisor *hv, struct xs_handle *xs, const char *uuid, const domain_info *list,
                         int count)
{
    const domain_info *d = find_handle(list, count, uuid);
    struct failure ignored = {""};
    uint64_t domid;

    if (d && d->domain == 0)
        return;
    if (d && !(d->flags & (XEN_DOMINF_paused | XEN_DOMINF_dying))) {
        name_claim_drop(xs, uuid);
        return;
    }
    if (d && (!is_still(hv, d) || destroy_domain(hv, d->domain, &ignored)))
        return;
    if (d)
        store_nodes_remove(xs, d->domain, uuid);
    else if (store_read_number(xs, XBT_NULL, &domid, STORE_CREATE "/domid", uuid) && domid &&
             !find_id(list, count, domid))
        store_nodes_remove(xs, (unsigned)domid, uuid);
    room_give_back(hv, xs, uuid);
    name_claim_drop(xs, uuid);
}

static void sweep_creates(struct hypervisor *hv, struct xs_handle *xs)
{
    unsigned n = 0;
    char **uuid = xs_directory(xs, XBT_NULL, STORE_CREATE_ALL, &n);
    domain_info *list = NULL;
    int count = -1;

    for (unsigned i = 0; uuid && i < n; i++) {
        if (!name_claim_is_abandoned(xs, uuid[i]))
            continue;
        if (count < 0)
            count = domain_list(hv, &list);
        if (count >= 0)
            sweep_create(hv, xs, uuid[i], list, count);
    }
    free(list);
    free(uuid);
}

/* Nodes of ours without a living domain: its destroyer was killed, or knows nothing of them (xl). */
static void sweep_nodes(struct hypervisor *hv, struct xs_handle *xs)
{
    unsigned n = 0;
    char **id = xs_directory(xs, XBT_NULL, STORE_OURS_ALL, &n);
    domain_info *list = NULL;
    int count = id && n ? domain_list(hv, &list) : -1;

    for (unsigned i = 0; i < n && count >= 0; i++) {
        char *end;
        unsigned long domid = strtoul(id[i], &end, 10);
        const domain_info *d = find_id(list, count, domid);
        if (*end || end == id[i] || domid == 0 || (d && !is_dying(d)))
            continue;
        store_nodes_remove(xs, (unsigned)domid, NULL);
    }
    free(list);
    free(id);
}

void guest_sweep(struct hypervisor *hv, struct xs_handle *xs)
{
    sweep_creates(hv, xs);
    sweep_nodes(hv, xs);
}
