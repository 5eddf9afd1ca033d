/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl domid, domname, uuid: from one name of a domain to the others; rename.
 *
 * Renaming changes every node that bears the name in one transaction: the domain's, the one in /vm, and the name in the
 * stored configuration, or a restart would bring the old name back. A name is free if no domain and no create under
 * way has it.
 */
#include "guest/store_layout.h"
#include "guest/stored_config.h"
#include "hvctl/command.h"
#include "libhv/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_one(const struct command *c, const char *member, const char *text)
{
    if (!c->json) {
        puts(text);
        return;
    }
    struct json j;
    json_init(&j, stdout, true);
    json_object_begin(&j, NULL);
    json_text(&j, member, text);
    json_object_end(&j);
}

int cmd_domid(struct command *c, int argc, char **argv)
{
    char text[16];
    domain_info info;
    if (argc != 2)
        return command_usage(c);
    struct xs_handle *xs = command_store(c);
    int id = xs ? store_domain_by_name(xs, argv[1]) : -1;
    if (xs && id < 0)
        return command_fail("no domain has the name '%s' (\"hvctl list\" shows all)", argv[1]);
    if (id < 0 || !command_hypervisor(c))
        return COMMAND_FAILED;
    if (domain_get_info(c->hv, (unsigned)id, &info))
        return command_error("asking for domain %d, which the store calls '%s'", id, argv[1]);
    if (!c->json) {
        snprintf(text, sizeof(text), "%d", id);
        print_one(c, "domid", text);
        return COMMAND_OK;
    }
    struct json j;
    json_init(&j, stdout, true);
    json_object_begin(&j, NULL);
    json_unsigned(&j, "domid", (unsigned)id);
    json_object_end(&j);
    return COMMAND_OK;
}

int cmd_domname(struct command *c, int argc, char **argv)
{
    uint64_t id;
    if (argc != 2)
        return command_usage(c);
    if (!command_parse_number(argv[1], 0, DOMAIN_ID_END - 1, &id))
        return command_fail("'%s' is no id of a domain: a number is wanted", argv[1]);
    struct xs_handle *xs = command_store(c);
    if (!xs || command_find_domain(c, argv[1]) < 0)
        return COMMAND_FAILED;
    char *name = store_domain_name(xs, (unsigned)id);
    if (!name)
        return command_fail("domain %s has no name in the store", argv[1]);
    print_one(c, "name", name);
    free(name);
    return COMMAND_OK;
}

int cmd_uuid(struct command *c, int argc, char **argv)
{
    domain_info info;
    char uuid[DOMAIN_UUID_SIZE];
    if (argc != 2)
        return command_usage(c);
    if (command_find_domain_info(c, argv[1], &info) < 0)
        return COMMAND_FAILED;
    domain_format_uuid(info.handle, uuid);
    print_one(c, "uuid", uuid);
    return COMMAND_OK;
}

/* A create under way that has the name. */
static bool name_is_being_created(struct xs_handle *xs, xs_transaction_t t, const char *name)
{
    unsigned n = 0;
    char **uuid = xs_directory(xs, t, STORE_CREATE_ALL, &n);
    bool found = false;
    for (unsigned i = 0; i < n && !found; i++) {
        char *have = store_read(xs, t, STORE_CREATE "/name", uuid[i]);
        found = have && !strcmp(have, name);
        free(have);
    }
    free(uuid);
    return found;
}

static bool name_is_taken(struct xs_handle *xs, xs_transaction_t t, const char *name)
{
    unsigned n = 0;
    char **id = xs_directory(xs, t, "/local/domain", &n);
    bool found = false;
    for (unsigned i = 0; i < n && !found; i++) {
        char *have = store_read(xs, t, "/local/domain/%s/name", id[i]);
        found = have && !strcmp(have, name);
        free(have);
    }
    free(id);
    return found || name_is_being_created(xs, t, name);
}

/* The stored configuration with another name in it; a guest of another tool set has none, which is fine. */
static bool rename_config(struct xs_handle *xs, xs_transaction_t t, unsigned id, const char *name)
{
    char directory[64], statement[128];
    struct config *tree = NULL;
    struct diagnostics said = {0};
    snprintf(directory, sizeof(directory), STORE_OURS, id);
    char *text = stored_config_read(xs, t, directory);
    if (!text)
        return true;
    snprintf(statement, sizeof(statement), "name=\"%s\"", name);
    bool good = !config_parse(text, strlen(text), directory, &tree, &said) && !config_override(tree, statement, &said);
    char *renamed = good ? config_text(tree) : NULL;
    good = renamed && stored_config_write(xs, t, directory, renamed);
    if (!renamed)
        errno = EINVAL;
    config_free(tree);
    diagnostics_clear(&said);
    free(renamed);
    free(text);
    return good;
}

static bool write_name(struct xs_handle *xs, xs_transaction_t t, unsigned id, const char *name)
{
    char path[128], *vm = store_read(xs, t, STORE_GUEST "/vm", id);
    snprintf(path, sizeof(path), STORE_GUEST "/name", id);
    bool good = store_write(xs, t, path, name);
    if (good && vm && snprintf(path, sizeof(path), "%s/name", vm) < (int)sizeof(path))
        good = store_write(xs, t, path, name);
    free(vm);
    return good && rename_config(xs, t, id, name);
}

static bool name_is_good(const char *name)
{
    uint64_t number;
    if (!*name || strlen(name) > GUEST_NAME_MAX || command_parse_number(name, 0, UINT64_MAX, &number))
        return false;
    for (; *name; name++)
        if ((unsigned char)*name <= ' ' || *name == '/' || *name == '"' || *name == '\\' || *name == 0x7f)
            return false;
    return true;
}

int cmd_rename(struct command *c, int argc, char **argv)
{
    if (argc != 3)
        return command_usage(c);
    if (!name_is_good(argv[2]))
        return command_fail(
            "'%s' cannot be a domain's name: 1 to %d bytes, not only digits, no blanks, quotes or slashes", argv[2],
            GUEST_NAME_MAX);
    int id = command_find_domain(c, argv[1]);
    struct xs_handle *xs = id < 0 ? NULL : command_store(c);
    if (!xs)
        return COMMAND_FAILED;
    for (;;) {
        xs_transaction_t t = xs_transaction_start(xs);
        if (!t)
            return command_error("starting a transaction of the store");
        if (name_is_taken(xs, t, argv[2])) {
            xs_transaction_end(xs, t, true);
            return command_fail("another domain has the name '%s' already", argv[2]);
        }
        if (!write_name(xs, t, (unsigned)id, argv[2])) {
            command_error("writing the name of domain %d to the store", id);
            xs_transaction_end(xs, t, true);
            return COMMAND_FAILED;
        }
        if (xs_transaction_end(xs, t, false))
            return COMMAND_OK;
        if (errno != EAGAIN)
            return command_error("writing the name of domain %d to the store", id);
    }
}
