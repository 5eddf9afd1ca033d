/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvd carries out what a guest's configuration says about its end: on_poweroff, on_reboot, on_crash, on_watchdog.
 *
 * It keeps no state. Each round looks at the hypervisor's list of domains and at the store, does what is due, and waits
 * until a watch fires; so it may be killed at any moment and started again: the first round finds what the last one
 * left. Restarts, which take several steps, leave notes in the store (restart.h). Guests without nodes below
 * /haven/domain are another tool set's, and are left alone.
 *
 * The only memory is when to look again at what failed.
 */
#include "guest/destroy.h"
#include "guest/store_layout.h"
#include "hvd/policy.h"
#include "hvd/report.h"
#include "hvd/restart.h"
#include "libhv/domain.h"
#include "libhv/service.h"
#include "libhv/store.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_PID_FILE "/run/haven/hvd.pid"
#define RETRY_SECONDS    10 /* for what failed */
#define SWEEP_SECONDS    2  /* while a create is under way: nothing tells when its process is killed */

struct daemon {
    struct hypervisor *hv;
    struct xs_handle *xs;
    int64_t next_ms;               /* look again then; negative: when a watch fires */
    int64_t failed[DOMAIN_ID_END]; /* do not try this domain before; 0: at once */
    const char *dump_directory;
};

static void come_again(struct daemon *d, int64_t at_ms)
{
    if (d->next_ms < 0 || at_ms < d->next_ms)
        d->next_ms = at_ms;
}

static void mark_failed(struct daemon *d, unsigned domid)
{
    d->failed[domid] = store_now_ms() + RETRY_SECONDS * 1000;
    come_again(d, d->failed[domid]);
}

static enum guest_action read_action(struct daemon *d, unsigned domid, const char *node)
{
    enum guest_action action = POLICY_FALLBACK;
    char *text = store_read(d->xs, XBT_NULL, STORE_OURS "/%s", domid, node);
    if (!text || guest_action_from_name(text, &action)) {
        report("domain %u: %s is '%s', which is no action; it is preserved", domid, node, text ? text : "");
        action = POLICY_FALLBACK;
    }
    free(text);
    return action;
}

/* hvctl writes the dump: a process of its own, since it is long and may fail. */
static void dump_core(struct daemon *d, unsigned domid, const char *name)
{
    char id[16], file[512], stamp[32] = "";
    time_t now = time(NULL);
    struct tm utc;
    if (gmtime_r(&now, &utc))
        strftime(stamp, sizeof(stamp), "%FT%H%M%SZ", &utc);
    snprintf(id, sizeof(id), "%u", domid);
    snprintf(file, sizeof(file), "%s/%s-%s.core", d->dump_directory, name, stamp);
    mkdir(d->dump_directory, 0700);
    pid_t pid = fork();
    if (!pid) {
        execlp("hvctl", "hvctl", "dump-core", id, file, (char *)NULL);
        _exit(127);
    }
    int status = -1;
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (pid < 0 || status)
        report("domain %u (%s): no dump in %s: hvctl dump-core failed", domid, name, file);
    else
        report("domain %u (%s): dumped to %s", domid, name, file);
}

static bool preserve(struct daemon *d, unsigned domid)
{
    char path[64];
    snprintf(path, sizeof(path), STORE_OURS "/preserved", domid);
    return store_write(d->xs, XBT_NULL, path, "1");
}

/* Seconds that a restart must wait. */
static uint64_t restart_delay(struct daemon *d, unsigned domid)
{
    struct policy_restarts restarts = {0, 0};
    uint64_t now = (uint64_t)time(NULL);
    char *text = store_read(d->xs, XBT_NULL, STORE_OURS "/restarts", domid);
    if (text)
        policy_parse_restarts(text, &restarts);
    free(text);
    return policy_restart_time(&restarts, now) - now;
}

static void carry_out(struct daemon *d, const domain_info *info, enum guest_action action, const char *name)
{
    struct failure failure = {""};
    bool good;
    if (policy_dumps(action))
        dump_core(d, info->domain, name);
    if (policy_restarts(action)) {
        good = restart_begin(d->xs, info, action == GUEST_RENAME_RESTART);
        come_again(d, store_now_ms());
    } else if (action == GUEST_PRESERVE) {
        good = preserve(d, info->domain);
    } else {
        good = !guest_destroy(d->hv, d->xs, info->domain, &failure);
    }
    if (good)
        return;
    report("domain %u (%s): %s failed: %s", info->domain, name, guest_action_name(action),
           failure.text[0] ? failure.text : strerror(errno));
    mark_failed(d, info->domain);
}

/* A guest of ours that ended and that nothing was done about yet. */
static void handle_ended(struct daemon *d, const domain_info *info)
{
    int code = domain_shutdown_code(info);
    const char *node = policy_node(code);
    if (!node)
        return;
    if (store_now_ms() < d->failed[info->domain]) {
        come_again(d, d->failed[info->domain]);
        return;
    }
    enum guest_action action = read_action(d, info->domain, node);
    uint64_t delay = policy_restarts(action) ? restart_delay(d, info->domain) : 0;
    if (delay) {
        come_again(d, store_now_ms() + (int64_t)delay * 1000);
        return;
    }
    char *name = store_domain_name(d->xs, info->domain);
    report("domain %u (%s): ended by %s; %s is %s", info->domain, name ? name : "?", domain_shutdown_name(code), node,
           guest_action_name(action));
    carry_out(d, info, action, name ? name : "unnamed");
    free(name);
}

