/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvconsoled: logs what guests print, and gives each a pty. One thread, one loop over the event channel device, the
 * store, the ptys and a clock. It keeps nothing that a successor could not find in the store and in the rings, so it
 * may be killed at any time.
 */
#include "hvconsoled/domains.h"
#include "hvconsoled/hypervisor_log.h"
#include "hvconsoled/report.h"
#include "libhv/service.h"
#include "libhv/store.h"
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#define LOG_DIR       "/var/log/haven/console"
#define PID_FILE      "/run/haven/hvconsoled.pid"
#define READY_AT_ONCE 16 /* descriptors that one round looks at */

struct settings {
    bool foreground, hypervisor;
    const char *pid_file;
    struct log_options log;
};

static volatile sig_atomic_t stop;

static void on_signal(int signal)
{
    (void)signal;
    stop = 1;
}

static int usage(FILE *to)
{
    fprintf(to, "Usage: hvconsoled [--no-fork] [--log-dir DIR] [--log-size KIB] [--log-keep N] [--pid-file FILE]\n"
                "                  [--hypervisor]\n"
                "\n"
                "Logs the consoles of all guests and offers a pty for each.\n"
                "\n"
                "  -n, --no-fork     stay in the foreground, report on stderr\n"
                "  --log-dir DIR     where the logs are (" LOG_DIR ")\n"
                "  --log-size KIB    a log that is larger is rotated (1024)\n"
                "  --log-keep N      how many old logs are kept (4)\n"
                "  --pid-file FILE   (" PID_FILE ")\n"
                "  --hypervisor      follow the hypervisor's own log, too\n");
    return to == stdout ? 0 : 2;
}

static bool read_count(const char *text, unsigned long max, unsigned long *out)
{
    char *end;

    errno = 0;
    *out = strtoul(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && *out <= max;
}

/* -1: go on; else the exit status. */
static int read_options(int argc, char **argv, struct settings *settings)
{
    static const struct option options[] = {
        {"no-fork", no_argument, NULL, 'n'},        {"log-dir", required_argument, NULL, 'd'},
        {"log-size", required_argument, NULL, 's'}, {"log-keep", required_argument, NULL, 'k'},
        {"pid-file", required_argument, NULL, 'p'}, {"hypervisor", no_argument, NULL, 'H'},
        {"help", no_argument, NULL, 'h'},           {NULL, 0, NULL, 0},
    };
    unsigned long count;
    int option;

    while ((option = getopt_long(argc, argv, "nh", options, NULL)) != -1) {
        switch (option) {
        case 'n':
            settings->foreground = true;
            break;
        case 'd':
            settings->log.dir = optarg;
            break;
        case 's':
            if (!read_count(optarg, 1 << 30, &count) || count == 0)
                return usage(stderr);
            settings->log.rotate_size = count * 1024;
            break;
        case 'k':
            if (!read_count(optarg, 1000, &count))
                return usage(stderr);
            settings->log.keep = (unsigned int)count;
            break;
        case 'p':
            settings->pid_file = optarg;
            break;
        case 'H':
            settings->hypervisor = true;
            break;
        case 'h':
            return usage(stdout);
        default:
            return usage(stderr);
        }
    }
    return optind == argc ? -1 : usage(stderr);
}

static int fail(const char *what)
{
    report("%s: %s", what, strerror(errno));
    return -1;
}

/* Makes a directory and those above it. */
static int make_dirs(const char *path, mode_t mode)
{
    char *copy = strdup(path);

    if (!copy)
        return -1;
    for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(copy, 0755);
        *slash = '/';
    }
    int error = mkdir(copy, mode) != 0 && errno != EEXIST ? -1 : 0;
    free(copy);
    return error;
}

static int make_parent(const char *path, mode_t mode)
{
    char *copy = strdup(path);
    int error = copy ? make_dirs(dirname(copy), mode) : -1;

    free(copy);
    return error;
}

