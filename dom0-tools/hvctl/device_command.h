/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands on disks (cmd_block.c) and on interfaces (cmd_network.c) have in common. */
#ifndef HAVEN_HVCTL_DEVICE_COMMAND_H
#define HAVEN_HVCTL_DEVICE_COMMAND_H

#include "config/spec_error.h"
#include "devices/device_ref.h"
#include "hvctl/command.h"

struct device_command {
    enum device_class class;
    const char *key;             /* of the configuration: "disk", "vif" */
    const char *noun, *list;     /* "interface", "network-list" */
    void (*print_heading)(void); /* of the list for people */
    void (*print_line)(struct xs_handle *xs, const struct device_ref *ref);
    void (*print_json)(struct xs_handle *xs, struct json *j, const struct device_ref *ref);
    /* What was done, as JSON; what names the device as the command's caller did. */
    void (*print_detached)(const struct device_ref *ref, const char *what);
};

/* The reason, and where in the argument it stands. Returns COMMAND_FAILED. */
int device_command_bad(const struct device_command *d, const char *const *words, const struct spec_error *error);

/* The device that who and what name. NULL after a message; it is the store else. */
struct xs_handle *device_command_find(struct command *c, const struct device_command *d, const char *who,
                                      const char *what, struct device_ref *ref);

/* DOMAIN DEVICE [--force] */
int device_command_detach(struct command *c, const struct device_command *d, int argc, char **argv);
/* DOMAIN... */
int device_command_list(struct command *c, const struct device_command *d, int argc, char **argv);

#endif
