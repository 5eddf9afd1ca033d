/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See domain.h. */
#include "libhv/domain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xen/sched.h>

#define LIST_BATCH 256u

/* One piece of the list, from the domain with id first on. Returns the number of domains in it, or -1. */
static int list_batch(struct hypervisor *hv, unsigned first, domain_info *buffer, unsigned n)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_getdomaininfolist};
    op.u.getdomaininfolist.first_domain = (domid_t)first;
    op.u.getdomaininfolist.max_domains = n;
    set_xen_guest_handle(op.u.getdomaininfolist.buffer, buffer);
    if (hypervisor_sysctl(hv, &op) < 0)
        return -1;
    return (int)op.u.getdomaininfolist.num_domains;
}

int domain_list(struct hypervisor *hv, domain_info **list)
{
    domain_info *buffer = hypervisor_buffer_alloc(hv, LIST_BATCH * sizeof(*buffer));
    domain_info *all = NULL;
    int count = 0, n;
    if (!buffer)
        return -1;
    do {
        unsigned first = count ? all[count - 1].domain + 1u : 0;
        n = list_batch(hv, first, buffer, LIST_BATCH);
        domain_info *more = n < 0 ? NULL : realloc(all, (size_t)(count + n + 1) * sizeof(*all));
        if (!more) {
            free(all);
            all = NULL;
            count = -1;
            break;
        }
        all = more;
        memcpy(all + count, buffer, (size_t)n * sizeof(*all));
        count += n;
    } while (n == (int)LIST_BATCH);
    hypervisor_buffer_free(hv, buffer);
    *list = all;
    return count;
}

int domain_get_info(struct hypervisor *hv, unsigned id, domain_info *info)
{
    domain_info *buffer = hypervisor_buffer_alloc(hv, sizeof(*buffer));
    if (!buffer)
        return -1;
    int n = id < DOMAIN_ID_END ? list_batch(hv, id, buffer, 1) : 0;
    *info = *buffer;
    hypervisor_buffer_free(hv, buffer);
    if (n == 1 && info->domain == id)
        return 0;
    if (n >= 0)
        errno = ESRCH;
    return -1;
}

int domain_shutdown_code(const domain_info *info)
{
    if (!(info->flags & XEN_DOMINF_shutdown))
        return -1;
    return (int)(info->flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask);
}

const char *domain_shutdown_name(int code)
{
    static const char *const names[] = {
        [SHUTDOWN_poweroff] = "poweroff", [SHUTDOWN_reboot] = "reboot",     [SHUTDOWN_suspend] = "suspend",
        [SHUTDOWN_crash] = "crash",       [SHUTDOWN_watchdog] = "watchdog", [SHUTDOWN_soft_reset] = "soft-reset",
    };
    return code >= 0 && code < (int)(sizeof(names) / sizeof(names[0])) ? names[code] : "unknown";
}

void domain_format_uuid(const uint8_t uuid[16], char text[DOMAIN_UUID_SIZE])
{
    for (unsigned i = 0; i < 16; i++) {
        bool dash = i == 4 || i == 6 || i == 8 || i == 10;
        text += sprintf(text, dash ? "-%02x" : "%02x", uuid[i]);
    }
}

static int simple(struct hypervisor *hv, unsigned cmd, unsigned id)
{
    struct xen_domctl op = {.cmd = cmd, .domain = (domid_t)id};
    return hypervisor_domctl(hv, &op) < 0 ? -1 : 0;
}

int domain_pause(struct hypervisor *hv, unsigned id)
{
    return simple(hv, XEN_DOMCTL_pausedomain, id);
}

int domain_unpause(struct hypervisor *hv, unsigned id)
{
    return simple(hv, XEN_DOMCTL_unpausedomain, id);
}

int domain_destroy(struct hypervisor *hv, unsigned id)
{
    return simple(hv, XEN_DOMCTL_destroydomain, id);
}

int domain_set_max_memory(struct hypervisor *hv, unsigned id, uint64_t kib)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_max_mem, .domain = (domid_t)id, .u.max_mem.max_memkb = kib};
    return hypervisor_domctl(hv, &op) < 0 ? -1 : 0;
}

