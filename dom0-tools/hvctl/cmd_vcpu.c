/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl vcpu-list, vcpu-pin, vcpu-set. Pinning is a matter of the hypervisor; the number of vCPUs is one of the guest:
 * vcpu-set writes cpu/N/availability, and the guest's kernel plugs or unplugs.
 */
#include "config/cpu_set.h"
#include "hvctl/command.h"
#include "libhv/store.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* CPU ids are below this number; 0 after a message. */
static unsigned host_cpus(struct command *c)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_physinfo};
    if (!hypervisor_sysctl(c->hv, &op))
        return op.u.physinfo.max_cpu_id + 1;
    command_error("asking for the machine");
    return 0;
}

/* A set as it looks on a host with so many CPUs. */
static void format_set(const struct cpu_set *set, unsigned cpus, char *text, unsigned size)
{
    struct cpu_set part = {0};
    unsigned members = 0;
    for (unsigned cpu = 0; cpu < cpus; cpu++) {
        if (cpu_set_has(set, cpu)) {
            cpu_set_add(&part, cpu);
            members++;
        }
    }
    if (members == cpus)
        snprintf(text, size, "all");
    else if (!members || cpu_set_format(&part, text, size))
        snprintf(text, size, members ? "..." : "none");
}

static void print_json_vcpu(struct json *j, unsigned n, const struct domain_vcpu *v, const char *hard, const char *soft)
{
    json_object_begin(j, NULL);
    json_unsigned(j, "vcpu", n);
    json_boolean(j, "online", v->online);
    json_boolean(j, "running", v->running);
    json_boolean(j, "blocked", v->blocked);
    if (v->online)
        json_unsigned(j, "cpu", v->cpu);
    json_seconds(j, "cpu_seconds", v->cpu_time);
    json_text(j, "hard_affinity", hard);
    json_text(j, "soft_affinity", soft);
    json_object_end(j);
}

static void print_vcpu(const char *name, unsigned id, unsigned n, const struct domain_vcpu *v, const char *hard,
                       const char *soft)
{
    printf("%-32s %5u %5u", name ? name : "(null)", id, n);
    if (v->online)
        printf("%5" PRIu32 "   %c%c-", v->cpu, v->running ? 'r' : '-', v->blocked ? 'b' : '-');
    else
        printf("%5s   --p", "-");
    printf(" %9.1f  %s / %s\n", (double)v->cpu_time / 1e9, hard, soft);
}

static void print_domain(struct command *c, const domain_info *info, unsigned cpus, struct json *j)
{
    char *name = c->xs ? store_domain_name(c->xs, info->domain) : NULL;
    unsigned vcpus = info->max_vcpu_id == XEN_INVALID_MAX_VCPU_ID ? 0 : info->max_vcpu_id + 1;
    if (j) {
        json_object_begin(j, NULL);
        json_unsigned(j, "domid", info->domain);
        json_text(j, "name", name);
        json_array_begin(j, "vcpus");
    }
    for (unsigned i = 0; i < vcpus; i++) {
        struct domain_vcpu vcpu;
        struct cpu_set hard = {0}, soft = {0};
        char hard_text[256], soft_text[256];
        if (domain_get_vcpu(c->hv, info->domain, i, &vcpu) || domain_get_affinity(c->hv, info->domain, i, &hard, &soft))
            continue; /* no such vCPU, or the domain ended meanwhile */
        format_set(&hard, cpus, hard_text, sizeof(hard_text));
        format_set(&soft, cpus, soft_text, sizeof(soft_text));
        if (j)
            print_json_vcpu(j, i, &vcpu, hard_text, soft_text);
        else
            print_vcpu(name, info->domain, i, &vcpu, hard_text, soft_text);
    }
    if (j) {
        json_array_end(j);
        json_object_end(j);
    }
    free(name);
}

int cmd_vcpu_list(struct command *c, int argc, char **argv)
{
    domain_info *list = NULL;
    struct json j;
    if (!command_hypervisor(c))
        return COMMAND_FAILED;
    c->xs = store_open(); /* no names without it */
    int n = argc > 1 ? argc - 1 : domain_list(c->hv, &list);
    if (argc > 1)
        list = calloc((size_t)n, sizeof(*list));
    if (n < 0 || !list)
        return command_error("listing the domains");
    for (int i = 1; i < argc; i++)
        if (command_find_domain_info(c, argv[i], &list[i - 1]) < 0)
            n = 0;
    unsigned cpus = n ? host_cpus(c) : 0;
    if (cpus && c->json) {
        json_init(&j, stdout, false);
        json_array_begin(&j, NULL);
    } else if (cpus) {
        printf("%-32s %5s %5s %5s %5s %9s %s\n", "Name", "ID", "VCPU", "CPU", "State", "Time(s)",
               "Affinity (Hard / Soft)");
    }
    for (int i = 0; cpus && i < n; i++)
        print_domain(c, &list[i], cpus, c->json ? &j : NULL);
    if (cpus && c->json)
        json_array_end(&j);
    free(list);
    return cpus ? COMMAND_OK : COMMAND_FAILED;
}

