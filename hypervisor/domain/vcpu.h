/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtual CPU. Registers are in 'regs' while it does not run, in cpu_local.guest while it does.
 *
 * It is runnable when pause_flags and pause_count are both 0. Scheduling state is guarded by the run-queue lock of
 * 'processor'; the PV state belongs to the vCPU itself (changed by its own hypercalls, or by others only while it is
 * paused and off its CPU).
 */
#ifndef HAVEN_DOMAIN_VCPU_H
#define HAVEN_DOMAIN_VCPU_H

#include "cpu/cpu_local.h"
#include "cpu/desc.h"
#include "cpu/fpu.h"
#include "cpu/regs.h"
#include "domain/domain.h"
#include "lib/compiler.h"
#include "lib/types.h"
#include "mm/frame.h"
#include "time/timer.h"
#include <xen/callback.h>
#include <xen/vcpu.h>
#include <xen/xen.h>

enum vcpu_pause_flag {
    VCPU_DOWN = 1,       /* not brought up (VCPUOP_up) */
    VCPU_BLOCKED = 2,    /* waits for an event */
    VCPU_POLLING = 4,    /* waits in SCHEDOP_poll (together with BLOCKED) */
    VCPU_SHUT_DOWN = 8,  /* the domain shut down */
    VCPU_MIGRATING = 16, /* between CPUs */
};

struct pv_trap {
    uint64_t address; /* 0: none */
    uint16_t cs;
    uint8_t flags; /* bits 0..1 DPL, bit 2 masks events: TI_* */
};

struct pv_callback {
    uint64_t address; /* 0: none */
    bool masks;       /* CALLBACKF_mask_events; events themselves always are */
};

/* A GDT or LDT: typed references are held on as many frames as its descriptors fill. */
struct pv_segment_table {
    uint16_t entries; /* 0: none */
    mfn_t frame[16];  /* at most GDT_GUEST_PAGES of them for a GDT */
};

/* What a PV vCPU tells the hypervisor about its kernel. Only guest/pv/ (and entry.S by offsets) touches it. */
struct pv_vcpu {
    bool kernel_mode; /* which of the two address spaces is live */
    uint8_t iopl;     /* virtual, 0..3 (PHYSDEVOP_set_iopl) */
    uint64_t kernel_sp, kernel_ss;
    struct pv_callback callback[CALLBACKTYPE_syscall32 + 1]; /* by type; that for NMIs is trap[VECTOR_NMI] */
    mfn_t kernel_table, user_table; /* top-level tables; references held; user_table may be MFN_INVALID */
    struct pv_trap trap[256];

    uint16_t ds, es, fs, gs;                        /* selectors while not running */
    uint64_t fs_base, gs_base_kernel, gs_base_user; /* while not running; see guest/pv/context.c */

    struct pv_segment_table gdt, ldt;
    uint64_t ldt_base; /* guest address */

    mfn_t unfinished_table;   /* a table whose demotion goes on at this vCPU's next change of tables; n 0: none */
    domid_t unfinished_owner; /* (guest/pv/pt_update.c) */

    uint64_t cr0_guest; /* TS as the guest sees it, rest fixed */
    uint64_t cr4_guest;
    uint64_t dr[8];     /* 0-3, 6, 7 */
    uint64_t io_bitmap; /* guest address, 0 none */
    uint32_t io_bitmap_ports;
    uint32_t tsc_aux;
    uint64_t cr2;
    bool nmi_pending, in_nmi;
    bool failsafe_pending; /* a segment could not be loaded in switch_to: failsafe callback on the way out */
};

struct vcpu {
    int id;
    struct domain *domain;
    struct vcpu_info *info; /* where the guest put it (register_vcpu_info) or in shared_info; hypervisor address */
    struct cpu_regs regs;
    bool is_idle;
    bool initialised; /* has had a context */

    /* scheduling */
    uint32_t processor;   /* CPU it runs or last ran on */
    bool running;         /* on its CPU now: set and cleared in the context switch */
    uint32_t in_transit;  /* CPUs that still work on it after it left, or carry it to their queue; atomic */
    uint32_t pause_flags; /* VCPU_*; atomic */
    uint32_t pause_count; /* atomic */
    cpumask_t hard_affinity, soft_affinity;
    struct sched_unit *sched;      /* sched/policy.c */
    vcpu_runstate_info_t runstate; /* run-queue lock */
    uint64_t runstate_guest;       /* guest address of its copy, 0 none */
    unsigned int poll_port;        /* with VCPU_POLLING: the one port, or 0 for several */
    uint64_t switches;             /* diagnosis: times it got a CPU */

    /* time */
    struct timer singleshot_timer, periodic_timer, poll_timer;
    uint64_t periodic_period, periodic_last; /* ns; lifecycle/vcpu_timer.c */
    uint32_t time_version;

    mfn_t info_mfn; /* frame of a registered vcpu_info (referenced), or MFN_INVALID */

    /* 0 no continuation; multicall in progress etc. see hypercall/continuation.c */
    bool in_multicall;
    bool hypercall_preempted;
    unsigned int multicall_nr, multicall_count; /* what an entry of a multicall wants to go on as */
    uint64_t multicall_args[6];

    struct fpu_state fpu;
    struct pv_vcpu pv;
};

#define vcpu_for_each(d, v)                                                                                            \
    for (unsigned int i_ = 0; i_ < (d)->max_vcpus; i_++)                                                               \
        if (((v) = (d)->vcpu[i_]) != NULL)

static inline bool vcpu_runnable(const struct vcpu *v)
{
    return !(__atomic_load_n(&v->pause_flags, __ATOMIC_SEQ_CST) | __atomic_load_n(&v->pause_count, __ATOMIC_SEQ_CST));
}

/* Set by sched/: what a change of pause flags or counts does to the vCPU's place on its CPU (see sched/sched.h). */
extern void (*vcpu_wake_hook)(struct vcpu *v);
extern void (*vcpu_sleep_hook)(struct vcpu *v);
extern void (*vcpu_sleep_sync_hook)(struct vcpu *v);

static inline void vcpu_set_flags(struct vcpu *v, uint32_t flags)
{
    __atomic_fetch_or(&v->pause_flags, flags, __ATOMIC_SEQ_CST);
}

/* Returns the flags as they were. */
static inline uint32_t vcpu_clear_flags(struct vcpu *v, uint32_t flags)
{
    return __atomic_fetch_and(&v->pause_flags, ~flags, __ATOMIC_SEQ_CST);
}

/*
 * Writes to the current vCPU's kernel memory at a time when its user address space may be loaded (context switch): the
 * kernel's table is loaded for the copy. 0 or -EFAULT.
 */
int vcpu_kernel_write(struct vcpu *v, uint64_t va, const void *src, size_t size) __must_check;

/* Pause counts nest. */
void vcpu_pause(struct vcpu *v);
void vcpu_pause_sync(struct vcpu *v); /* not the current one: returns when it does not run any more */
void vcpu_unpause(struct vcpu *v);

#endif
