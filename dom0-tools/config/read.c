/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configurations from files: the only part of this folder that opens any. */
#include "config/config.h"
#include "config/guest_config.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int config_read(const char *path, struct config **tree, struct diagnostics *said)
{
    bool from_input = strcmp(path, "-") == 0;
    struct config_place place = {.source = from_input ? "standard input" : path};
    char *text = malloc(CONFIG_SIZE_MAX + 1);
    FILE *from = from_input ? stdin : fopen(path, "re");
    int error = -1;

    *tree = NULL;
    if (!text || !from) {
        diagnostics_add(said, DIAGNOSTIC_ERROR, &place, "can't open the configuration: %s", strerror(errno));
    } else {
        size_t size = fread(text, 1, CONFIG_SIZE_MAX + 1, from);

        if (ferror(from))
            diagnostics_add(said, DIAGNOSTIC_ERROR, &place, "can't read the configuration: %s", strerror(errno));
        else
            error = config_parse(text, size, place.source, tree, said);
    }
    if (from && !from_input)
        fclose(from);
    free(text);
    return error;
}

int guest_config_load(const char *path, char *const *overrides, unsigned int count, struct guest_config *guest,
                      struct diagnostics *said)
{
    struct config *tree;
    int error = config_read(path, &tree, said);

    *guest = (struct guest_config){0};
    for (unsigned int i = 0; i < count && !error; i++)
        error = config_override(tree, overrides[i], said);
    if (!error)
        error = config_to_guest(tree, guest, said);
    config_free(tree);
    return error;
}
