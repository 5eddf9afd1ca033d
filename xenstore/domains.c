/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See domains.h. What passes between a domain's page and the store is in ring.c. */
#include "xenstore/domains.h"

#include "xenstore/domain.h"
#include "xenstore/domain_door.h"
#include "xenstore/log.h"
#include "xenstore/memory.h"
#include "xenstore/transaction.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct domain *domains_find(const struct domains *domains, unsigned domid)
{
    return domid < QUOTA_DOMAINS ? domains->by_id[domid] : NULL;
}

struct domain *domains_find_introduced(const struct domains *domains, unsigned domid)
{
    struct domain *domain = domains_find(domains, domid);
    return domain && domain->state.introduced ? domain : NULL;
}

static void record(const struct domain *domain)
{
    journal_put(domain->domains->store->journal, RECORD_DOMAIN, domain->ring.connection.actor.domid, &domain->state,
                sizeof(domain->state), NULL, 0);
}

static void note_moved(struct domain *domain)
{
    struct domains *domains = domain->domains;

    if (domain->is_moved || !domain->ring.moved)
        return;
    domain->is_moved = true;
    domain->next_moved = domains->moved;
    domains->moved = domain;
}

static void forget_moved(struct domain *domain)
{
    struct domain **place = &domain->domains->moved;

    if (!domain->is_moved)
        return;
    while (*place != domain)
        place = &(*place)->next_moved;
    *place = domain->next_moved;
}

static void send_output(struct connection *connection)
{
    struct domain *domain = (struct domain *)connection;

    ring_send(&domain->ring);
    if (!output_waiting(&connection->out)) {
        quota_usage(&domain->domains->store->quota, connection->actor.domid)->outstanding = 0;
        if (ring_has_input(&domain->ring))
            schedule_add(domain->domains->schedule, &domain->task);
    }
    note_moved(domain);
}

/* A domain that does not take its replies is not asked for more requests. */
static bool may_request(const struct domain *domain)
{
    const struct connection *connection = &domain->ring.connection;
    struct quota *quota = &domain->domains->store->quota;

    return connection->actor.privileged ||
           quota_usage(quota, connection->actor.domid)->outstanding < quota->limit[QUOTA_OUTSTANDING];
}

static bool serve(struct task *task, int budget)
{
    struct domain *domain = (struct domain *)((char *)task - offsetof(struct domain, task));

    if (ring_wants_reconnect(&domain->ring))
        ring_reset(&domain->ring);
    if (output_waiting(&domain->ring.connection.out))
        store_dirty(domain->domains->store, &domain->ring.connection);
    while (budget && may_request(domain) && ring_handle_one(&domain->ring))
        budget--;
    note_moved(domain);
    return !budget;
}

struct domain *domains_make(struct domains *domains, unsigned domid)
{
    struct domain *domain = memory_zalloc(sizeof(*domain));

    connection_init(&domain->ring.connection, domains->store, domid, true);
    domain->ring.connection.send = send_output;
    domain->task = (struct task){.connection = &domain->ring.connection, .serve = serve};
    domain->domains = domains;
    domain->state.target = ACTOR_NO_TARGET;
    domains->by_id[domid] = domain;
    if (domid >= domains->highest)
        domains->highest = domid + 1;
    return domain;
}

static void disconnect(struct domain *domain)
{
    struct domains *domains = domain->domains;

    if (domain->port)
        door_unbind(domains->door, domain->port);
    if (domain->ring.page)
        door_unmap(domains->door, domain->ring.connection.actor.domid, domain->granted, (void *)domain->ring.page);
    domain->port = 0;
    domain->ring.page = NULL;
}

/* The domain is no more, or shall be none of ours: everything that belongs to it goes. */
static void forget(struct domain *domain)
{
    struct domains *domains = domain->domains;
    unsigned domid = domain->ring.connection.actor.domid;
    bool introduced = domain->state.introduced;

    schedule_remove(domains->schedule, &domain->task);
    forget_moved(domain);
    connection_close(&domain->ring.connection);
    disconnect(domain);
    domains->by_id[domid] = NULL;
    free(domain);
    while (domains->highest && !domains->by_id[domains->highest - 1])
        domains->highest--;
    for (unsigned i = 0; i < domains->highest; i++) {
        struct domain *other = domains->by_id[i];
        if (other && other->state.target == domid)
            other->state.target = other->ring.connection.actor.target = ACTOR_NO_TARGET;
    }
    log_line(LOG_LEVEL_DEBUG, "domain %u is gone", domid);
    store_forget_domain(domains->store, domid);
    if (introduced)
        store_fire_special(domains->store, SPECIAL_RELEASE);
}

