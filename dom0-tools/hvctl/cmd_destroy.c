/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvctl destroy: ends guests at once, as if their power was cut; also those between two lives, of which only hvd's
 * notes are there (hvd/restart.h). */
#include "guest/destroy.h"
#include "hvctl/command.h"
#include "hvd/restart.h"
#include "libhv/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool remove_notes(struct xs_handle *xs, const char *uuid)
{
    char path[128];
    return snprintf(path, sizeof(path), RESTART_ALL "/%s", uuid) < (int)sizeof(path) && xs_rm(xs, XBT_NULL, path);
}

/* Keeps hvd from making the guest again that has this name, or was this domain. */
static bool cancel_restart(struct xs_handle *xs, const char *who)
{
    unsigned n = 0;
    char **uuid = xs_directory(xs, XBT_NULL, RESTART_ALL, &n);
    bool cancelled = false;
    for (unsigned i = 0; uuid && i < n; i++) {
        char *name = store_read(xs, XBT_NULL, RESTART_ALL "/%s/name", uuid[i]);
        char *domid = store_read(xs, XBT_NULL, RESTART_ALL "/%s/domid", uuid[i]);
        if ((name && !strcmp(name, who)) || (domid && !strcmp(domid, who)))
            cancelled |= remove_notes(xs, uuid[i]);
        free(name);
        free(domid);
    }
    free(uuid);
    return cancelled;
}

/* Is there nothing more to destroy than the notes? */
static bool is_between_lives(struct command *c, const char *who)
{
    uint64_t id;
    domain_info info;
    if (command_parse_number(who, 0, DOMAIN_ID_END - 1, &id))
        return domain_get_info(c->hv, (unsigned)id, &info) != 0;
    return store_domain_by_name(c->xs, who) < 0;
}

int cmd_destroy(struct command *c, int argc, char **argv)
{
    int first = argc > 1 && strcmp(argv[1], "-f") == 0 ? 2 : 1; /* xl's -f: domain 0, too, which is refused here */
    struct hypervisor *hv;
    struct xs_handle *xs;

    if (first >= argc)
        return command_usage(c);
    hv = command_hypervisor(c);
    xs = hv ? command_store(c) : NULL;
    if (!xs)
        return COMMAND_FAILED;
    int status = COMMAND_OK;
    for (int i = first; i < argc; i++) {
        struct failure failure = {""};
        if (cancel_restart(xs, argv[i]) && is_between_lives(c, argv[i]))
            continue;
        int domid = command_find_domain(c, argv[i]);
        if (domid < 0)
            status = COMMAND_FAILED;
        else if (guest_destroy(hv, xs, (unsigned)domid, &failure))
            status = command_fail("%s", failure.text);
        else if (c->json)
            printf("{\"destroyed\": %d}\n", domid);
    }
    return status;
}
