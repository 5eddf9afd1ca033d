/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See name_claim.h. Looking for the name and taking it are one transaction: whoever comes between makes it fail with
 * EAGAIN, and we look again. A process is known by its number and the time of its start, since numbers come again.
 */
#include "guest/name_claim.h"
#include "guest/store_layout.h"
#include "libhv/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ATTEMPTS 100

/* Field 22 of /proc/PID/stat, counted behind the command's name, which may contain anything. 0: no such process. */
static uint64_t process_start(unsigned pid)
{
    char path[32], line[1024];
    uint64_t start = 0;

    snprintf(path, sizeof(path), "/proc/%u/stat", pid);
    FILE *f = fopen(path, "re");
    if (!f)
        return 0;
    size_t n = fread(line, 1, sizeof(line) - 1, f);
    fclose(f);
    line[n] = 0;
    char *at = strrchr(line, ')');
    for (unsigned field = 2; at && field < 22; field++)
        at = strchr(at + 1, ' ');
    if (at)
        start = strtoull(at + 1, NULL, 10);
    return start;
}

static bool read_claimant(struct xs_handle *xs, const char *uuid, uint64_t *pid, uint64_t *start)
{
    return store_read_number(xs, XBT_NULL, pid, STORE_CREATE "/pid", uuid) &&
           store_read_number(xs, XBT_NULL, start, STORE_CREATE "/start", uuid);
}

bool name_claim_is_abandoned(struct xs_handle *xs, const char *uuid)
{
    uint64_t pid, start, same_pid, same_start;

    if (!read_claimant(xs, uuid, &pid, &start))
        return false;
    if (process_start((unsigned)pid) == start && (pid_t)pid != getpid())
        return false;
    return read_claimant(xs, uuid, &same_pid, &same_start) && same_pid == pid && same_start == start;
}

/* Does an entry below directory bear the name? *where is the entry's own, to be freed. */
static bool name_is_in(struct xs_handle *xs, xs_transaction_t t, const char *directory, const char *name, char **where)
{
    unsigned count = 0;
    char **entries = xs_directory(xs, t, directory, &count);
    bool found = false;

    for (unsigned i = 0; entries && i < count && !found; i++) {
        char *have = store_read(xs, t, "%s/%s/name", directory, entries[i]);
        found = have && strcmp(have, name) == 0;
        if (found)
            *where = strdup(entries[i]);
        free(have);
    }
    free(entries);
    return found;
}

static int check_name(struct xs_handle *xs, xs_transaction_t t, const char *name, struct failure *failure)
{
    char *where = NULL;
    int r = 0;

    if (name_is_in(xs, t, "/local/domain", name, &where))
        r = failure_set(failure, "there is a guest \"%s\" already: domain %s", name, where ? where : "?");
    else if (name_is_in(xs, t, STORE_CREATE_ALL, name, &where))
        r = failure_set(failure, "a guest \"%s\" is being created at this moment", name);
    free(where);
    return r;
}

static bool write_node(struct xs_handle *xs, xs_transaction_t t, const char *uuid, const char *node, const char *value)
{
    char path[128];

    snprintf(path, sizeof(path), STORE_CREATE "/%s", uuid, node);
    return store_write(xs, t, path, value);
}

static bool write_claim(struct xs_handle *xs, xs_transaction_t t, const char *name, const char *uuid)
{
    struct xs_permissions none = {.id = 0, .perms = XS_PERM_NONE};
    char pid[16], start[24], path[128];

    snprintf(pid, sizeof(pid), "%d", (int)getpid());
    snprintf(start, sizeof(start), "%llu", (unsigned long long)process_start((unsigned)getpid()));
    snprintf(path, sizeof(path), STORE_CREATE, uuid);
    return xs_mkdir(xs, t, path) && xs_set_permissions(xs, t, path, &none, 1) &&
           write_node(xs, t, uuid, "name", name) && write_node(xs, t, uuid, "pid", pid) &&
           write_node(xs, t, uuid, "start", start);
}

int name_claim(struct xs_handle *xs, const char *name, const char *uuid, struct failure *failure)
{
    for (unsigned i = 0; i < ATTEMPTS; i++) {
        xs_transaction_t t = xs_transaction_start(xs);
        if (t == XBT_NULL)
            return failure_errno(failure, "the store (is xenstored running? see hvctl host status)");
        if (check_name(xs, t, name, failure)) {
            xs_transaction_end(xs, t, true);
            return -1;
        }
        if (!write_claim(xs, t, name, uuid)) {
            failure_errno(failure, "writing to the store");
            xs_transaction_end(xs, t, true);
            return -1;
        }
        if (xs_transaction_end(xs, t, false))
            return 0;
        if (errno != EAGAIN)
            return failure_errno(failure, "writing to the store");
    }
    return failure_set(failure, "the store is too busy to take the name \"%s\"", name);
}

void name_claim_set_domain(struct xs_handle *xs, const char *uuid, unsigned domid)
{
    char id[16];

    snprintf(id, sizeof(id), "%u", domid);
    write_node(xs, XBT_NULL, uuid, "domid", id);
}

void name_claim_drop(struct xs_handle *xs, const char *uuid)
{
    char path[128];

    snprintf(path, sizeof(path), STORE_CREATE, uuid);
    xs_rm(xs, XBT_NULL, path);
}
