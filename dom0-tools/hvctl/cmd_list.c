/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl list [-lvZcn] [DOMAIN...] and vm-list. The hypervisor says which domains exist; names come from the store,
 * without which the list still works. A domain that is dying but still has pages is followed by a note of who may hold
 * them (page_holders.h).
 */
#include "hvctl/command.h"
#include "hvctl/list_format.h"
#include "hvctl/list_long.h"
#include "hvctl/page_holders.h"
#include "libhv/store.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The domains that the arguments name, or all. -1 after a message. */
static int collect(struct command *c, int count, char **names, domain_info **list)
{
    if (!count) {
        int n = domain_list(c->hv, list);
        if (n < 0)
            command_error("listing the domains");
        return n;
    }
    *list = calloc((size_t)count, sizeof(**list));
    for (int i = 0; *list && i < count; i++)
        if (command_find_domain_info(c, names[i], &(*list)[i]) < 0)
            return -1;
    return *list ? count : -1;
}

static char *name_of(struct command *c, unsigned id)
{
    return c->xs ? store_domain_name(c->xs, id) : NULL;
}

static void print_json_domain(struct command *c, struct json *j, const domain_info *info, const char *name)
{
    char state[LIST_STATE_SIZE], uuid[DOMAIN_UUID_SIZE];
    list_format_state(info, state);
    domain_format_uuid(info->handle, uuid);
    int code = domain_shutdown_code(info);
    json_object_begin(j, NULL);
    json_unsigned(j, "domid", info->domain);
    json_text(j, "name", name);
    json_text(j, "uuid", uuid);
    json_text(j, "state", state);
    json_text(j, "shutdown_reason", code < 0 ? NULL : domain_shutdown_name(code));
    json_unsigned(j, "memory_kib", info->tot_pages * 4);
    json_unsigned(j, "max_memory_kib", info->max_pages == UINT64_MAX ? UINT64_MAX : info->max_pages * 4);
    json_unsigned(j, "claimed_kib", info->outstanding_pages * 4);
    json_unsigned(j, "vcpus_online", info->nr_online_vcpus);
    json_unsigned(j, "vcpus_max", info->max_vcpu_id == XEN_INVALID_MAX_VCPU_ID ? 0 : info->max_vcpu_id + 1);
    json_seconds(j, "cpu_seconds", info->cpu_time);
    json_unsigned(j, "cpupool", info->cpupool);
    if (info->flags & XEN_DOMINF_dying)
        page_holders_json(j, c->hv, c->xs, info);
    json_object_end(j);
}

static void print_json(struct command *c, const domain_info *list, int n)
{
    struct json j;
    json_init(&j, stdout, false);
    json_array_begin(&j, NULL);
    for (int i = 0; i < n; i++) {
        char *name = name_of(c, list[i].domain);
        print_json_domain(c, &j, &list[i], name);
        free(name);
    }
    json_array_end(&j);
}

static void print_table(struct command *c, const struct list_columns *columns, const domain_info *list, int n)
{
    list_print_header(stdout, columns);
    for (int i = 0; i < n; i++) {
        char *name = name_of(c, list[i].domain);
        list_print_line(stdout, columns, &list[i], name);
        free(name);
    }
    for (int i = 0; i < n; i++)
        if (list[i].flags & XEN_DOMINF_dying && list[i].tot_pages)
            page_holders_print(stdout, c->hv, c->xs, &list[i]);
}

static bool parse_options(int argc, char **argv, struct list_columns *columns, bool *details)
{
    static const struct option options[] = {{"long", no_argument, NULL, 'l'},    {"verbose", no_argument, NULL, 'v'},
                                            {"context", no_argument, NULL, 'Z'}, {"cpupool", no_argument, NULL, 'c'},
                                            {"numa", no_argument, NULL, 'n'},    {NULL, 0, NULL, 0}};
    int option;
    while ((option = getopt_long(argc, argv, "lvZcn", options, NULL)) != -1) {
        switch (option) {
        case 'l':
            *details = true;
            break;
        case 'v':
            columns->verbose = true;
            break;
        case 'Z':
            columns->label = true;
            break;
        case 'c':
            columns->cpupool = true;
            break;
        case 'n':
            columns->numa = true;
            break;
        default:
            return false;
        }
    }
    return true;
}

int cmd_list(struct command *c, int argc, char **argv)
{
    struct list_columns columns = {0};
    bool details = false;
    domain_info *list = NULL;
    if (!parse_options(argc, argv, &columns, &details))
        return command_usage(c);
    if (!command_hypervisor(c))
        return COMMAND_FAILED;
    c->xs = store_open(); /* no names without it */
    int n = collect(c, argc - optind, argv + optind, &list);
    if (n >= 0 && details)
        list_print_long(c, list, n);
    else if (n >= 0 && c->json)
        print_json(c, list, n);
    else if (n >= 0)
        print_table(c, &columns, list, n);
    free(list);
    return n < 0 ? COMMAND_FAILED : COMMAND_OK;
}

int cmd_vm_list(struct command *c, int argc, char **argv)
{
    domain_info *list = NULL;
    (void)argv;
    if (argc > 1)
        return command_usage(c);
    if (!command_hypervisor(c) || !command_store(c))
        return COMMAND_FAILED;
    int n = collect(c, 0, NULL, &list);
    if (n >= 0 && c->json) {
        print_json(c, list, n);
    } else if (n >= 0) {
        puts("UUID                                  ID    name");
        for (int i = 0; i < n; i++) {
            char *name = name_of(c, list[i].domain), uuid[DOMAIN_UUID_SIZE];
            domain_format_uuid(list[i].handle, uuid);
            printf("%s  %d    %-30s\n", uuid, list[i].domain, name ? name : "(null)");
            free(name);
        }
    }
    free(list);
    return n < 0 ? COMMAND_FAILED : COMMAND_OK;
}
