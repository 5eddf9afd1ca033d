/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A few domains without a hypervisor, in the place of xenstore/domain_door.c. */
#ifndef HAVEN_TESTS_FAKE_DOOR_H
#define HAVEN_TESTS_FAKE_DOOR_H

#include <stdbool.h>
#include <stdint.h>
#include <xen/io/xs_wire.h>

#define FAKE_DOMAINS 8

struct fake_domain {
    struct xenstore_domain_interface page;
    bool exists, shutdown, dying; /* dying of domain 0: the event of a death is to come */
    bool refuses_map, kicked;
    int mapped, bound; /* how often at the moment */
    unsigned notified;
};
extern struct fake_domain fake_domains[FAKE_DOMAINS];

#endif
