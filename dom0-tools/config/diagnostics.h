/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What reading a configuration has to say: errors and warnings with their place, collected, printed by the commands.
 */
#ifndef HAVEN_CONFIG_DIAGNOSTICS_H
#define HAVEN_CONFIG_DIAGNOSTICS_H

#include <stdio.h>

enum diagnostic_severity { DIAGNOSTIC_ERROR, DIAGNOSTIC_WARNING };

/* Where something stands: line and column count from 1; line 0: no particular place. */
struct config_place {
    const char *source; /* name of the file, or "command line"; lives as long as the tree */
    unsigned int line;
    unsigned int column;
};

struct diagnostic {
    enum diagnostic_severity severity;
    char *source; /* NULL: none */
    unsigned int line, column;
    char *text;
};

/* Zeroed at first. More than DIAGNOSTICS_MAX are counted only. */
struct diagnostics {
    struct diagnostic *items;
    unsigned int count;
    unsigned int errors, warnings;
};

#define DIAGNOSTICS_MAX 50

/* place NULL: no particular place. */
void diagnostics_add(struct diagnostics *d, enum diagnostic_severity severity, const struct config_place *place,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));

/* One line each: "file:line:column: error: text". */
void diagnostics_print(const struct diagnostics *d, FILE *to);
void diagnostics_clear(struct diagnostics *d);

#endif
