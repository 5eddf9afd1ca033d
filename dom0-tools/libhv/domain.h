/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Typed calls on one domain (domctl) and on all (sysctl getdomaininfolist). Each returns 0 or -1 with errno: ESRCH says
 * that there is no such domain. Nothing is cached: two calls may see two states.
 */
#ifndef HAVEN_LIBHV_DOMAIN_H
#define HAVEN_LIBHV_DOMAIN_H

#include "config/cpu_set.h"
#include "libhv/hypervisor.h"

/* The last id of an ordinary domain plus one; above are reserved ids (DOMID_SELF ...). */
#define DOMAIN_ID_END DOMID_FIRST_RESERVED

typedef struct xen_domctl_getdomaininfo domain_info;

/* All domains by rising id, dying ones as well. *list is malloc'ed. Returns their number, or -1. */
int domain_list(struct hypervisor *hv, domain_info **list);
int domain_get_info(struct hypervisor *hv, unsigned id, domain_info *info);

/* Why a domain is shut down (SHUTDOWN_*, public/sched.h); -1 if it is not. */
int domain_shutdown_code(const domain_info *info);
/* "poweroff", "reboot", "suspend", "crash", "watchdog", "soft-reset", or "unknown". */
const char *domain_shutdown_name(int code);

#define DOMAIN_UUID_SIZE 37
/* 8-4-4-4-12 hexadecimal digits, as the store and the tools write it. */
void domain_format_uuid(const uint8_t uuid[16], char text[DOMAIN_UUID_SIZE]);

int domain_pause(struct hypervisor *hv, unsigned id);
int domain_unpause(struct hypervisor *hv, unsigned id);
/* One round of destroying: -1 with EAGAIN or EBUSY means call again. */
int domain_destroy(struct hypervisor *hv, unsigned id);
int domain_set_max_memory(struct hypervisor *hv, unsigned id, uint64_t kib);

/* trigger: XEN_DOMCTL_SENDTRIGGER_*. */
int domain_send_trigger(struct hypervisor *hv, unsigned id, unsigned trigger, unsigned vcpu);

struct domain_vcpu {
    bool online, blocked, running;
    uint32_t cpu;
    uint64_t cpu_time; /* ns */
};
int domain_get_vcpu(struct hypervisor *hv, unsigned id, unsigned vcpu, struct domain_vcpu *info);

/* hard or soft may be NULL to leave that one alone. */
int domain_get_affinity(struct hypervisor *hv, unsigned id, unsigned vcpu, struct cpu_set *hard, struct cpu_set *soft);
/* force: also a vCPU that its kernel pinned. *hard and *soft come back as they are in effect. */
int domain_set_affinity(struct hypervisor *hv, unsigned id, unsigned vcpu, struct cpu_set *hard, struct cpu_set *soft,
                        bool force);

struct domain_sched {
    uint16_t weight;
    uint16_t cap; /* percent of one CPU; 0: none */
};
/* The parameters of the credit2 scheduler; EINVAL if the hypervisor runs another one. */
int domain_get_sched(struct hypervisor *hv, unsigned id, struct domain_sched *params);
int domain_set_sched(struct hypervisor *hv, unsigned id, const struct domain_sched *params);

#endif
