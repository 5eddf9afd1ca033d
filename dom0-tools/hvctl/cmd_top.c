/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl top [-b] [-d SECONDS] [-n ITERATIONS] [-v] [-f]: who uses the CPUs, with xentop's columns. On a terminal the
 * screen is redrawn until q; with -b, or when the output is no terminal, tables follow one another; with --json each
 * is a line. CPU(%) is of one CPU, and the rates of devices are per second, since the last table (0 in the first).
 */
#include "hvctl/command.h"
#include "hvctl/device_rates.h"
#include "hvctl/list_format.h"
#include "libhv/store.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

struct view {
    bool batch, vcpus, full_name;
    uint64_t iterations; /* 0: for ever */
    int64_t delay_ms;
};

/* All domains at an instant. */
struct sample {
    domain_info *list;
    struct device_totals *devices; /* of each; NULL without a store */
    int n;
    uint64_t time; /* ns */
    struct xen_sysctl_physinfo host;
};

static bool parse_options(int argc, char **argv, struct view *view)
{
    static const struct option options[] = {
        {"batch", no_argument, NULL, 'b'},     {"delay", required_argument, NULL, 'd'},
        {"vcpus", no_argument, NULL, 'v'},     {"iterations", required_argument, NULL, 'n'},
        {"full-name", no_argument, NULL, 'f'}, {NULL, 0, NULL, 0}};
    int option;
    while ((option = getopt_long(argc, argv, "bd:n:i:vf", options, NULL)) != -1) {
        char *end;
        double delay;
        switch (option) {
        case 'b':
            view->batch = true;
            break;
        case 'd':
            delay = strtod(optarg, &end);
            if (end == optarg || *end || !(delay >= 0.01 && delay <= 86400))
                return false;
            view->delay_ms = (int64_t)(delay * 1000);
            break;
        case 'n':
        case 'i': /* xentop's letter */
            if (!command_parse_number(optarg, 1, UINT32_MAX, &view->iterations))
                return false;
            break;
        case 'v':
            view->vcpus = true;
            break;
        case 'f':
            view->full_name = true;
            break;
        default:
            return false;
        }
    }
    return optind == argc;
}

static bool take_sample(struct command *c, struct sample *s)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_physinfo};
    struct timespec now;
    s->n = domain_list(c->hv, &s->list);
    clock_gettime(CLOCK_MONOTONIC, &now);
    s->time = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    s->devices = s->n > 0 && c->xs ? calloc((size_t)s->n, sizeof(*s->devices)) : NULL;
    for (int i = 0; s->devices && i < s->n; i++)
        device_totals_read(c->xs, s->list[i].domain, &s->devices[i]);
    if (s->n < 0 || hypervisor_sysctl(c->hv, &op))
        return false;
    s->host = op.u.physinfo;
    return true;
}

/* The same domain in the last sample; -1: it was not there. */
static int find_before(const struct sample *last, const domain_info *info)
{
    for (int i = 0; i < last->n; i++)
        if (last->list[i].domain == info->domain && !memcmp(last->list[i].handle, info->handle, sizeof(info->handle)))
            return i;
    return -1;
}

/* Percent of one CPU since the last sample. */
static double cpu_percent(const struct sample *last, const struct sample *now, const domain_info *info)
{
    int before = find_before(last, info);
    return before < 0 ? 0 : 1e-7 * device_rate(last->list[before].cpu_time, info->cpu_time, now->time - last->time);
}

/* What the domain's devices did in each second since the last sample. */
struct device_speed {
    double received, sent, read, written; /* KiB */
    double packets, requests;
};

static struct device_speed device_speed(const struct sample *last, const struct sample *now, int i)
{
    int before = find_before(last, &now->list[i]);
    uint64_t time = now->time - last->time;
    if (before < 0 || !last->devices || !now->devices)
        return (struct device_speed){0};
    const struct device_totals *a = &last->devices[before], *b = &now->devices[i];
    return (struct device_speed){
        .received = device_rate(a->received_bytes, b->received_bytes, time) / 1024,
        .sent = device_rate(a->sent_bytes, b->sent_bytes, time) / 1024,
        .read = device_rate(a->read_bytes, b->read_bytes, time) / 1024,
        .written = device_rate(a->written_bytes, b->written_bytes, time) / 1024,
        .packets = device_rate(a->received_packets + a->sent_packets, b->received_packets + b->sent_packets, time),
        .requests = device_rate(a->read_requests + a->written_requests, b->read_requests + b->written_requests, time),
    };
}