static bool host_exists(void *context, unsigned domid)
{
    struct domains *domains = context;

    if (domains_find(domains, domid))
        return true;
    if (!door_domain_exists(domains->door, domid))
        return false;
    domains_make(domains, domid); /* so that its end will be noticed */
    return true;
}

static bool host_introduced(void *context, unsigned domid)
{
    return domains_find_introduced(context, domid) != NULL;
}

static int connect_ring(struct domain *domain, uint64_t gfn, uint32_t port)
{
    struct domains *domains = domain->domains;
    unsigned domid = domain->ring.connection.actor.domid;
    void *page = door_map(domains->door, domid, gfn, &domain->granted);

    if (!page) {
        log_line(LOG_LEVEL_WARNING, "domain %u: cannot map its ring (frame %#llx): %s", domid, (unsigned long long)gfn,
                 strerror(errno));
        return errno ? errno : EINVAL;
    }
    int local = door_bind(domains->door, domid, port);
    if (local < 0) {
        int error = errno;
        log_line(LOG_LEVEL_WARNING, "domain %u: cannot bind its event channel %u: %s", domid, port, strerror(error));
        door_unmap(domains->door, domid, domain->granted, page);
        return error;
    }
    domain->port = local;
    domain->ring.page = page;
    return 0;
}

static void rebind(struct domain *domain, uint32_t port)
{
    struct door *door = domain->domains->door;

    if (domain->port)
        door_unbind(door, domain->port);
    int local = door_bind(door, domain->ring.connection.actor.domid, port);
    domain->port = local < 0 ? 0 : local;
}

static int host_introduce(void *context, unsigned domid, uint64_t gfn, uint32_t port)
{
    struct domains *domains = context;
    struct domain *domain = domains_find(domains, domid);
    bool is_new = !domain || !domain->state.introduced;

    if (!domain)
        domain = domains_make(domains, domid);
    if (domain->ring.page) { /* the page stays the same, whatever the request says: as with Xen's server */
        rebind(domain, port);
        gfn = domain->state.gfn;
    } else {
        int error = connect_ring(domain, gfn, port);
        if (error)
            return error; /* the next sweep forgets it if it does not exist */
    }
    domain->state =
        (struct record_domain){.gfn = gfn, .port = port, .target = domain->state.target, .introduced = true};
    record(domain);
    log_line(LOG_LEVEL_DEBUG, "domain %u is introduced%s, frame %#llx, port %u", domid, is_new ? "" : " again",
             (unsigned long long)gfn, port);
    ring_reset(&domain->ring);
    note_moved(domain);
    if (is_new)
        store_fire_special(domains->store, SPECIAL_INTRODUCE);
    return 0;
}

static int host_release(void *context, unsigned domid)
{
    struct domain *domain = domains_find_introduced(context, domid);

    if (!domain)
        return ENOENT;
    forget(domain);
    return 0;
}

static int host_resume(void *context, unsigned domid)
{
    struct domain *domain = domains_find_introduced(context, domid);

    if (!domain)
        return ENOENT;
    domain->state.shutdown = false;
    record(domain);
    return 0;
}

static int host_set_target(void *context, unsigned domid, unsigned target)
{
    struct domain *domain = domains_find_introduced(context, domid);

    if (!domain || !domains_find_introduced(context, target))
        return ENOENT;
    domain->state.target = domain->ring.connection.actor.target = target;
    record(domain);
    return 0;
}

const struct store_host domains_host = {
    .exists = host_exists,
    .introduced = host_introduced,
    .introduce = host_introduce,
    .release = host_release,
    .resume = host_resume,
    .set_target = host_set_target,
};

struct domains *domains_open(struct store *store, struct schedule *schedule)
{
    struct domains *domains = memory_zalloc(sizeof(*domains));

    domains->store = store;
    domains->schedule = schedule;
    domains->door = door_open();
    if (domains->door)
        return domains;
    free(domains);
    return NULL;
}

