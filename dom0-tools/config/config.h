/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's configuration as text and as a tree: the syntax of xl.cfg, whatever the keys mean.
 *
 *     struct config *tree;
 *     struct diagnostics said = {0};
 *     if (config_parse(text, size, "guest.cfg", &tree, &said) == 0 && config_override(tree, "memory=256", &said) == 0)
 *         config_to_guest(tree, &guest, &said);                       (config/guest_config.h)
 *     diagnostics_print(&said, stderr);
 *
 * Pure: no files, no output. The text may be hostile (it is bounded in size, nesting and number of settings).
 */
#ifndef HAVEN_CONFIG_CONFIG_H
#define HAVEN_CONFIG_CONFIG_H

#include "config/diagnostics.h"
#include <stdbool.h>
#include <stddef.h>

#define CONFIG_SIZE_MAX (256u << 10)

struct config; /* the settings, in the order in which their names first came */

enum config_type { CONFIG_STRING, CONFIG_NUMBER, CONFIG_LIST };

/* A number is kept as its text, for xl takes "512" and 512 alike. */
struct config_value {
    enum config_type type;
    struct config_place place;
    char *text;                 /* of strings and numbers */
    struct config_value **item; /* of lists */
    unsigned int items;
};

struct config_setting {
    char *name;
    struct config_place place; /* of the name, where it was set last */
    bool added;                /* it has a +=, which numbers must not have */
    struct config_value *value;
};

/* Both return 0, or -1 with at least one error in said; *tree is NULL then. */
int config_parse(const char *text, size_t size, const char *source, struct config **tree, struct diagnostics *said);
/* Reads the file path ("-": standard input) and parses it. */
int config_read(const char *path, struct config **tree, struct diagnostics *said);

/* One key=value (or key+=value, or several statements) from the command line on top of the tree. A value that is no
 * value of the syntax, but a bare word such as /boot/vmlinuz, is taken as a string. */
int config_override(struct config *tree, const char *statement, struct diagnostics *said);

const struct config_setting *config_find(const struct config *tree, const char *name);
/* What it was parsed from first: the file. */
const char *config_source(const struct config *tree);

unsigned int config_settings(const struct config *tree);
const struct config_setting *config_setting(const struct config *tree, unsigned int index);

/* The settings as text in a plain form, which parses to the same tree: one per line, no comments. Freed by the caller;
 * NULL without memory. */
char *config_text(const struct config *tree);

void config_free(struct config *tree);

#endif