/* The state in xentop's order: dying, shut down, blocked, crashed, paused, running. */
static void format_state(const domain_info *info, char state[LIST_STATE_SIZE])
{
    char xl[LIST_STATE_SIZE];
    list_format_state(info, xl);
    static const unsigned char order[] = {5, 3, 1, 4, 2, 0};
    for (unsigned i = 0; i < sizeof(order); i++)
        state[i] = xl[order[i]];
    state[LIST_STATE_SIZE - 1] = 0;
}

static double percent_of(uint64_t pages, const struct sample *s)
{
    return s->host.total_pages ? 100.0 * (double)pages / (double)s->host.total_pages : 0;
}

static void print_vcpus(struct command *c, const domain_info *info)
{
    struct domain_vcpu vcpu;
    fputs("VCPUs(sec):", stdout);
    for (unsigned i = 0; info->max_vcpu_id != XEN_INVALID_MAX_VCPU_ID && i <= info->max_vcpu_id; i++)
        if (!domain_get_vcpu(c->hv, info->domain, i, &vcpu) && vcpu.online)
            printf("  %2u: %10" PRIu64 "s", i, vcpu.cpu_time / 1000000000);
    putchar('\n');
}

static void print_domain(const struct view *view, const struct sample *s, const domain_info *info, const char *name,
                         double percent)
{
    char state[LIST_STATE_SIZE];
    format_state(info, state);
    printf(view->full_name ? "%10s" : "%10.10s", name ? name : "(null)");
    printf(" %6s %10" PRIu64 " %6.1f %10" PRIu64 " %6.1f", state, info->cpu_time / 1000000000, percent,
           (uint64_t)info->tot_pages * 4, percent_of(info->tot_pages, s));
    if (info->max_pages >= s->host.total_pages && !info->domain)
        printf(" %10s %9s", "no limit", "n/a");
    else
        printf(" %10" PRIu64 " %9.1f", (uint64_t)info->max_pages * 4, percent_of(info->max_pages, s));
    printf(" %5" PRIu32, info->nr_online_vcpus);
}

static void print_devices(const struct sample *last, const struct sample *s, int i)
{
    const struct device_speed speed = device_speed(last, s, i);
    const struct device_totals none = {0}, *totals = s->devices ? &s->devices[i] : &none;
    printf(" %4u %8.0f %8.0f %4u %8.0f %8.0f %8.0f\n", totals->nets, speed.sent, speed.received, totals->disks,
           speed.read, speed.written, speed.requests);
}

static void print_table(struct command *c, const struct view *view, const struct sample *last, const struct sample *s)
{
    printf("%10s %6s %10s %6s %10s %6s %10s %9s %5s %4s %8s %8s %4s %8s %8s %8s\n", "NAME", "STATE", "CPU(sec)",
           "CPU(%)", "MEM(k)", "MEM(%)", "MAXMEM(k)", "MAXMEM(%)", "VCPUS", "NETS", "TX(k/s)", "RX(k/s)", "VBDS",
           "RD(k/s)", "WR(k/s)", "IO(/s)");
    for (int i = 0; i < s->n; i++) {
        char *name = c->xs ? store_domain_name(c->xs, s->list[i].domain) : NULL;
        print_domain(view, s, &s->list[i], name, cpu_percent(last, s, &s->list[i]));
        print_devices(last, s, i);
        if (view->vcpus)
            print_vcpus(c, &s->list[i]);
        free(name);
    }
}

static void print_summary(const struct sample *s)
{
    unsigned running = 0, blocked = 0, paused = 0, crashed = 0, dying = 0, ended = 0;
    for (int i = 0; i < s->n; i++) {
        char state[LIST_STATE_SIZE];
        list_format_state(&s->list[i], state);
        running += state[0] == 'r';
        blocked += state[1] == 'b';
        paused += state[2] == 'p';
        ended += state[3] == 's';
        crashed += state[4] == 'c';
        dying += state[5] == 'd';
    }
    printf("%d domains: %u running, %u blocked, %u paused, %u crashed, %u dying, %u shut down\n", s->n, running,
           blocked, paused, crashed, dying, ended);
    printf("Mem: %" PRIu64 "k total, %" PRIu64 "k used, %" PRIu64 "k free    CPUs: %" PRIu32 " @ %" PRIu32 "MHz\n",
           (uint64_t)s->host.total_pages * 4, (uint64_t)(s->host.total_pages - s->host.free_pages) * 4,
           (uint64_t)s->host.free_pages * 4, s->host.nr_cpus, s->host.cpu_khz / 1000);
}

