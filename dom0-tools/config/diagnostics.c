/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A list of errors and warnings. It is what a parser of hostile text writes to, so it is bounded: what comes after
 * DIAGNOSTICS_MAX, or when memory is short, is counted and not kept.
 */
#include "config/diagnostics.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void diagnostics_add(struct diagnostics *d, enum diagnostic_severity severity, const struct config_place *place,
                     const char *format, ...)
{
    struct diagnostic item = {.severity = severity};
    va_list args;

    *(severity == DIAGNOSTIC_ERROR ? &d->errors : &d->warnings) += 1;
    if (d->count >= DIAGNOSTICS_MAX)
        return;
    va_start(args, format);
    if (vasprintf(&item.text, format, args) < 0)
        item.text = NULL;
    va_end(args);
    struct diagnostic *items = realloc(d->items, (d->count + 1) * sizeof(*items));
    if (items)
        d->items = items;
    if (!items || !item.text) {
        free(item.text);
        return;
    }
    if (place && place->source) {
        item.source = strdup(place->source);
        item.line = place->line;
        item.column = place->column;
    }
    d->items[d->count++] = item;
}

void diagnostics_print(const struct diagnostics *d, FILE *to)
{
    for (unsigned int i = 0; i < d->count; i++) {
        const struct diagnostic *item = &d->items[i];

        if (item->source && item->line)
            fprintf(to, "%s:%u:%u: ", item->source, item->line, item->column);
        else if (item->source)
            fprintf(to, "%s: ", item->source);
        fprintf(to, "%s: %s\n", item->severity == DIAGNOSTIC_ERROR ? "error" : "warning", item->text);
    }
    if (d->errors + d->warnings > d->count)
        fprintf(to, "and %u more errors and warnings\n", d->errors + d->warnings - d->count);
}

void diagnostics_clear(struct diagnostics *d)
{
    for (unsigned int i = 0; i < d->count; i++) {
        free(d->items[i].source);
        free(d->items[i].text);
    }
    free(d->items);
    *d = (struct diagnostics){0};
}
