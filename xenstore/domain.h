/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What domains.c and domains_record.c share. */
#ifndef HAVEN_XENSTORE_DOMAIN_H
#define HAVEN_XENSTORE_DOMAIN_H

#include "xenstore/domains.h"
#include "xenstore/ring.h"

struct door;

struct domain {
    struct ring ring; /* first: found from its connection */
    struct task task;
    struct domains *domains;
    struct record_domain state; /* as journalled; not introduced: only permissions name it */
    bool alive;                 /* found by the sweep that is going on */
    bool granted;               /* the page is mapped by its grant */
    struct domain *next_moved;  /* in the list of domains */
    bool is_moved;
    int port; /* our end of its event channel; 0: none */
};

struct domains {
    struct store *store;
    struct schedule *schedule;
    struct door *door;
    unsigned highest;     /* no domain above */
    struct domain *moved; /* whose rings have something new to see: to be notified */
    struct domain *by_id[QUOTA_DOMAINS];
};

struct domain *domains_find(const struct domains *domains, unsigned domid);
struct domain *domains_find_introduced(const struct domains *domains, unsigned domid);
struct domain *domains_make(struct domains *domains, unsigned domid);

#endif
