/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See kinds.h. */
#include "manager/kinds.h"

#include <string.h>

static const struct device_kind *const kinds[] = {&vbd_kind, &vif_kind};

#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

unsigned kinds_list(struct served_folder folders[KINDS_FOLDERS_MAX])
{
    for (unsigned i = 0; i < KIND_COUNT; i++)
        folders[i] = (struct served_folder){kinds[i]->back, kinds[i]};
    return KIND_COUNT;
}

static const struct device_kind *find(const char *name, size_t length)
{
    for (unsigned i = 0; i < KIND_COUNT; i++)
        if (strlen(kinds[i]->name) == length && !strncmp(kinds[i]->name, name, length))
            return kinds[i];
    return NULL;
}

int kinds_add_kernel_folders(struct served_folder folders[KINDS_FOLDERS_MAX], unsigned count, const char *names)
{
    while (*names) {
        size_t length = strcspn(names, ",");
        const struct device_kind *kind = find(names, length);
        if (!kind || count == KINDS_FOLDERS_MAX)
            return -1;
        folders[count++] = (struct served_folder){kind->name, kind};
        names += length + (names[length] == ',');
    }
    return (int)count;
}
