/* SPDX-License-Identifier: MIT
 *
 * A device seen from the front end: two folders in the store, one of each half, and a state in each.
 *
 *     device/KIND/ID                  ours: backend, backend-id, state, and what we tell (ring-ref, event-channel, ...)
 *     /local/domain/B/backend/...     the back end's: state, and what it tells (features, sectors, ...)
 *
 * Each half writes only its own folder and watches the other's state. The way up and down:
 *
 *     front end   Initialising ----------> Initialised ----------> Connected      Closing --------> Closed
 *                        (rings and ports are published)        ^     |                ^   |            ^
 *                              |              |                 |     v                |   v            |
 *     back end    InitWait ----+              +---> Connected --+  (requests)       Closing --------> Closed
 *                 (says what it offers)   (mapped the rings)                      (let go of them)
 *
 * Net goes from Initialising to Connected at once. Whoever wants to end begins with Closing. A front end that is Closed
 * and goes to Initialising again is given a new life by the back end (InitWait).
 */
#ifndef FRONT_XENBUS_H
#define FRONT_XENBUS_H

#include "front/ring.h"
#include "hypercall.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xen/io/xenbus.h>

struct xenbus_device {
    char front[64], back[96]; /* the folders */
    unsigned id;
    domid_t back_domid;
};

/* The ids of the devices of a kind ("vbd", "vif") that this guest was given. */
unsigned xenbus_list(const char *kind, unsigned *ids, unsigned max);
/* Finds the device's halves and watches the back end. 0 or -XEN_Exxx. Begins at Initialising. */
long xenbus_open(struct xenbus_device *device, const char *kind, unsigned id);

long xenbus_read(const char *folder, const char *node, char *value, size_t size);
/* What a node says as a decimal number; otherwise if it is not there or no number. */
uint64_t xenbus_number(const char *folder, const char *node, uint64_t otherwise);

long xenbus_set_state(const struct xenbus_device *device, XenbusState state);
XenbusState xenbus_back_state(const struct xenbus_device *device);
#define XENBUS_IS(state) (1u << XenbusState##state)
/* Until the back end is in one of the states (a sum of XENBUS_IS). false: it was not so in time. */
bool xenbus_wait(const struct xenbus_device *device, unsigned states, unsigned milliseconds);
/* Until the back end has taken the rings: 0. -XEN_ECONNREFUSED: it closes instead; -XEN_ETIMEDOUT. */
long xenbus_wait_connected(const struct xenbus_device *device, unsigned milliseconds);

/* Writes nodes of our folder, and the state last, all at once. */
struct xenbus_node {
    char name[40], value[24];
};
struct xenbus_nodes {
    unsigned count;
    struct xenbus_node node[48];
};
void xenbus_add(struct xenbus_nodes *nodes, const char *name, uint64_t value);
void xenbus_add_text(struct xenbus_nodes *nodes, const char *name, const char *value);
long xenbus_publish(const struct xenbus_device *device, const struct xenbus_nodes *nodes, XenbusState state);

/* Closing, Closed, and the back end has let go. */
bool xenbus_close(const struct xenbus_device *device);

/* A ring with its pages lent to the back end. Kept in one struct so that it can be taken back. */
#define XENBUS_RING_PAGES 8u
struct xenbus_ring {
    struct front_ring ring;
    unsigned pages;
    void *page;
    uint32_t grant[XENBUS_RING_PAGES];
};
void xenbus_ring_open(struct xenbus_ring *ring, domid_t back, unsigned pages, uint32_t slot_size);
bool xenbus_ring_close(struct xenbus_ring *ring); /* false: the back end still has a page of it mapped */

#endif