bool domains_start_dom0(struct domains *domains)
{
    struct domain *domain = domains_find(domains, 0);

    if (domain && domain->port)
        return true;
    uint32_t port = door_dom0_port(domains->door);
    if (!port) {
        log_line(LOG_LEVEL_ERROR, "cannot read dom0's port from /proc/xen/xsd_port: %s (is xenfs mounted there?)",
                 strerror(errno));
        return false;
    }
    if (!domain)
        domain = domains_make(domains, 0);
    if (connect_ring(domain, 0, port))
        return false;
    domain->state = (struct record_domain){.port = port, .target = ACTOR_NO_TARGET, .introduced = true};
    record(domain);
    ring_start(&domain->ring, domain->ring.page);
    door_notify(domains->door, domain->port);
    schedule_add(domains->schedule, &domain->task);
    return true;
}

static void mark_state(void *context, unsigned domid, bool shutdown, bool dying)
{
    struct domains *domains = context;
    struct domain *domain = domains_find(domains, domid);

    if (!domain)
        return;
    domain->alive = !dying;
    if (domain->state.introduced && shutdown && !domain->state.shutdown) {
        domain->state.shutdown = true;
        record(domain);
        store_fire_special(domains->store, SPECIAL_RELEASE);
    }
}

/* Looks who has shut down or died. */
static void sweep(struct domains *domains)
{
    for (unsigned domid = 0; domid < domains->highest; domid++)
        if (domains->by_id[domid])
            domains->by_id[domid]->alive = false;
    if (!door_list_domains(domains->door, mark_state, domains)) {
        log_line(LOG_LEVEL_ERROR, "cannot list the domains: %s", strerror(errno));
        return;
    }
    for (unsigned domid = 1; domid < domains->highest; domid++)
        if (domains->by_id[domid] && !domains->by_id[domid]->alive)
            forget(domains->by_id[domid]);
    journal_commit(domains->store->journal);
}

/* A ring that cannot be had again does not keep the server from going on: its domain is most likely dead. */
static void resume_one(struct domain *domain)
{
    unsigned domid = domain->ring.connection.actor.domid;
    uint32_t port = domid ? domain->state.port : door_dom0_port(domain->domains->door);

    if (connect_ring(domain, domain->state.gfn, port))
        return;
    ring_resume(&domain->ring, domain->ring.page);
    log_line(LOG_LEVEL_DEBUG, "domain %u is connected again", domid);
    door_notify(domain->domains->door, domain->port);
    schedule_add(domain->domains->schedule, &domain->task);
}

/* Owners of nodes are watched for their end, introduced or not. */
static bool know_owner(void *context, const struct path *path, struct node *node)
{
    struct domains *domains = context;
    (void)path;

    for (uint32_t i = 0; i < node->perms->count; i++) {
        unsigned domid = node->perms->entry[i].domid;
        if (domid < QUOTA_DOMAINS && !(node->perms->entry[i].bits & PERM_STALE) && !domains->by_id[domid])
            domains_make(domains, domid);
    }
    return true;
}

void domains_resume(struct domains *domains)
{
    for (unsigned domid = 0; domid < domains->highest; domid++)
        if (domains_find_introduced(domains, domid))
            resume_one(domains->by_id[domid]);
    store_walk(&domains->store->tree, know_owner, domains);
    sweep(domains);
}

int domains_fd(const struct domains *domains)
{
    return door_fd(domains->door);
}

static void ring_event(void *context, unsigned domid)
{
    struct domains *domains = context;
    struct domain *domain = domains_find(domains, domid);

    if (domain)
        schedule_add(domains->schedule, &domain->task);
}

void domains_handle_events(struct domains *domains)
{
    if (door_take_events(domains->door, ring_event, domains))
        sweep(domains);
}

void domains_show(struct domains *domains)
{
    for (struct domain *domain = domains->moved; domain; domain = domain->next_moved)
        ring_finish_reset(&domain->ring);
}

void domains_notify(struct domains *domains)
{
    struct domain *domain;

    while ((domain = domains->moved)) {
        domains->moved = domain->next_moved;
        domain->is_moved = domain->ring.moved = false;
        if (domain->port)
            door_notify(domains->door, domain->port);
    }
}
