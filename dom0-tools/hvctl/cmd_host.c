/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl host start|stop|status: all that dom0 needs for guests (host_parts.h), brought up in order, shut down in
 * reverse, or looked at. Where systemd runs and knows our units, it does the work: daemons belong to it, are sandboxed,
 * and come again when they die; what is left (on a busybox everything) is done here.
 */
#include "hvctl/command.h"
#include "hvctl/host_daemon.h"
#include "hvctl/host_parts.h"
#include "libhv/store.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_TIMEOUT 30 /* s, for each part */
#define UNIT_PATH       "/usr/lib/systemd/system/haven.target"

struct request {
    const char *action, *xenstored, *only;
    uint64_t timeout;
    bool by_hand; /* not through systemd */
};

static int systemctl(const char *const *argv)
{
    int status;
    pid_t pid = fork();
    if (!pid) {
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        dup2(null, STDOUT_FILENO);
        execvp(argv[0], (char *const *)argv);
        _exit(127);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool has_systemd(const struct request *r)
{
    return !r->by_hand && !r->xenstored && !r->only && !access("/run/systemd/system", F_OK) && !access(UNIT_PATH, F_OK);
}

static void report_part(const struct command *c, struct json *j, const struct host_part *part, bool good,
                        const char *did, const char *text)
{
    if (!c->json) {
        printf("%-12s %-8s %s\n", part->name, did ? did : good ? "ok" : "wrong", text);
        fflush(stdout);
        return;
    }
    json_object_begin(j, NULL);
    json_text(j, "part", part->name);
    json_text(j, "what", part->what);
    json_boolean(j, "ok", good);
    if (did)
        json_text(j, "done", did);
    json_text(j, "text", text);
    json_object_end(j);
}

static int64_t deadline(const struct request *r)
{
    return store_now_ms() + (int64_t)r->timeout * 1000;
}

/* What counts is that it is there in the end: somebody else may have started it at the same time. */
static bool start_part(const struct host_part *part, struct host_context *context)
{
    int failed = part->start(context);
    struct host_context after = *context;
    bool good = part->check(&after);
    if (good || !failed)
        *context = after;
    return good;
}

static int start(const struct command *c, const struct request *r, struct json *j)
{
    static const char *const start_target[] = {"systemctl", "start", "haven.target", NULL};
    if (has_systemd(r) && systemctl(start_target))
        return command_fail("systemctl start haven.target failed (\"systemctl status haven.target\" tells more)");
    for (unsigned i = 0; i < host_part_count; i++) {
        const struct host_part *part = &host_parts[i];
        if (r->only && strcmp(part->name, r->only) != 0)
            continue;
        struct host_context context = {.xenstored = r->xenstored, .deadline_ms = deadline(r)};
        bool good = part->check(&context), was_good = good;
        if (!good && part->start)
            good = start_part(part, &context);
        report_part(c, j, part, good, good && !was_good ? "started" : NULL, context.text);
        if (!good)
            return command_fail("%s: %s", part->name, context.text);
    }
    return COMMAND_OK;
}

static int stop(const struct command *c, const struct request *r, struct json *j)
{
    static const char *const stop_units[] = {
        "systemctl", "stop", "hvd.service", "haven-driverd.service", "haven-consoled.service", NULL};
    int status = COMMAND_OK;
    if (has_systemd(r))
        systemctl(stop_units);
    for (unsigned i = host_part_count; i-- > 0;) {
        const struct host_part *part = &host_parts[i];
        struct host_context context = {.deadline_ms = deadline(r)};
        if (!part->stop || (r->only && strcmp(part->name, r->only) != 0))
            continue;
        bool was_there = part->check(&context);
        context.text[0] = 0;
        bool good = !part->stop(&context);
        report_part(c, j, part, good, good && was_there ? "stopped" : NULL, context.text);
        if (!good)
            status = command_fail("%s: %s", part->name, context.text);
    }
    return status;
}

static int show_status(const struct command *c, const struct request *r, struct json *j)
{
    int status = COMMAND_OK;
    for (unsigned i = 0; i < host_part_count; i++) {
        if (r->only && strcmp(host_parts[i].name, r->only) != 0)
            continue;
        struct host_context context = {.text = ""};
        bool good = host_parts[i].check(&context);
        report_part(c, j, &host_parts[i], good, NULL, context.text);
        if (!good)
            status = COMMAND_FAILED;
    }
    return status;
}

static bool parse_options(int argc, char **argv, struct request *r)
{
    static const struct option options[] = {{"xenstored", required_argument, NULL, 'x'},
                                            {"timeout", required_argument, NULL, 't'},
                                            {"no-systemd", no_argument, NULL, 's'},
                                            {"only", required_argument, NULL, 'o'},
                                            {NULL, 0, NULL, 0}};
    int option;
    while ((option = getopt_long(argc, argv, "t:", options, NULL)) != -1) {
        switch (option) {
        case 'x':
            r->xenstored = optarg;
            break;
        case 't':
            if (!command_parse_number(optarg, 1, 86400, &r->timeout))
                return false;
            break;
        case 'o':
            r->only = optarg;
            break;
        case 's':
            r->by_hand = true;
            break;
        default:
            return false;
        }
    }
    r->action = optind + 1 == argc ? argv[optind] : NULL;
    bool known = !r->only;
    for (unsigned i = 0; i < host_part_count && !known; i++)
        known = !strcmp(r->only, host_parts[i].name);
    if (!known)
        return command_fail("there is no part '%s' (\"hvctl host status\" lists them)", r->only), false;
    return r->action && (!strcmp(r->action, "start") || !strcmp(r->action, "stop") || !strcmp(r->action, "status"));
}

int cmd_host(struct command *c, int argc, char **argv)
{
    struct request r = {.timeout = DEFAULT_TIMEOUT};
    struct json j;
    if (!parse_options(argc, argv, &r))
        return command_usage(c);
    if (strcmp(r.action, "status") != 0 && geteuid())
        return command_fail("host %s wants root", r.action);
    if (c->json) {
        json_init(&j, stdout, false);
        json_array_begin(&j, NULL);
    }
    int status = !strcmp(r.action, "start")  ? start(c, &r, &j)
                 : !strcmp(r.action, "stop") ? stop(c, &r, &j)
                                             : show_status(c, &r, &j);
    if (c->json)
        json_array_end(&j);
    return status;
}
