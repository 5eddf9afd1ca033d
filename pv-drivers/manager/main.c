/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvdriverd serves guests' disks and network interfaces. It is the manager: it talks to the store, opens what is behind
 * a device, and starts the workers that move the bytes (docs/drivers.md). It keeps nothing that a successor could not
 * find in the store and in the rings, so it may be killed at any time; its workers die with it.
 */
#include "libhv/service.h"
#include "manager/devices.h"
#include "manager/report.h"
#include "manager/status.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define PID_FILE    "/run/haven/hvdriverd.pid"
#define GRANT_LIMIT "/sys/module/xen_gntalloc/parameters/limit"
#define GRANTS      "16384"

struct settings {
    bool foreground, status, json;
    const char *pid_file;
};

static struct devices devices;

static int usage(FILE *to)
{
    fprintf(to, "Usage: hvdriverd [--no-fork] [--pid-file FILE] [--serve KINDS] [--workers DIRECTORY]\n"
                "       hvdriverd --status [--json]\n"
                "\n"
                "Serves disks and network interfaces of guests.\n"
                "\n"
                "  -n, --no-fork       stay in the foreground, report on stderr\n"
                "  --pid-file FILE     (" PID_FILE ")\n"
                "  --serve KINDS       the kernel's devices too: vbd, vif, or vbd,vif; for guests of xl on a kernel\n"
                "                      without xen-blkback or xen-netback\n"
                "  --workers DIRECTORY where hvblock, hvblock-nbd and hvnet are\n"
                "  --status            print the devices, their states and their workers, and end\n"
                "  --json              with --status: as JSON\n");
    return to == stdout ? 0 : 2;
}

/* -1: go on; else the exit status. */
static int read_options(int argc, char **argv, struct settings *s)
{
    static const struct option options[] = {
        {"no-fork", no_argument, NULL, 'n'},     {"pid-file", required_argument, NULL, 'p'},
        {"serve", required_argument, NULL, 's'}, {"workers", required_argument, NULL, 'w'},
        {"status", no_argument, NULL, 'S'},      {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},        {NULL, 0, NULL, 0},
    };
    int option, count;
    devices.folder_count = kinds_list(devices.folders);
    while ((option = getopt_long(argc, argv, "nh", options, NULL)) != -1) {
        switch (option) {
        case 'n':
            s->foreground = true;
            break;
        case 'p':
            s->pid_file = optarg;
            break;
        case 's':
            count = kinds_add_kernel_folders(devices.folders, devices.folder_count, optarg);
            if (count < 0)
                return usage(stderr);
            devices.folder_count = (unsigned)count;
            break;
        case 'w':
            devices.workers.folder = optarg;
            break;
        case 'S':
            s->status = true;
            break;
        case 'j':
            s->json = true;
            break;
        case 'h':
            return usage(stdout);
        default:
            return usage(stderr);
        }
    }
    return optind == argc && (s->status || !s->json) ? -1 : usage(stderr);
}

static int fail(const char *what)
{
    report("%s: %s", what, strerror(errno));
    return 1;
}

static void signal_ready(struct event_source *source, uint32_t events)
{
    (void)source;
    (void)events;
    event_loop_end(&devices.loop);
}

/* SIGTERM and SIGINT end the loop. */
static int take_signals(void)
{
    static struct event_source source = {.ready = signal_ready};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    source.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return source.fd < 0 ? -1 : event_loop_add(&devices.loop, &source, EPOLLIN);
}

/* Each device and each worker is some files; what the system allows at most is for it to say. */
static void allow_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit))
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* Workers grant themselves the pages that they copy to and from (common/grant_pages.h), for as many guests as have room
 * in half of dom0's grant table; those above do without. The kernel's own limit would do for one or two. */
static void allow_grants(void)
{
    int file = open(GRANT_LIMIT, O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return;
    if (write(file, GRANTS, sizeof(GRANTS) - 1) < 0)
        report(GRANT_LIMIT ": %s", strerror(errno));
    close(file);
}

static int serve(bool foreground)
{
    allow_files();
    allow_grants();
    devices.hv = hypervisor_open();
    if (!devices.hv)
        return fail("can't reach the hypervisor (is this dom0, with xen-privcmd loaded?)");
    if (event_loop_open(&devices.loop) || take_signals())
        return fail("epoll");
    if (devices_start(&devices))
        return fail("can't reach the store (is xenstored running?)");
    if (!foreground)
        report_to_syslog(); /* stderr was for whoever started it */
    service_ready();
    int status = event_loop_run(&devices.loop) ? fail("epoll") : 0;
    workers_end(&devices.workers);
    return status;
}

int main(int argc, char **argv)
{
    struct settings settings = {.pid_file = PID_FILE};
    int status = read_options(argc, argv, &settings);
    if (status >= 0)
        return status;
    if (settings.status)
        return status_print(stdout, settings.json, devices.folders, devices.folder_count);
    mkdir("/run/haven", 0755);
    int lock = service_lock(settings.pid_file);
    if (lock < 0) {
        report(errno == EWOULDBLOCK ? "%s: another hvdriverd is running" : "%s: can't lock it", settings.pid_file);
        return 1;
    }
    if (!settings.foreground && service_fork(lock))
        return fail("can't go to the background");
    return serve(settings.foreground);
}