static void print_json_devices(struct json *j, const struct sample *last, const struct sample *s, int i)
{
    const struct device_speed speed = device_speed(last, s, i);
    const struct device_totals *t = &s->devices[i];
    json_unsigned(j, "nets", t->nets);
    json_unsigned(j, "net_sent_bytes", t->sent_bytes);
    json_unsigned(j, "net_received_bytes", t->received_bytes);
    json_unsigned(j, "net_sent_packets", t->sent_packets);
    json_unsigned(j, "net_received_packets", t->received_packets);
    json_unsigned(j, "net_sent_kib_per_second", (uint64_t)(speed.sent + 0.5));
    json_unsigned(j, "net_received_kib_per_second", (uint64_t)(speed.received + 0.5));
    json_unsigned(j, "net_packets_per_second", (uint64_t)(speed.packets + 0.5));
    json_unsigned(j, "disks", t->disks);
    json_unsigned(j, "disk_read_bytes", t->read_bytes);
    json_unsigned(j, "disk_written_bytes", t->written_bytes);
    json_unsigned(j, "disk_read_requests", t->read_requests);
    json_unsigned(j, "disk_written_requests", t->written_requests);
    json_unsigned(j, "disk_read_kib_per_second", (uint64_t)(speed.read + 0.5));
    json_unsigned(j, "disk_written_kib_per_second", (uint64_t)(speed.written + 0.5));
    json_unsigned(j, "disk_requests_per_second", (uint64_t)(speed.requests + 0.5));
}

static void print_json(struct command *c, const struct sample *last, const struct sample *s)
{
    struct json j;
    json_init(&j, stdout, true);
    json_object_begin(&j, NULL);
    json_unsigned(&j, "total_memory_kib", s->host.total_pages * 4);
    json_unsigned(&j, "free_memory_kib", s->host.free_pages * 4);
    json_array_begin(&j, "domains");
    for (int i = 0; i < s->n; i++) {
        const domain_info *info = &s->list[i];
        char state[LIST_STATE_SIZE], *name = c->xs ? store_domain_name(c->xs, info->domain) : NULL;
        list_format_state(info, state);
        json_object_begin(&j, NULL);
        json_unsigned(&j, "domid", info->domain);
        json_text(&j, "name", name);
        json_text(&j, "state", state);
        json_seconds(&j, "cpu_seconds", info->cpu_time);
        json_unsigned(&j, "cpu_percent", (uint64_t)(cpu_percent(last, s, info) + 0.5));
        json_unsigned(&j, "memory_kib", info->tot_pages * 4);
        json_unsigned(&j, "vcpus_online", info->nr_online_vcpus);
        if (s->devices)
            print_json_devices(&j, last, s, i);
        json_object_end(&j);
        free(name);
    }
    json_array_end(&j);
    json_object_end(&j);
}

static struct termios terminal_before;

static void restore_terminal(void)
{
    tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
}

static void die_of_signal(int number)
{
    restore_terminal();
    signal(number, SIG_DFL);
    raise(number);
}

/* Single key strokes without echo, until the program ends by whatever. */
static bool take_terminal(void)
{
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &terminal_before))
        return false;
    struct termios raw = terminal_before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    signal(SIGINT, die_of_signal);
    signal(SIGTERM, die_of_signal);
    atexit(restore_terminal);
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    return true;
}

/* Waits for the next table. False if the user has had enough. */
static bool pause_between(const struct view *view, bool terminal)
{
    struct pollfd fd = {.fd = terminal ? STDIN_FILENO : -1, .events = POLLIN};
    int64_t end = store_now_ms() + view->delay_ms, left;
    while ((left = end - store_now_ms()) > 0) {
        char key = 0;
        if (poll(&fd, 1, (int)left) > 0 && (read(STDIN_FILENO, &key, 1) <= 0 || key == 'q' || key == 'Q'))
            return false;
        if (key == ' ')
            return true;
    }
    return true;
}

int cmd_top(struct command *c, int argc, char **argv)
{
    struct view view = {.delay_ms = 3000};
    struct sample last = {0};
    if (!parse_options(argc, argv, &view))
        return command_usage(c);
    if (!command_hypervisor(c))
        return COMMAND_FAILED;
    c->xs = store_open(); /* no names without it */
    bool terminal = !view.batch && !c->json && take_terminal();
    for (uint64_t i = 1;; i++) {
        struct sample now = {0};
        if (!take_sample(c, &now))
            return command_error("asking for the domains");
        if (terminal) {
            fputs("\033[H\033[2J", stdout);
            print_summary(&now);
        }
        if (c->json)
            print_json(c, &last, &now);
        else
            print_table(c, &view, &last, &now);
        free(last.list);
        free(last.devices);
        last = now;
        if (fflush(stdout) || i == view.iterations || !pause_between(&view, terminal))
            break;
    }
    free(last.list);
    free(last.devices);
    return COMMAND_OK;
}