int domain_send_trigger(struct hypervisor *hv, unsigned id, unsigned trigger, unsigned vcpu)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_sendtrigger, .domain = (domid_t)id, .u.sendtrigger = {.trigger = trigger, .vcpu = vcpu}};
    return hypervisor_domctl(hv, &op) < 0 ? -1 : 0;
}

int domain_get_vcpu(struct hypervisor *hv, unsigned id, unsigned vcpu, struct domain_vcpu *info)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_getvcpuinfo, .domain = (domid_t)id, .u.getvcpuinfo.vcpu = vcpu};
    if (hypervisor_domctl(hv, &op) < 0)
        return -1;
    const struct xen_domctl_getvcpuinfo *v = &op.u.getvcpuinfo;
    *info = (struct domain_vcpu){v->online, v->blocked, v->running, v->cpu, v->cpu_time};
    return 0;
}

/* Both maps in one buffer of locked memory, filled from and copied back to the sets that are given. */
static int affinity(struct hypervisor *hv, unsigned cmd, unsigned id, unsigned vcpu, struct cpu_set *hard,
                    struct cpu_set *soft, unsigned extra_flags)
{
    struct cpu_set *maps = hypervisor_buffer_alloc(hv, 2 * sizeof(*maps));
    if (!maps)
        return -1;
    struct xen_domctl op = {.cmd = cmd, .domain = (domid_t)id};
    struct xen_domctl_vcpuaffinity *a = &op.u.vcpuaffinity;
    a->vcpu = vcpu;
    a->flags = (hard ? XEN_VCPUAFFINITY_HARD : 0) | (soft ? XEN_VCPUAFFINITY_SOFT : 0) | extra_flags;
    if (hard) {
        maps[0] = *hard;
        set_xen_guest_handle(a->cpumap_hard.bitmap, (uint8_t *)maps[0].word);
        a->cpumap_hard.nr_bits = CPU_SET_CPUS;
    }
    if (soft) {
        maps[1] = *soft;
        set_xen_guest_handle(a->cpumap_soft.bitmap, (uint8_t *)maps[1].word);
        a->cpumap_soft.nr_bits = CPU_SET_CPUS;
    }
    int r = hypervisor_domctl(hv, &op) < 0 ? -1 : 0;
    if (!r && hard)
        *hard = maps[0];
    if (!r && soft)
        *soft = maps[1];
    hypervisor_buffer_free(hv, maps);
    return r;
}

int domain_get_affinity(struct hypervisor *hv, unsigned id, unsigned vcpu, struct cpu_set *hard, struct cpu_set *soft)
{
    return affinity(hv, XEN_DOMCTL_getvcpuaffinity, id, vcpu, hard, soft, 0);
}

int domain_set_affinity(struct hypervisor *hv, unsigned id, unsigned vcpu, struct cpu_set *hard, struct cpu_set *soft,
                        bool force)
{
    return affinity(hv, XEN_DOMCTL_setvcpuaffinity, id, vcpu, hard, soft, force ? XEN_VCPUAFFINITY_FORCE : 0);
}

static int sched_op(struct hypervisor *hv, unsigned id, unsigned cmd, struct domain_sched *params)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_scheduler_op, .domain = (domid_t)id};
    op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
    op.u.scheduler_op.cmd = cmd;
    op.u.scheduler_op.u.credit2.weight = params->weight;
    op.u.scheduler_op.u.credit2.cap = params->cap;
    if (hypervisor_domctl(hv, &op) < 0)
        return -1;
    *params = (struct domain_sched){op.u.scheduler_op.u.credit2.weight, op.u.scheduler_op.u.credit2.cap};
    return 0;
}

int domain_get_sched(struct hypervisor *hv, unsigned id, struct domain_sched *params)
{
    *params = (struct domain_sched){0};
    return sched_op(hv, id, XEN_DOMCTL_SCHEDOP_getinfo, params);
}

int domain_set_sched(struct hypervisor *hv, unsigned id, const struct domain_sched *params)
{
    struct domain_sched copy = *params;
    return sched_op(hv, id, XEN_DOMCTL_SCHEDOP_putinfo, &copy);
}
