/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl shutdown and reboot: ask guests to end by themselves, through control/shutdown in the store. With -w wait until
 * each is shut down, dying, or gone: the store's @releaseDomain fires when one of that happens, and the hypervisor is
 * asked what it was.
 */
#include "hvctl/command.h"
#include "libhv/store.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct request {
    const char *word;   /* written to control/shutdown */
    const char *saying; /* "Shutting down" */
    const char *done;   /* "shut down" */
    bool all, wait;
    uint64_t timeout; /* s; 0: none */
};

/* A domain that was asked, and what became of it. */
struct target {
    domain_info info;
    bool asked, ended;
    int code; /* how it shut down; -1: it vanished before that was seen */
};

static bool parse_options(int argc, char **argv, struct request *r)
{
    static const struct option options[] = {{"all", no_argument, NULL, 'a'},
                                            {"wait", no_argument, NULL, 'w'},
                                            {"timeout", required_argument, NULL, 't'},
                                            {NULL, 0, NULL, 0}};
    int option;
    while ((option = getopt_long(argc, argv, "awFt:", options, NULL)) != -1) {
        switch (option) {
        case 'a':
            r->all = true;
            break;
        case 'w':
            r->wait = true;
            break;
        case 'F': /* ACPI power button for guests without PV drivers: all that Haven runs have them */
            break;
        case 't':
            if (!command_parse_number(optarg, 1, 1000000, &r->timeout))
                return false;
            r->wait = true;
            break;
        default:
            return false;
        }
    }
    return true;
}

/* The guests to ask: those named, or all but dom0 that are not ending already. -1 after a message. */
static int collect(struct command *c, const struct request *r, int count, char **names, struct target **targets)
{
    domain_info *list = NULL;
    int n = r->all ? domain_list(c->hv, &list) : count, kept = 0;
    *targets = n < 0 ? NULL : calloc((size_t)n + 1, sizeof(**targets));
    if (!*targets)
        return command_error("listing the domains"), -1;
    for (int i = 0; i < n; i++) {
        struct target *t = &(*targets)[kept];
        if (!r->all && command_find_domain_info(c, names[i], &t->info) < 0)
            return -1;
        if (r->all)
            t->info = list[i];
        if (!r->all || (list[i].domain && !(list[i].flags & (XEN_DOMINF_dying | XEN_DOMINF_shutdown))))
            kept++;
    }
    free(list);
    return kept;
}

static int ask(struct command *c, const struct request *r, struct target *t)
{
    char path[64];
    if (!t->info.domain)
        return command_fail("domain 0 ends with the machine: use the system's own %s command", r->word);
    if (t->info.flags & XEN_DOMINF_shutdown)
        return command_fail("domain %u is shut down already (\"hvctl destroy\" takes it away)", t->info.domain);
    snprintf(path, sizeof(path), "/local/domain/%u/control/shutdown", t->info.domain);
    if (!c->json)
        printf("%s domain %u\n", r->saying, t->info.domain);
    if (!store_write(c->xs, XBT_NULL, path, r->word))
        return command_error("writing %s to the store", path);
    t->asked = true;
    return COMMAND_OK;
}

/* Looks at each that has not ended. Returns how many are left. */
static int look(struct command *c, const struct request *r, struct target *targets, int n)
{
    int left = 0;
    for (int i = 0; i < n; i++) {
        struct target *t = &targets[i];
        domain_info now;
        if (!t->asked || t->ended)
            continue;
        bool there =
            !domain_get_info(c->hv, t->info.domain, &now) && !memcmp(now.handle, t->info.handle, sizeof(now.handle));
        t->code = there ? domain_shutdown_code(&now) : -1;
        t->ended = !there || t->code >= 0 || now.flags & XEN_DOMINF_dying;
        left += !t->ended;
        if (!t->ended || c->json)
            continue;
        if (t->code >= 0)
            printf("Domain %u has been %s, reason code %d\n", t->info.domain, r->done, t->code);
        else
            printf("Domain %u has been destroyed\n", t->info.domain);
        fflush(stdout);
    }
    return left;
}

static int wait_for_all(struct command *c, const struct request *r, struct target *targets, int n)
{
    int64_t deadline = r->timeout ? store_now_ms() + (int64_t)r->timeout * 1000 : -1;
    int left = look(c, r, targets, n);
    if (left && !c->json) {
        printf("Waiting for %d domains\n", left);
        fflush(stdout);
    }
    while (left) {
        int event = store_wait(c->xs, deadline);
        left = look(c, r, targets, n);
        if (left && !event)
            return command_fail("%d domain(s) did not end within %llu s (\"hvctl destroy\" ends one at once)", left,
                                (unsigned long long)r->timeout);
        if (left && event < 0 && errno != EINTR)
            return command_error("waiting for events of the store");
    }
    return COMMAND_OK;
}

static void print_json(const struct request *r, const struct target *targets, int n)
{
    struct json j;
    json_init(&j, stdout, false);
    json_array_begin(&j, NULL);
    for (int i = 0; i < n; i++) {
        json_object_begin(&j, NULL);
        json_unsigned(&j, "domid", targets[i].info.domain);
        json_text(&j, "request", targets[i].asked ? r->word : NULL);
        if (r->wait) {
            json_boolean(&j, "ended", targets[i].ended);
            json_text(&j, "reason",
                      targets[i].ended && targets[i].code >= 0 ? domain_shutdown_name(targets[i].code) : NULL);
        }
        json_object_end(&j);
    }
    json_array_end(&j);
}

static int run(struct command *c, int argc, char **argv, struct request *r)
{
    struct target *targets = NULL;
    int status = COMMAND_OK;
    if (!parse_options(argc, argv, r) || r->all == (optind < argc))
        return command_usage(c);
    if (!command_hypervisor(c) || !command_store(c))
        return COMMAND_FAILED;
    if (r->wait && !xs_watch(c->xs, "@releaseDomain", "release"))
        return command_error("watching for the end of domains");
    int n = collect(c, r, argc - optind, argv + optind, &targets);
    for (int i = 0; i < n; i++)
        if (ask(c, r, &targets[i]))
            status = COMMAND_FAILED;
    if (n >= 0 && r->wait && wait_for_all(c, r, targets, n))
        status = COMMAND_FAILED;
    if (n >= 0 && c->json)
        print_json(r, targets, n);
    free(targets);
    return n < 0 ? COMMAND_FAILED : status;
}

int cmd_shutdown(struct command *c, int argc, char **argv)
{
    struct request r = {.word = "poweroff", .saying = "Shutting down", .done = "shut down"};
    return run(c, argc, argv, &r);
}

int cmd_reboot(struct command *c, int argc, char **argv)
{
    struct request r = {.word = "reboot", .saying = "Rebooting", .done = "shut down"};
    return run(c, argc, argv, &r);
}
