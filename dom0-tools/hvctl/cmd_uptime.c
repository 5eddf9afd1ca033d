/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvctl uptime [-s] [DOMAIN...]: since when domains run: dom0 by its own clock, guests since what the store says. */
#include "hvctl/command.h"
#include "hvctl/list_format.h"
#include "libhv/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Seconds since the start; false if nobody knows. */
static bool uptime_of(struct command *c, const domain_info *info, uint64_t *seconds)
{
    char uuid[DOMAIN_UUID_SIZE];
    struct timespec now;
    if (!info->domain) {
        clock_gettime(CLOCK_BOOTTIME, &now);
        *seconds = (uint64_t)now.tv_sec;
        return true;
    }
    domain_format_uuid(info->handle, uuid);
    char *text = store_read(c->xs, XBT_NULL, "/vm/%s/start_time", uuid);
    if (!text)
        return false;
    double start = strtod(text, NULL); /* with a fraction, as Xen's tools write it */
    free(text);
    clock_gettime(CLOCK_REALTIME, &now);
    *seconds = start > 0 && start < (double)now.tv_sec ? (uint64_t)((double)now.tv_sec - start) : 0;
    return true;
}

static void print_brief(const char *name, unsigned id, const char *uptime)
{
    time_t now = time(NULL);
    struct tm local;
    char clock[16] = "";
    if (localtime_r(&now, &local))
        strftime(clock, sizeof(clock), "%H:%M:%S", &local);
    printf(" %s up %s, %s (%u)\n", clock, uptime, name ? name : "(null)", id);
}

static void print_domain(struct command *c, const domain_info *info, bool brief, struct json *j)
{
    char text[LIST_UPTIME_SIZE] = "-", *name = store_domain_name(c->xs, info->domain);
    uint64_t seconds;
    bool known = uptime_of(c, info, &seconds);
    if (known)
        list_format_uptime(seconds, brief, text);
    if (j) {
        json_object_begin(j, NULL);
        json_unsigned(j, "domid", info->domain);
        json_text(j, "name", name);
        if (known)
            json_unsigned(j, "uptime_seconds", seconds);
        json_object_end(j);
    } else if (brief) {
        print_brief(name, info->domain, text);
    } else {
        printf("%-33s %4u %s\n", name ? name : "(null)", info->domain, text);
    }
    free(name);
}

int cmd_uptime(struct command *c, int argc, char **argv)
{
    struct json j;
    bool brief = argc > 1 && (!strcmp(argv[1], "-s") || !strcmp(argv[1], "--short"));
    char **names = argv + 1 + brief;
    int n = argc - 1 - brief;
    domain_info *list = NULL;
    if (n && names[0][0] == '-')
        return command_usage(c);
    if (!command_hypervisor(c) || !command_store(c))
        return COMMAND_FAILED;
    bool all = !n;
    if (all)
        n = domain_list(c->hv, &list);
    else
        list = calloc((size_t)n, sizeof(*list));
    if (n < 0 || !list)
        return command_error("listing the domains");
    for (int i = 0; !all && i < n; i++) {
        if (command_find_domain_info(c, names[i], &list[i]) < 0) {
            free(list);
            return COMMAND_FAILED;
        }
    }
    if (c->json) {
        json_init(&j, stdout, false);
        json_array_begin(&j, NULL);
    } else if (!brief) {
        printf("%-33s %4s %s\n", "Name", "ID", "Uptime");
    }
    for (int i = 0; i < n; i++)
        print_domain(c, &list[i], brief, c->json ? &j : NULL);
    if (c->json)
        json_array_end(&j);
    free(list);
    return COMMAND_OK;
}