/* "-" leaves it alone (*given stays false). False after a message. */
static bool parse_affinity(const char *text, unsigned cpus, struct cpu_set *set, bool *given)
{
    if (!strcmp(text, "-"))
        return true;
    const char *wrong = cpu_set_parse(text, set);
    if (wrong) {
        command_fail("CPUs '%s': %s", text, wrong);
        return false;
    }
    for (unsigned cpu = 0; cpu < cpus; cpu++)
        *given |= cpu_set_has(set, cpu);
    if (!*given)
        command_fail("CPUs '%s': this machine has none of them, only 0 to %u", text, cpus - 1);
    return *given;
}

static int pin(struct command *c, const domain_info *info, char **args, bool force)
{
    struct cpu_set hard = {0}, soft = {0};
    bool set_hard = false, set_soft = false, every = !strcmp(args[1], "all");
    unsigned cpus = host_cpus(c), vcpus = info->max_vcpu_id == XEN_INVALID_MAX_VCPU_ID ? 0 : info->max_vcpu_id + 1;
    uint64_t vcpu = 0;
    if (!every && (!command_parse_number(args[1], 0, UINT32_MAX, &vcpu) || vcpu >= vcpus))
        return command_fail("domain %s has no vCPU '%s', but 0 to %u", args[0], args[1], vcpus - 1);
    if (!cpus || !parse_affinity(args[2], cpus, &hard, &set_hard) ||
        (args[3] && !parse_affinity(args[3], cpus, &soft, &set_soft)))
        return COMMAND_FAILED;
    if (!set_hard && !set_soft)
        return COMMAND_OK;
    for (unsigned i = every ? 0 : (unsigned)vcpu; i < vcpus && (every || i == vcpu); i++) {
        struct cpu_set h = hard, s = soft;
        if (domain_set_affinity(c->hv, info->domain, i, set_hard ? &h : NULL, set_soft ? &s : NULL, force))
            return command_error("setting the affinity of vCPU %u of domain %s", i, args[0]);
    }
    return COMMAND_OK;
}

int cmd_vcpu_pin(struct command *c, int argc, char **argv)
{
    static const struct option options[] = {{"force", no_argument, NULL, 'f'},
                                            {"ignore-global-affinity-masks", no_argument, NULL, 'g'},
                                            {NULL, 0, NULL, 0}};
    bool force = false;
    domain_info info;
    int option;
    while ((option = getopt_long(argc, argv, "f", options, NULL)) != -1) {
        if (option == '?')
            return command_usage(c);
        force |= option == 'f';
    }
    if (argc - optind < 3 || argc - optind > 4)
        return command_usage(c);
    if (command_find_domain_info(c, argv[optind], &info) < 0)
        return COMMAND_FAILED;
    return pin(c, &info, argv + optind, force);
}

/* All availability nodes in one transaction, so that the guest never sees half of it. */
static bool write_availability(struct xs_handle *xs, unsigned id, unsigned vcpus, uint64_t online)
{
    for (;;) {
        xs_transaction_t t = xs_transaction_start(xs);
        bool good = t != XBT_NULL;
        for (unsigned i = 0; good && i < vcpus; i++) {
            char path[64];
            const char *want = i < online ? "online" : "offline";
            snprintf(path, sizeof(path), "/local/domain/%u/cpu/%u/availability", id, i);
            char *have = store_read(xs, t, "%s", path);
            if (!have || strcmp(have, want))
                good = store_write(xs, t, path, want);
            free(have);
        }
        if (!t || (!good && (xs_transaction_end(xs, t, true), true)))
            return false;
        if (xs_transaction_end(xs, t, false))
            return true;
        if (errno != EAGAIN)
            return false;
    }
}

int cmd_vcpu_set(struct command *c, int argc, char **argv)
{
    static const struct option options[] = {{"ignore-host", no_argument, NULL, 'i'}, {NULL, 0, NULL, 0}};
    bool ignore_host = false;
    uint64_t want;
    domain_info info;
    int option;
    while ((option = getopt_long(argc, argv, "i", options, NULL)) != -1) {
        if (option == '?')
            return command_usage(c);
        ignore_host = true;
    }
    if (argc - optind != 2)
        return command_usage(c);
    const char *who = argv[optind], *count = argv[optind + 1];
    if (!command_parse_number(count, 1, UINT32_MAX, &want))
        return command_fail("'%s' is no number of vCPUs, 1 or more", count);
    if (command_find_domain_info(c, who, &info) < 0 || !command_store(c))
        return COMMAND_FAILED;
    unsigned cpus = host_cpus(c), vcpus = info.max_vcpu_id == XEN_INVALID_MAX_VCPU_ID ? 0 : info.max_vcpu_id + 1;
    if (!cpus)
        return COMMAND_FAILED;
    if (want > vcpus)
        return command_fail("domain %s has at most %u vCPUs (maxvcpus in its configuration)", who, vcpus);
    if (want > cpus && !ignore_host)
        return command_fail("%s vCPUs are more than the %u CPUs of this machine (--ignore-host allows it)", count,
                            cpus);
    if (!write_availability(c->xs, info.domain, vcpus, want))
        return command_error("writing the availability of vCPUs of domain %s to the store", who);
    return COMMAND_OK;
}
