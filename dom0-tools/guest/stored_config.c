/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See stored_config.h. */
#include "guest/stored_config.h"

#include "guest/store_layout.h"
#include "libhv/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *stored_config_read(struct xs_handle *xs, xs_transaction_t t, const char *directory)
{
    char *text = NULL;
    size_t used = 0;
    for (unsigned i = 0;; i++) {
        char *piece = store_read(xs, t, "%s/config/%u", directory, i);
        if (!piece)
            break;
        size_t n = strlen(piece);
        char *more = used + n < CONFIG_SIZE_MAX ? realloc(text, used + n + 1) : NULL;
        if (!more) {
            free(text);
            free(piece);
            errno = EFBIG;
            return NULL;
        }
        text = more;
        memcpy(text + used, piece, n + 1);
        used += n;
        free(piece);
    }
    return text;
}

bool stored_config_write(struct xs_handle *xs, xs_transaction_t t, const char *directory, const char *text)
{
    char path[128];
    size_t size = strlen(text), at = 0;
    snprintf(path, sizeof(path), "%s/config", directory);
    if (!xs_rm(xs, t, path) && errno != ENOENT)
        return false;
    for (unsigned i = 0; at < size || !i; i++) {
        size_t n = size - at < STORE_CONFIG_PIECE ? size - at : STORE_CONFIG_PIECE;
        snprintf(path, sizeof(path), "%s/config/%u", directory, i);
        if (!xs_write(xs, t, path, text + at, (unsigned)n))
            return false;
        at += n;
    }
    return true;
}

bool stored_config_load_from(struct xs_handle *xs, xs_transaction_t t, const char *directory,
                             struct guest_config *guest)
{
    struct config *tree = NULL;
    struct diagnostics said = {0};
    char *text = stored_config_read(xs, t, directory);
    if (!text)
        return false;
    bool good = !config_parse(text, strlen(text), directory, &tree, &said);
    if (good && config_to_guest(tree, guest, &said)) {
        guest_config_free(guest);
        good = false;
    }
    config_free(tree);
    diagnostics_clear(&said);
    free(text);
    if (!good)
        errno = EINVAL;
    return good;
}

bool stored_config_load(struct xs_handle *xs, unsigned domid, struct guest_config *guest)
{
    char directory[64];
    snprintf(directory, sizeof(directory), STORE_OURS, domid);
    return stored_config_load_from(xs, XBT_NULL, directory, guest);
}
