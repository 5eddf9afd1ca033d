/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's configuration, as hostile as can be: whatever parses has a plain form that parses to the same, and becomes
 * a guest or errors, and so do overrides. What follows a line with "%%" is given as overrides, one per line.
 *
 * build: -iquote dom0-tools dom0-tools/config/[!r]*.c
 */
#include "config/guest_config.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
    if (!holds)
        abort();
}

static struct config *parse(const char *text, size_t size)
{
    struct diagnostics said = {0};
    struct config *tree;
    int error = config_parse(text, size, "fuzz", &tree, &said);

    check((error == 0) == (tree != NULL) && (error == 0) == (said.errors == 0) && said.count <= DIAGNOSTICS_MAX);
    for (unsigned int i = 0; i < said.count; i++)
        check(said.items[i].line >= 1 && said.items[i].column >= 1);
    diagnostics_clear(&said);
    return tree;
}

/* A number joined to others becomes a string in the plain form, so it is held against itself. */
static void check_plain_form(const struct config *tree)
{
    char *text = config_text(tree);
    struct config *again = parse(text, strlen(text));

    check(again != NULL);
    char *same = config_text(again);
    check(strcmp(text, same) == 0);
    config_free(again);
    free(same);
    free(text);
}

/* The text with the devices as they were understood makes the same devices. */
static void check_devices(const struct guest_config *guest)
{
    char *text = guest_config_with_devices(guest), *same;
    struct config *tree = text ? parse(text, strlen(text)) : NULL;
    struct diagnostics said = {0};
    struct guest_config again;

    check(tree != NULL && config_to_guest(tree, &again, &said) == 0);
    check(again.disks == guest->disks && again.vifs == guest->vifs);
    for (unsigned int i = 0; i < again.vifs; i++)
        check(memcmp(&again.vif[i], &guest->vif[i], sizeof(again.vif[i])) == 0);
    for (unsigned int i = 0; i < again.disks; i++)
        check(again.disk[i].device == guest->disk[i].device && again.disk[i].format == guest->disk[i].format &&
              !again.disk[i].target == !guest->disk[i].target);
    same = guest_config_with_devices(&again);
    check(same && strcmp(text, same) == 0);
    free(same);
    free(text);
    config_free(tree);
    guest_config_free(&again);
    diagnostics_clear(&said);
}

static void check_guest(const struct config *tree)
{
    struct diagnostics said = {0};
    struct guest_config guest;

    if (config_to_guest(tree, &guest, &said) == 0) {
        check(guest.name && guest.kernel && guest.text);
        check(guest.vcpus >= 1 && guest.vcpus <= guest.max_vcpus && guest.max_vcpus <= GUEST_VCPUS_MAX);
        check(guest.memory_mib >= 1 && guest.memory_mib <= guest.max_memory_mib);
        check(!strchr(guest.name, '/'));
        check_devices(&guest);
    }
    guest_config_free(&guest);
    diagnostics_clear(&said);
}

static void override(struct config *tree, const char *lines, size_t size)
{
    while (size > 0) {
        const char *end = memchr(lines, '\n', size);
        size_t length = end ? (size_t)(end - lines) : size;
        struct diagnostics said = {0};
        char *statement = strndup(lines, length);

        check((config_override(tree, statement, &said) == 0) == (said.errors == 0));
        free(statement);
        diagnostics_clear(&said);
        size -= length + (end != NULL);
        lines += length + (end != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const char *overrides = memmem(text, size, "\n%%\n", 4);
    size_t text_size = overrides ? (size_t)(overrides + 1 - text) : size;
    struct config *tree = parse(text, text_size);

    if (!tree)
        return 0;
    if (overrides)
        override(tree, overrides + 4, size - text_size - 3);
    check_plain_form(tree);
    check_guest(tree);
    config_free(tree);
    return 0;
}
