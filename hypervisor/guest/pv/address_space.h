/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address spaces of a PV vCPU: its kernel and user top-level tables, walks of them, and loading them into CR3. */
#ifndef HAVEN_GUEST_PV_ADDRESS_SPACE_H
#define HAVEN_GUEST_PV_ADDRESS_SPACE_H

#include "domain/vcpu.h"
#include "mm/pte.h"

/* Loads CR3 for the vCPU's current mode (kernel or user table). */
void address_space_load(struct vcpu *v);

/* Switches the current vCPU between guest kernel and guest user mode: GS bases are exchanged, CR3 loaded, kernel_mode
 * flipped. */
void address_space_toggle(struct vcpu *v);

/*
 * MMUEXT_NEW_BASEPTR, NEW_USER_BASEPTR (mfn 0: none). Resumable: -ERESTART. The old table may be left to
 * pt_update_finish of v. The kernel table of the current vCPU is loaded at once, also when it is the same (that is a
 * TLB flush).
 */
int address_space_set_kernel(struct vcpu *v, mfn_t mfn);
int address_space_set_user(struct vcpu *v, mfn_t mfn);

/* Drops both (vCPU is going away) and what is unfinished. Resumable. */
int address_space_drop(struct vcpu *v);

/*
 * The PTE that maps va in the table 'top' (kernel or user) at 'level' (1..4) by walking the direct map; NULL if an
 * upper level is not present. 'top' is a validated L4 table and stays so; the page-table lock of its owner is held, or
 * the result is only a guess (but safe to read).
 */
pte_t *address_space_walk(mfn_t top, uint64_t va, unsigned int level);

/* The L1 entry that maps va in the vCPU's kernel tables, 0 where there is none. */
pte_t address_space_entry(struct vcpu *v, uint64_t va);

/* Reads the kernel's memory whichever tables are loaded, without faulting. False: nothing is mapped there. */
bool address_space_read_byte(struct vcpu *v, uint64_t va, uint8_t *value);

/*
 * CPUs that may hold TLB entries of d's address spaces. The fence: entries that were written before must be seen by a
 * CPU that is found outside, and comes in later (sched/sched.c sets its bit before it loads the tables).
 */
static inline cpumask_t address_space_cpus(const struct domain *d)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return __atomic_load_n(&d->dirty_cpus, __ATOMIC_RELAXED);
}

/* CPUs that may hold TLB entries for the vCPUs of the guest's bitmap at guest_va (as many bits as the domain has
 * vCPUs). -EFAULT. */
int address_space_vcpu_cpus(struct domain *d, uint64_t guest_va, cpumask_t *cpus);

#endif
