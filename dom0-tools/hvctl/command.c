/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See command.h. */
#include "hvctl/command.h"

#include "libhv/store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hypervisor *command_hypervisor(struct command *c)
{
    if (!c->hv)
        c->hv = hypervisor_open();
    if (!c->hv)
        command_error("no way to the hypervisor");
    return c->hv;
}

struct xs_handle *command_store(struct command *c)
{
    if (!c->xs)
        c->xs = store_open();
    if (!c->xs)
        command_fail("no way to the store: %s (is xenstored running? \"hvctl host start\" starts it)", strerror(errno));
    return c->xs;
}

int command_find_domain_info(struct command *c, const char *who, domain_info *info)
{
    uint64_t id;
    struct hypervisor *hv = command_hypervisor(c);
    if (!hv)
        return -1;
    if (!command_parse_number(who, 0, DOMAIN_ID_END - 1, &id)) {
        struct xs_handle *xs = command_store(c);
        int found = xs ? store_domain_by_name(xs, who) : -1;
        if (xs && found < 0)
            command_fail("no domain has the name '%s' (\"hvctl list\" shows all)", who);
        if (found < 0)
            return -1;
        id = (uint64_t)found;
    }
    if (!domain_get_info(hv, (unsigned)id, info))
        return (int)id;
    if (errno == ESRCH)
        command_fail("there is no domain %s (\"hvctl list\" shows all)", who);
    else
        command_error("asking for domain %s", who);
    return -1;
}

int command_find_domain(struct command *c, const char *who)
{
    domain_info info;
    return command_find_domain_info(c, who, &info);
}

bool command_parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *number)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    uint64_t n = strtoull(text, &end, 10);
    if (*end || errno || n < min || n > max)
        return false;
    *number = n;
    return true;
}

static const char *advice(int error)
{
    switch (error) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
        return " (is this dom0, and xen-privcmd loaded? \"hvctl host start\" does it)";
    case EACCES:
    case EPERM:
        return " (run it as root in dom0)";
    case ENOSYS:
    case EOPNOTSUPP:
        return " (this hypervisor does not offer it)";
    default:
        return "";
    }
}

int command_error(const char *what, ...)
{
    int error = errno;
    va_list args;
    va_start(args, what);
    fputs("hvctl: ", stderr);
    vfprintf(stderr, what, args);
    fprintf(stderr, ": %s%s\n", strerror(error), advice(error));
    va_end(args);
    return COMMAND_FAILED;
}

int command_fail(const char *message, ...)
{
    va_list args;
    va_start(args, message);
    fputs("hvctl: ", stderr);
    vfprintf(stderr, message, args);
    putc('\n', stderr);
    va_end(args);
    return COMMAND_FAILED;
}

int command_usage(const struct command *c)
{
    fprintf(stderr, "usage: hvctl %s%s%s\n", c->entry->name, *c->entry->arguments ? " " : "", c->entry->arguments);
    return COMMAND_USAGE;
}

void command_print_help(const struct command_entry *entry)
{
    printf("usage: hvctl %s%s%s\n\n%s\n", entry->name, *entry->arguments ? " " : "", entry->arguments, entry->summary);
    if (entry->options)
        printf("\n%s", entry->options);
}

void command_print_list(FILE *to)
{
    fputs("usage: hvctl [--json] COMMAND [ARGUMENTS]\n\n", to);
    for (unsigned i = 0; i < command_count; i++)
        fprintf(to, "  %-14s %s\n", command_table[i].name, command_table[i].summary);
    fputs("\n\"hvctl help COMMAND\" shows the arguments of one.\n", to);
}
