/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See fake_door.h. */
#include "fake_door.h"

#include "xenstore/domain_door.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct fake_domain fake_domains[FAKE_DOMAINS];

/* Ports are domids plus this, so that each end is known from its number. */
#define PORT_BASE 100

struct door {
    int unused;
};

struct door *door_open(void)
{
    static struct door door;
    return &door;
}

uint32_t door_dom0_port(struct door *door)
{
    (void)door;
    return 1;
}

void *door_map(struct door *door, unsigned domid, uint64_t gfn, bool *granted)
{
    (void)door, (void)gfn;
    *granted = true;
    if (domid < FAKE_DOMAINS && fake_domains[domid].exists && !fake_domains[domid].refuses_map) {
        fake_domains[domid].mapped++;
        return &fake_domains[domid].page;
    }
    errno = EINVAL;
    return NULL;
}

void door_unmap(struct door *door, unsigned domid, bool granted, void *page)
{
    (void)door, (void)granted, (void)page;
    fake_domains[domid].mapped--;
}

int door_bind(struct door *door, unsigned domid, uint32_t remote_port)
{
    (void)door, (void)remote_port;
    if (!fake_domains[domid].exists) {
        errno = ESRCH;
        return -1;
    }
    fake_domains[domid].bound++;
    return PORT_BASE + domid;
}

void door_unbind(struct door *door, int port)
{
    (void)door;
    fake_domains[port - PORT_BASE].bound--;
}

void door_notify(struct door *door, int port)
{
    (void)door;
    fake_domains[port - PORT_BASE].notified++;
}

int door_fd(const struct door *door)
{
    (void)door;
    return -1;
}

bool door_take_events(struct door *door, void (*event)(void *context, unsigned domid), void *context)
{
    (void)door;
    for (unsigned domid = 0; domid < FAKE_DOMAINS; domid++)
        if (fake_domains[domid].kicked && fake_domains[domid].bound) {
            fake_domains[domid].kicked = false;
            event(context, domid);
        }
    bool death = fake_domains[0].dying;
    fake_domains[0].dying = false;
    return death;
}

bool door_domain_exists(struct door *door, unsigned domid)
{
    (void)door;
    return domid < FAKE_DOMAINS && fake_domains[domid].exists;
}

bool door_list_domains(struct door *door, void (*domain)(void *context, unsigned domid, bool shutdown, bool dying),
                       void *context)
{
    (void)door;
    for (unsigned domid = 0; domid < FAKE_DOMAINS; domid++)
        if (fake_domains[domid].exists)
            domain(context, domid, fake_domains[domid].shutdown, domid && fake_domains[domid].dying);
    return true;
}
