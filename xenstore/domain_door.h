/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the server wants of the hypervisor and of dom0's kernel: pages, event channels, who lives. Through the stable
 * libraries and one control operation. Functions say what went wrong in errno.
 */
#ifndef HAVEN_XENSTORE_DOMAIN_DOOR_H
#define HAVEN_XENSTORE_DOMAIN_DOOR_H

#include <stdbool.h>
#include <stdint.h>

struct door;

/* Opens all; logs what is missing. */
struct door *door_open(void);

/* The port of dom0's own ring, 0 if there is none. */
uint32_t door_dom0_port(struct door *door);

/* Maps a domain's ring: by its frame if that is known, else by the grant reserved for it; dom0's own through its
 * kernel. */
void *door_map(struct door *door, unsigned domid, uint64_t gfn, bool *granted);
void door_unmap(struct door *door, unsigned domid, bool granted, void *page);

/* Event channels: our port, or -1. */
int door_bind(struct door *door, unsigned domid, uint32_t remote_port);
void door_unbind(struct door *door, int port);
void door_notify(struct door *door, int port);

int door_fd(const struct door *door);
/* Takes the events that are there; event is called for each domain whose channel had one. True if a domain's life may
 * have changed. */
bool door_take_events(struct door *door, void (*event)(void *context, unsigned domid), void *context);

bool door_domain_exists(struct door *door, unsigned domid);
bool door_list_domains(struct door *door, void (*domain)(void *context, unsigned domid, bool shutdown, bool dying),
                       void *context);

#endif
