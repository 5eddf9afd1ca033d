/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of a configuration's tree, for the parser. Everybody else includes config/config.h. */
#ifndef HAVEN_CONFIG_TREE_H
#define HAVEN_CONFIG_TREE_H

#include "config/config.h"

#define CONFIG_SETTINGS_MAX 1024

struct config_source {
    struct config_source *next;
    char name[];
};

struct config {
    struct config_setting *setting;
    unsigned int settings;
    unsigned int overrides;        /* statements from the command line so far */
    struct config_source *sources; /* the names that places point to */
};

/* The tree's own copy of a source's name; NULL without memory. */
const char *config_tree_source(struct config *tree, const char *name);

/* A value; text is taken over. NULL without memory (text is freed then). */
struct config_value *config_value_new(enum config_type type, const struct config_place *place, char *text);
void config_value_free(struct config_value *value);
/* Takes item over; -1 without memory (item is freed then). */
int config_value_append(struct config_value *list, struct config_value *item);

/* Sets name to value, or adds value to what it has; takes value over in every case. NULL, or what is wrong. */
const char *config_tree_set(struct config *tree, const char *name, const struct config_place *place,
                            struct config_value *value, bool add);

#endif