static int open_doors(struct domains *d)
{
    struct epoll_event event = {.events = EPOLLIN};

    d->hv = hypervisor_open();
    if (!d->hv)
        return fail("can't reach the hypervisor (is this dom0, with xen-privcmd loaded?)");
    d->doors.events = xenevtchn_open(NULL, 0);
    if (!d->doors.events)
        return fail("can't open the event channel device (is xen-evtchn loaded?)");
    d->doors.memory = xenforeignmemory_open(NULL, 0);
    if (!d->doors.memory)
        return fail("can't map guests' memory");
    d->doors.grants = xengnttab_open(NULL, 0);
    if (!d->doors.grants)
        report("no grant device (is xen-gntdev loaded?): console rings are mapped by frame");
    d->doors.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (d->doors.epoll < 0)
        return fail("epoll");
    event.data.ptr = d->doors.events;
    if (epoll_ctl(d->doors.epoll, EPOLL_CTL_ADD, xenevtchn_fd(d->doors.events), &event) != 0)
        return fail("epoll");
    if (domains_connect_store(d) != 0)
        return fail("can't reach the store (is xenstored running?)");
    return 0;
}

static void event_ready(struct domains *d, struct hypervisor_log *hypervisor_log)
{
    xenevtchn_port_or_error_t port = xenevtchn_pending(d->doors.events);

    if (port >= 0 && port == hypervisor_log->port)
        hypervisor_log_event(hypervisor_log);
    else if (port >= 0)
        domains_event(d, port, store_now_ms());
}

static int run(struct domains *d, struct hypervisor_log *hypervisor_log)
{
    struct epoll_event ready[READY_AT_ONCE];

    while (!stop) {
        int count = epoll_wait(d->doors.epoll, ready, READY_AT_ONCE, domains_timeout(d, store_now_ms()));
        bool store = false;

        if (count < 0 && errno != EINTR)
            return fail("epoll");
        for (int i = 0; i < count; i++) {
            if (ready[i].data.ptr == d->doors.events)
                event_ready(d, hypervisor_log);
            else if (ready[i].data.ptr == d)
                store = true;
            else
                console_terminal_ready(ready[i].data.ptr);
        }
        if (store)
            domains_store_ready(d);
        /* Last, for it may free consoles. */
        domains_tick(d, store_now_ms());
    }
    return 0;
}

/* Without SA_RESTART: epoll_wait ends, and the loop sees stop. */
static void handle_signals(void)
{
    struct sigaction ends = {.sa_handler = on_signal}, ignored = {.sa_handler = SIG_IGN};

    sigaction(SIGTERM, &ends, NULL);
    sigaction(SIGINT, &ends, NULL);
    sigaction(SIGPIPE, &ignored, NULL);
    sigaction(SIGHUP, &ignored, NULL);
}

int main(int argc, char **argv)
{
    static struct domains domains;
    static struct hypervisor_log hypervisor_log = {.port = -1};
    struct settings settings = {
        .pid_file = PID_FILE,
        .log = {.dir = LOG_DIR, .rotate_size = 1 << 20, .keep = 4},
    };
    int status = read_options(argc, argv, &settings);

    if (status >= 0)
        return status;
    if (make_parent(settings.pid_file, 0755) != 0 || make_dirs(settings.log.dir, 0750) != 0)
        return -fail("can't make its directories");
    int lock = service_lock(settings.pid_file);
    if (lock < 0) {
        report(errno == EWOULDBLOCK ? "%s: another hvconsoled is running" : "%s: can't lock it", settings.pid_file);
        return 1;
    }
    if (!settings.foreground && service_fork(lock) != 0)
        return -fail("can't go to the background");
    handle_signals();
    domains.doors.log = settings.log;
    if (open_doors(&domains) != 0)
        return 1;
    hypervisor_log.hv = domains.hv;
    hypervisor_log.events = domains.doors.events;
    if (settings.hypervisor && hypervisor_log_open(&hypervisor_log, settings.log.dir) != 0)
        return -fail("can't follow the hypervisor's log");
    service_ready();
    report_to_syslog(!settings.foreground);
    return run(&domains, &hypervisor_log) == 0 ? 0 : 1;
}
