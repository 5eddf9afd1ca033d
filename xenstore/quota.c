/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See quota.h. The numbers are those of the C xenstored. */
#include "xenstore/quota.h"

#include "xenstore/log.h"
#include "xenstore/memory.h"
#include "xenstore/wire.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define LOG_EVERY_SECONDS 10

const struct quota_setting quota_settings[QUOTA_KINDS] = {
    [QUOTA_NODES] = {"nodes", "Nodes per domain", 1000},
    [QUOTA_WATCHES] = {"watches", "Watches per domain", 128},
    [QUOTA_TRANSACTIONS] = {"transactions", "Transactions per domain", 10},
    [QUOTA_OUTSTANDING] = {"outstanding", "Outstanding requests per domain", 20},
    [QUOTA_TRANSACTION_NODES] = {"transaction-nodes", "Max. number of accessed nodes per transaction", 1024},
    [QUOTA_MEMORY] = {"memory", "Total Xenstore memory per domain (error level)", 2560 * 1024},
    [QUOTA_NODE_SIZE] = {"node-size", "Max. size of a node", 2048},
    [QUOTA_PATH] = {"path-max", "Max. length of a node path", XENSTORE_REL_PATH_MAX},
    [QUOTA_PERMISSIONS] = {"permissions", "Max. number of permissions per node", 5},
    [QUOTA_MEMORY_SOFT] = {"memory", "Total Xenstore memory per domain (warning level)", 2048 * 1024},
};

void quota_init(struct quota *quota)
{
    memset(quota, 0, sizeof(*quota));
    for (int i = 0; i < QUOTA_KINDS; i++)
        quota->limit[i] = quota_settings[i].initial;
}

void quota_free(struct quota *quota)
{
    for (unsigned i = 0; i < quota->domains; i++)
        free(quota->usage[i]);
    free(quota->usage);
}

const struct usage *quota_look(const struct quota *quota, unsigned domid)
{
    return domid < quota->domains ? quota->usage[domid] : NULL;
}

static struct usage *make_usage(struct quota *quota, unsigned domid)
{
    if (domid >= quota->domains) {
        unsigned domains = (domid + 16) & ~15u;
        quota->usage = memory_realloc(quota->usage, domains * sizeof(struct usage *));
        memset(quota->usage + quota->domains, 0, (domains - quota->domains) * sizeof(struct usage *));
        quota->domains = domains;
    }
    return quota->usage[domid] = memory_zalloc(sizeof(struct usage));
}

struct usage *quota_usage(struct quota *quota, unsigned domid)
{
    if (domid >= QUOTA_DOMAINS) /* the special ones never own anything */
        domid = 0;
    if (domid < quota->domains && quota->usage[domid])
        return quota->usage[domid];
    return make_usage(quota, domid);
}

void quota_forget(struct quota *quota, unsigned domid)
{
    if (domid >= quota->domains)
        return;
    free(quota->usage[domid]);
    quota->usage[domid] = NULL;
}

bool quota_allows(struct quota *quota, unsigned domid, enum quota_kind kind, long wanted)
{
    if (domid == 0 || wanted <= quota->limit[kind])
        return true;

    struct usage *usage = quota_usage(quota, domid);
    time_t now = time(NULL);
    if (usage->logged[kind] && now - usage->logged[kind] < LOG_EVERY_SECONDS) {
        usage->unlogged[kind]++;
        return kind == QUOTA_MEMORY_SOFT;
    }
    log_line(LOG_LEVEL_WARNING,
             "domain %u %s its quota \"%s\": %ld, limit %ld (%u more times since the last such line); "
             "\"xenstore-control quota%s set %s N\" changes it",
             domid, kind == QUOTA_MEMORY_SOFT ? "exceeds the soft level of" : "is refused more than",
             quota_settings[kind].name, wanted, quota->limit[kind], usage->unlogged[kind],
             kind == QUOTA_MEMORY_SOFT ? "-soft" : "", quota_settings[kind].name);
    usage->logged[kind] = now;
    usage->unlogged[kind] = 0;
    return kind == QUOTA_MEMORY_SOFT;
}

int quota_set(struct quota *quota, const char *name, bool soft, long value)
{
    if (value < 1 || value > INT_MAX)
        return -1;
    for (int i = 0; i < QUOTA_KINDS; i++) {
        if (soft != (i == QUOTA_MEMORY_SOFT) || strcmp(name, quota_settings[i].name))
            continue;
        if (i == QUOTA_PATH && value > XENSTORE_REL_PATH_MAX)
            value = XENSTORE_REL_PATH_MAX;
        quota->limit[i] = value;
        return i;
    }
    return -1;
}
