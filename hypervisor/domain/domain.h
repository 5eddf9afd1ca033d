/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain: its identity, memory, vCPUs and the parts that hang on it. Plain state; each field group says who owns it.
 *
 * Life: created (lifecycle/create.c) -> running / paused -> shutting down (the guest or a fault ended it; it still
 * exists, paused) -> dying (destroy takes its memory, resumable) -> dead: no longer to be found by its id, but on the
 * list, for all to see, while others still map frames of its -> off the list -> freed with the last reference.
 * References: domain_get_by_id and domain_put. The list of domains holds one.
 */
#ifndef HAVEN_DOMAIN_DOMAIN_H
#define HAVEN_DOMAIN_DOMAIN_H

#include "cpu/cpu_local.h"
#include "domain/guest_ops.h"
#include "lib/bits.h"
#include "lib/list.h"
#include "lib/rangeset.h"
#include "lib/spinlock.h"
#include "lib/types.h"
#include "mm/frame.h"
#include "platform/virtual_ports.h"
#include "time/timer.h"
#include <xen/xen.h>

#define DOMAIN_VCPUS_MAX 64
#define DOMAIN_PIRQS_MAX 512
#define DOMAIN_WATCHDOGS 2

struct vcpu;
struct event_table;
struct grant_table;
struct pirq_table;
struct pv_domain;
struct sched_domain;

enum domain_dying { DOMAIN_ALIVE, DOMAIN_DYING, DOMAIN_DEAD };

struct domain {
    domid_t id;
    bool privileged;             /* dom0: may control others, owns the devices */
    const struct guest_ops *ops; /* constant */
    struct list link;            /* on the list of domains; guarded by its lock */
    uint32_t refs;               /* atomic */
    xen_domain_handle_t handle;  /* UUID; lock */
    struct spinlock lock;        /* LOCK_LEVEL_DOMAIN: life cycle fields and vCPU creation */

    /* life cycle; lock */
    uint8_t dying;             /* enum domain_dying */
    bool shut_down;            /* begun: its vCPUs stop */
    bool shut_down_told;       /* all have stopped, and dom0 has been told; atomic */
    uint32_t shutdown_code;    /* SHUTDOWN_*; ~0 while running */
    uint32_t pause_count;      /* by control operations; atomic */
    uint8_t paused_by_control; /* of pause_count: by DOMCTL_pausedomain */
    uint64_t created;          /* system time */
    unsigned int parts_left;   /* dying: of lifecycle/parts.c, those that still have something to give up */
    struct domain *next_freed; /* lifecycle/destroy.c */

    /* vCPUs: the array is fixed at creation, entries appear once and stay until the domain is freed */
    unsigned int max_vcpus;
    struct vcpu *vcpu[DOMAIN_VCPUS_MAX];
    cpumask_t dirty_cpus; /* CPUs that may hold TLB entries of this domain; atomic, set at switch_to */

    /* memory: lifecycle/reservation.c */
    struct spinlock pages_lock; /* LOCK_LEVEL_PAGES: pages, tot_pages, outstanding */
    struct frame_list pages;
    uint64_t tot_pages; /* frames that count: state domain */
    uint64_t max_pages;
    uint64_t relinquish_left;     /* dying: frames on the list that it has not given up; ~0: not begun */
    uint64_t outstanding_pages;   /* claimed, not yet allocated */
    uint64_t maximum_reservation; /* what XENMEM_maximum_reservation answers; ~0: no limit said */
    struct memory_map_pv {
        unsigned int count;
        struct {
            uint64_t start, size;
            uint32_t type;
        } region[32];
    } memory_map; /* XENMEM_set_memory_map */

    /* pages shared with the guest; constant after creation */
    shared_info_t *shared_info;
    mfn_t shared_info_mfn;

    /* parts; each file that owns one defines the struct */
    struct event_table *events; /* event/channel.c */
    struct grant_table *grants; /* grant/table.c */
    struct pirq_table *pirqs;   /* event/pirq.c */
    struct pv_domain *pv;       /* guest/pv/ */
    struct sched_domain *sched; /* sched/ */

    /* page tables and page types of this domain's frames; LOCK_LEVEL_PAGE_TABLE. Guards every write to an entry of a
     * table that this domain owns, and every promotion and demotion of its frames. */
    struct spinlock page_table_lock;
    uint64_t type_relinquish_next; /* dying: first frame whose type has not been looked at (guest/pv/page_type.c) */

    /* rights on the machine: dom0 and passthrough; lock */
    struct rangeset iomem_allowed; /* frame numbers */
    struct rangeset ports_allowed; /* I/O ports */
    struct rangeset irqs_allowed;
    struct port_state ports; /* index registers of emulated ports; by its vCPUs, unlocked as in hardware */

    /* assists and times */
    uint64_t vm_assist; /* bits VMASST_TYPE_*; by the guest itself; atomic */
    int64_t time_offset_seconds;
    uint32_t tsc_mode, tsc_incarnation; /* as the toolstack set them: kept for migration */
    struct cpu_policy *cpu_policy;      /* guest/pv/cpu_policy.c; NULL: what the host offers to all */
    struct domain_watchdog {            /* SCHEDOP_watchdog; lock */
        struct timer timer;
        bool in_use;
    } watchdog[DOMAIN_WATCHDOGS];
};

extern struct domain *domain0;
extern struct domain idle_domain; /* owner of the idle vCPUs: no memory, never on the list */

/* Looks up a domain and takes a reference; DOMID_SELF is the current one. NULL: none, or dead. */
struct domain *domain_get_by_id(domid_t id);
/* The domain that an operation of 'caller' names: only a privileged caller may name another than itself. -ESRCH,
 * -EPERM. */
int domain_get_operand(struct domain *caller, domid_t id, struct domain **d);
void domain_get(struct domain *d);
void domain_put(struct domain *d); /* the last one frees: domain_freed hook of lifecycle */
extern void (*domain_freed)(struct domain *d);

/* List of domains, sorted by id. */
int domain_list_add(struct domain *d);        /* -EEXIST */
void domain_list_remove(struct domain *d);    /* harmless if it is off the list already; the caller holds a reference */
struct domain *domain_next(domid_t at_least); /* first with id >= at_least, referenced; NULL at the end */

/* Pauses all vCPUs: _sync returns when none runs any more. */
void domain_pause(struct domain *d);
void domain_pause_sync(struct domain *d);
void domain_unpause(struct domain *d);

/*
 * The guest ended itself, or a fault did: all vCPUs stop, code is kept, dom0 hears VIRQ_DOM_EXC once they have; a dom0
 * that shuts down takes the machine along (hook domain0_shut_down).
 */
void domain_shutdown(struct domain *d, uint32_t code);
void domain_shutdown_settle(struct domain *d); /* a vCPU that shuts down has left its CPU: the last one tells dom0 */
void domain_resume(struct domain *d);          /* as if it had not shut down; not the current one */
extern void (*domain0_shut_down)(uint32_t code);
/* Set by event/: raises a global virtual interrupt in dom0. */
extern void (*domain_send_global_virq)(uint32_t virq);

/* Kills the current domain for an error that leaves it no way on: logs why and its registers, SHUTDOWN_crash. Returns.
 */
void domain_crash(struct domain *d, const char *why);

static inline bool domain_is_dom0(const struct domain *d)
{
    return d == domain0;
}

#endif
