/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvctl sched [-d DOMAIN [-w WEIGHT] [-c CAP]]: shares of the CPUs; also under the name xl gives it, sched-credit2. */
#include "hvctl/command.h"
#include "libhv/store.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct request {
    const char *domain;
    uint64_t weight, cap;
    bool set_weight, set_cap, parameters;
};

static bool parse_options(int argc, char **argv, struct request *r)
{
    static const struct option options[] = {{"domain", required_argument, NULL, 'd'},
                                            {"weight", required_argument, NULL, 'w'},
                                            {"cap", required_argument, NULL, 'c'},
                                            {"schedparam", no_argument, NULL, 's'},
                                            {NULL, 0, NULL, 0}};
    int option;
    while ((option = getopt_long(argc, argv, "d:w:c:s", options, NULL)) != -1) {
        switch (option) {
        case 'd':
            r->domain = optarg;
            break;
        case 'w':
            r->set_weight = true;
            if (!command_parse_number(optarg, 1, UINT16_MAX, &r->weight))
                return command_fail("weight '%s': 1 to 65535 are possible, 256 is usual", optarg), false;
            break;
        case 'c':
            r->set_cap = true;
            if (!command_parse_number(optarg, 0, UINT16_MAX, &r->cap))
                return command_fail("cap '%s': percent of one CPU, 0 for none", optarg), false;
            break;
        case 's':
            r->parameters = true;
            break;
        default:
            return false;
        }
    }
    return optind == argc && (r->domain || (!r->set_weight && !r->set_cap));
}

/* What the scheduler does for all domains; a hypervisor need not tell. */
static void print_pool(struct command *c, struct json *j)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_scheduler_op};
    op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
    op.u.scheduler_op.cmd = XEN_SYSCTL_SCHEDOP_getinfo;
    bool known = hypervisor_sysctl(c->hv, &op) >= 0;
    unsigned ratelimit = known ? op.u.scheduler_op.u.sched_credit2.ratelimit_us : 0;
    if (j)
        json_unsigned(j, "ratelimit_us", ratelimit);
    else if (known)
        printf("Cpupool Pool-0: ratelimit=%uus\n", ratelimit);
    else
        puts("Cpupool Pool-0:");
}

static int print_domain(struct command *c, unsigned id, struct json *j)
{
    struct domain_sched params;
    if (domain_get_sched(c->hv, id, &params))
        return errno == ESRCH ? 0 : -1; /* it ended meanwhile */
    char *name = c->xs ? store_domain_name(c->xs, id) : NULL;
    if (j) {
        json_object_begin(j, NULL);
        json_unsigned(j, "domid", id);
        json_text(j, "name", name);
        json_unsigned(j, "weight", params.weight);
        json_unsigned(j, "cap", params.cap);
        json_object_end(j);
    } else {
        printf("%-33s %4u %6u %4u\n", name ? name : "(null)", id, params.weight, params.cap);
    }
    free(name);
    return 0;
}

static int show(struct command *c, const struct request *r, int only)
{
    domain_info *list = NULL;
    struct json j;
    int n = only < 0 && !r->parameters ? domain_list(c->hv, &list) : 0, status = 0;
    if (n < 0)
        return command_error("listing the domains");
    if (c->json) {
        json_init(&j, stdout, false);
        json_object_begin(&j, NULL);
        json_text(&j, "scheduler", "credit2");
    }
    if (only < 0)
        print_pool(c, c->json ? &j : NULL);
    if (c->json)
        json_array_begin(&j, "domains");
    else if (!r->parameters)
        printf("%-33s %4s %6s %4s\n", "Name", "ID", "Weight", "Cap");
    if (only >= 0)
        status = print_domain(c, (unsigned)only, c->json ? &j : NULL);
    for (int i = 0; i < n && !status; i++)
        status = print_domain(c, list[i].domain, c->json ? &j : NULL);
    if (status)
        command_error("asking for scheduling parameters");
    if (c->json) {
        json_array_end(&j);
        json_object_end(&j);
    }
    free(list);
    return status ? COMMAND_FAILED : COMMAND_OK;
}

static int change(struct command *c, const struct request *r, unsigned id)
{
    struct domain_sched params;
    if (domain_get_sched(c->hv, id, &params))
        return command_error("asking for the scheduling parameters of domain %s", r->domain);
    if (r->set_weight)
        params.weight = (uint16_t)r->weight;
    if (r->set_cap)
        params.cap = (uint16_t)r->cap;
    if (domain_set_sched(c->hv, id, &params))
        return command_error("setting the scheduling parameters of domain %s", r->domain);
    return COMMAND_OK;
}

int cmd_sched(struct command *c, int argc, char **argv)
{
    struct request r = {0};
    int id = -1;
    if (!parse_options(argc, argv, &r))
        return command_usage(c);
    if (!command_hypervisor(c))
        return COMMAND_FAILED;
    c->xs = store_open(); /* no names without it */
    if (r.domain && (id = command_find_domain(c, r.domain)) < 0)
        return COMMAND_FAILED;
    return r.set_weight || r.set_cap ? change(c, &r, (unsigned)id) : show(c, &r, id);
}
