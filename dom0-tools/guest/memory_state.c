/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See memory_state.h. */
#include "guest/memory_state.h"
#include "guest/store_layout.h"
#include "libhv/domain.h"
#include "libhv/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xen/version.h>

#define KIB_PER_PAGE     4u
#define DOM0_FLOOR_KIB   (128u << 10)
#define DOM0_RESERVE_KIB (64u << 10)

uint64_t memory_state_node(struct xs_handle *xs, xs_transaction_t t, unsigned domid, const char *node,
                           uint64_t otherwise)
{
    uint64_t kib;

    return store_read_number(xs, t, &kib, STORE_GUEST "/memory/%s", domid, node) ? kib : otherwise;
}

/* 0: cannot be told. */
static uint64_t dom0_available_kib(void)
{
    char line[128];
    unsigned long long kib = 0;
    FILE *f = fopen("/proc/meminfo", "re");

    while (f && fgets(line, sizeof(line), f))
        if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
            break;
    if (f)
        fclose(f);
    return kib;
}

static uint64_t dom0_floor(uint64_t current)
{
    uint64_t reserve = current / 8 > DOM0_RESERVE_KIB ? current / 8 : DOM0_RESERVE_KIB;
    uint64_t available = dom0_available_kib();
    uint64_t spare = available > reserve ? available - reserve : 0;
    uint64_t floor = spare < current ? current - spare : 0;

    return floor > DOM0_FLOOR_KIB ? floor : DOM0_FLOOR_KIB;
}

static void read_domain(struct xs_handle *xs, const domain_info *info, struct memory_domain *d)
{
    uint64_t current = info->tot_pages * KIB_PER_PAGE;
    uint64_t limit = info->max_pages > UINT64_MAX / KIB_PER_PAGE ? current : info->max_pages * KIB_PER_PAGE;
    char *name = store_domain_name(xs, info->domain);

    *d = (struct memory_domain){.id = info->domain, .current = current};
    snprintf(d->name, sizeof(d->name), "%s", name ? name : info->domain ? "?" : "Domain-0");
    free(name);
    d->target = memory_state_node(xs, XBT_NULL, d->id, "target", current);
    d->max = memory_state_node(xs, XBT_NULL, d->id, "static-max", limit);
    d->has_min = store_read_number(xs, XBT_NULL, &d->min, STORE_OURS "/memory_min", d->id);
    if (d->id == 0 && !d->has_min) {
        d->min = dom0_floor(current);
        d->has_min = true;
    }
}

int memory_state_read(struct hypervisor *hv, struct xs_handle *xs, struct memory_state *state, struct failure *failure)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_physinfo};
    const struct xen_sysctl_physinfo *p = &op.u.physinfo;
    domain_info *list = NULL;

    *state = (struct memory_state){.domains = 0};
    int count = domain_list(hv, &list);
    if (count < 0 || hypervisor_sysctl(hv, &op) < 0) {
        free(list);
        return failure_errno(failure, "asking the hypervisor for its memory");
    }
    state->host.total = p->total_pages * KIB_PER_PAGE;
    state->host.claimed = p->outstanding_pages * KIB_PER_PAGE;
    if (p->free_pages > p->outstanding_pages)
        state->host.free = (p->free_pages - p->outstanding_pages) * KIB_PER_PAGE;
    state->domain = calloc((size_t)count + 1, sizeof(*state->domain));
    for (int i = 0; state->domain && i < count; i++) {
        if (list[i].flags & XEN_DOMINF_dying)
            state->host.ending += list[i].tot_pages * KIB_PER_PAGE;
        else
            read_domain(xs, &list[i], &state->domain[state->domains++]);
    }
    free(list);
    return state->domain ? 0 : failure_errno(failure, "memory for the list of domains");
}

enum memory_from memory_state_resolve(struct hypervisor *hv, enum memory_from from)
{
    xen_commandline_t line = "";

    if (from != MEMORY_FROM_AUTO)
        return from;
    if (hypervisor_version(hv, XENVER_commandline, line, sizeof(line)) < 0)
        return MEMORY_FROM_FREE;
    line[sizeof(line) - 1] = 0;
    return memory_from_resolve(from, line);
}
