/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each unprivileged domain may use of the store, and what it uses. Limits are the same for all domains and can be
 * changed at any time ("quota set" of XS_CONTROL); who is above a lowered one keeps what it has. Pure.
 */
#ifndef HAVEN_XENSTORE_QUOTA_H
#define HAVEN_XENSTORE_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define QUOTA_DOMAINS 0x7ff0 /* DOMID_FIRST_RESERVED */

enum quota_kind {
    QUOTA_NODES,
    QUOTA_WATCHES,
    QUOTA_TRANSACTIONS,
    QUOTA_OUTSTANDING,
    QUOTA_TRANSACTION_NODES,
    QUOTA_MEMORY,
    QUOTA_NODE_SIZE,
    QUOTA_PATH,
    QUOTA_PERMISSIONS,
    QUOTA_MEMORY_SOFT, /* only warned about */
    QUOTA_KINDS
};

struct usage {
    long nodes, memory;
    unsigned watches, transactions, outstanding;
    time_t logged[QUOTA_KINDS];
    unsigned unlogged[QUOTA_KINDS];
};

struct quota {
    long limit[QUOTA_KINDS];
    struct usage **usage; /* by domain; NULL: never asked for */
    unsigned domains;
};

struct quota_setting {
    const char *name, *description;
    long initial;
};
extern const struct quota_setting quota_settings[QUOTA_KINDS];

void quota_init(struct quota *quota);
void quota_free(struct quota *quota);

/* What domid uses; made when it is first asked for. The other one gives NULL then. */
struct usage *quota_usage(struct quota *quota, unsigned domid);
const struct usage *quota_look(const struct quota *quota, unsigned domid);
void quota_forget(struct quota *quota, unsigned domid);

/* Whether domid may come to use wanted of that kind; if not, that is logged (now and then). */
bool quota_allows(struct quota *quota, unsigned domid, enum quota_kind kind, long wanted);

/* By name: the kind that was set, or -1 if there is no such one or the value is not allowed. */
int quota_set(struct quota *quota, const char *name, bool soft, long value);

#endif
