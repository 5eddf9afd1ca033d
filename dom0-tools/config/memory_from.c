/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See memory_from.h. */
#include "config/memory_from.h"

#include <stddef.h>
#include <string.h>

static const char *const words[] = {
    [MEMORY_FROM_AUTO] = "auto",
    [MEMORY_FROM_FREE] = "free",
    [MEMORY_FROM_DOM0] = "dom0",
    [MEMORY_FROM_GUESTS] = "guests",
};

int memory_from_parse(const char *word, enum memory_from *from)
{
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(word, words[i]) == 0) {
            *from = (enum memory_from)i;
            return 0;
        }
    return -1;
}

const char *memory_from_name(enum memory_from from)
{
    return words[from];
}

enum memory_from memory_from_resolve(enum memory_from from, const char *hypervisor_command_line)
{
    const char *option = "dom0_mem=", *at = hypervisor_command_line;

    if (from != MEMORY_FROM_AUTO)
        return from;
    while ((at = strstr(at, option)) != NULL) {
        if (at == hypervisor_command_line || at[-1] == ' ')
            return MEMORY_FROM_FREE;
        at++;
    }
    return MEMORY_FROM_DOM0;
}
