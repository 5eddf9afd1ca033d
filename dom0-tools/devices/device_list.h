/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The devices of a domain, as the back ends' nodes tell: dom0 owns these, a guest can't make one up. */
#ifndef HAVEN_DEVICES_DEVICE_LIST_H
#define HAVEN_DEVICES_DEVICE_LIST_H

#include "devices/device_ref.h"

#include <xenstore.h>

/* xenbus states, of public/io/xenbus.h. */
enum device_state {
    DEVICE_STATE_NONE, /* there is no such node */
    DEVICE_STATE_INITIALISING,
    DEVICE_STATE_INIT_WAIT,
    DEVICE_STATE_INITIALISED,
    DEVICE_STATE_CONNECTED,
    DEVICE_STATE_CLOSING,
    DEVICE_STATE_CLOSED,
    DEVICE_STATE_RECONFIGURING,
    DEVICE_STATE_RECONFIGURED,
};

/* By class and id; free() *list. Their number, or -1 without memory. A transaction shows them all at one instant. */
int device_list(struct xs_handle *xs, xs_transaction_t t, unsigned domid, enum device_class class,
                struct device_ref **list);

/* The device of a vdev (xvda, 51712), a devid or a MAC address. false: the domain has none. */
bool device_find(struct xs_handle *xs, unsigned domid, enum device_class class, const char *name,
                 struct device_ref *ref);

enum device_state device_back_state(struct xs_handle *xs, const struct device_ref *ref);
enum device_state device_front_state(struct xs_handle *xs, const struct device_ref *ref);
const char *device_state_name(enum device_state state);

/* A node of an end, free() it; NULL if there is none. */
char *device_read_back(struct xs_handle *xs, const struct device_ref *ref, const char *node);
char *device_read_front(struct xs_handle *xs, const struct device_ref *ref, const char *node);
/* As a number; otherwise if there is none. */
int64_t device_back_number(struct xs_handle *xs, const struct device_ref *ref, const char *node, int64_t otherwise);
int64_t device_front_number(struct xs_handle *xs, const struct device_ref *ref, const char *node, int64_t otherwise);

#endif