static void look_at(struct daemon *d, const domain_info *info)
{
    char uuid[DOMAIN_UUID_SIZE];
    if (!info->domain || info->flags & XEN_DOMINF_dying || domain_shutdown_code(info) < 0)
        return;
    if (!store_exists(d->xs, XBT_NULL, STORE_OURS "/uuid", info->domain))
        return;
    domain_format_uuid(info->handle, uuid);
    if (store_exists(d->xs, XBT_NULL, STORE_OURS "/preserved", info->domain))
        restart_mend_handle(d->hv, d->xs, info);
    else if (!store_exists(d->xs, XBT_NULL, RESTART_ALL "/%s/domid", uuid))
        handle_ended(d, info);
}

static void continue_restarts(struct daemon *d)
{
    unsigned n = 0;
    char **uuid = xs_directory(d->xs, XBT_NULL, RESTART_ALL, &n);
    for (unsigned i = 0; uuid && i < n; i++) {
        domain_info *list = NULL;
        int domains = domain_list(d->hv, &list);
        unsigned again = domains < 0 ? RETRY_SECONDS : restart_continue(d->hv, d->xs, uuid[i], list, domains);
        if (again)
            come_again(d, store_now_ms() + again * INT64_C(1000));
        free(list);
    }
    free(uuid);
}

/* Everything that is due. */
static void round_of_work(struct daemon *d)
{
    domain_info *list = NULL;
    unsigned creates = 0;
    d->next_ms = -1;
    guest_sweep(d->hv, d->xs);
    int n = domain_list(d->hv, &list);
    if (n < 0) {
        report("listing the domains: %s", strerror(errno));
        come_again(d, store_now_ms() + RETRY_SECONDS * 1000);
    }
    for (int i = 0; i < n; i++)
        look_at(d, &list[i]);
    free(list);
    continue_restarts(d);
    free(xs_directory(d->xs, XBT_NULL, STORE_CREATE_ALL, &creates));
    if (creates)
        come_again(d, store_now_ms() + SWEEP_SECONDS * 1000);
}

static bool connect_store(struct daemon *d)
{
    d->xs = store_open();
    if (d->xs && xs_watch(d->xs, "@introduceDomain", "in") && xs_watch(d->xs, "@releaseDomain", "out") &&
        xs_watch(d->xs, STORE_CREATE_ALL, "create"))
        return true;
    if (d->xs)
        xs_close(d->xs);
    d->xs = NULL;
    return false;
}

static void run(struct daemon *d)
{
    for (;;) {
        if (!d->xs) {
            struct timespec nap = {.tv_nsec = 200000000};
            nanosleep(&nap, NULL);
            if (!connect_store(d))
                continue;
            report("connected to the store again");
        }
        round_of_work(d);
        if (store_wait(d->xs, d->next_ms) < 0 && errno != EINTR) {
            report("the store went away; waiting for it");
            xs_close(d->xs);
            d->xs = NULL;
        }
    }
}

static int usage(FILE *to)
{
    fputs("usage: hvd [--no-fork] [--pid-file FILE] [--dump-directory DIRECTORY]\n"
          "Carries out what guests' configurations say about their end (on_poweroff, on_reboot, on_crash, "
          "on_watchdog).\n",
          to);
    return to == stdout ? 0 : 2;
}

static int parse_options(int argc, char **argv, bool *no_fork, const char **pid_file, struct daemon *d)
{
    static const struct option options[] = {{"no-fork", no_argument, NULL, 'F'},
                                            {"pid-file", required_argument, NULL, 'p'},
                                            {"dump-directory", required_argument, NULL, 'd'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'F':
            *no_fork = true;
            break;
        case 'p':
            *pid_file = optarg;
            break;
        case 'd':
            d->dump_directory = optarg;
            break;
        case 'h':
            exit(usage(stdout));
        default:
            return usage(stderr);
        }
    }
    return optind == argc ? 0 : usage(stderr);
}

static int start(struct daemon *d, bool no_fork, const char *pid_file)
{
    mkdir("/run/haven", 0755);
    int lock = service_lock(pid_file);
    if (lock < 0 && errno == EWOULDBLOCK) {
        report("another hvd runs already (%s)", pid_file);
        return 1;
    }
    if (lock < 0 || (!no_fork && service_fork(lock))) {
        report("%s: %s", pid_file, strerror(errno));
        return 1;
    }
    d->hv = hypervisor_open();
    if (!d->hv) {
        report("no way to the hypervisor: %s (is this dom0, and xen-privcmd loaded?)", strerror(errno));
        return 1;
    }
    if (!connect_store(d)) {
        report("no way to the store: %s (is xenstored running?)", strerror(errno));
        return 1;
    }
    if (!no_fork)
        report_to_syslog();
    service_ready();
    return 0;
}

int main(int argc, char **argv)
{
    static struct daemon d = {.dump_directory = "/var/lib/haven/dump"};
    const char *pid_file = DEFAULT_PID_FILE;
    bool no_fork = false;
    int status = parse_options(argc, argv, &no_fork, &pid_file, &d);
    signal(SIGPIPE, SIG_IGN); /* the store may end at any time */
    if (!status)
        status = start(&d, no_fork, pid_file);
    if (!status)
        run(&d);
    return status;
}
