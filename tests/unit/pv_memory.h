/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A little machine for tests of page types: memory, a frame table, two domains, one CPU with a TLB clock. Frames 0 to
 * FRAMES_A-1 are domain A's, the next FRAMES_B domain B's, the last FRAMES_IO are devices. The functions that the code
 * under test calls below itself are in pv_memory.c.
 */
#ifndef TEST_PV_MEMORY_H
#define TEST_PV_MEMORY_H

#include "domain/vcpu.h"
#include "guest/pv/page_type.h"
#include "guest/pv/pt_update.h"
#include "lib/errno.h"
#include "mm/frame.h"
#include "mm/pte.h"

#define FRAMES_A     60
#define FRAMES_B     8
#define FRAMES_IO    4
#define FRAMES       (FRAMES_A + FRAMES_B + FRAMES_IO)
#define IO_FIRST     (FRAMES_A + FRAMES_B)
#define IO_READ_ONLY (IO_FIRST + 1) /* the hypervisor's own device */
#define IO_FORBIDDEN (IO_FIRST + 2)

extern struct domain domain_a, domain_b;
extern struct vcpu vcpu_a;
extern long page_type_budget;
extern uint64_t cpu_flush_time; /* TLB clock at the CPU's last flush */
extern unsigned int flush_count;
extern bool frame_is_free[FRAMES];

void pv_memory_init(void);
pte_t *pv_memory_entry(uint64_t mfn, unsigned int slot);
void pv_memory_flush(void);
void pv_memory_allocate(uint64_t mfn);     /* a free frame becomes A's again */
extern void (*pv_memory_clock_read)(void); /* what another CPU does just after the next look at the clock */

/* Without the number of references ever taken. */
static inline uint64_t type_of(uint64_t mfn)
{
    uint64_t x = frame_of(MFN(mfn))->type;
    return (x & TYPE_MASK) == TYPE_WRITABLE ? x & (TYPE_MASK | TYPE_COUNT_MASK) : x;
}

static inline uint32_t refs_of(uint64_t mfn)
{
    return frame_of(MFN(mfn))->refs;
}

#define RW (PTE_PRESENT | PTE_WRITE | PTE_USER)
#define RO (PTE_PRESENT | PTE_USER)

static inline pte_t entry(uint64_t mfn, uint64_t flags)
{
    return pte_make(MFN(mfn), flags);
}

static inline int update_of(struct domain *pt_owner, struct domain *page_owner, uint64_t at, pte_t e,
                            unsigned int command)
{
    struct mmu_update req = {.ptr = at | command, .val = e};
    unsigned int done = 0;

    return pt_update_entries(&vcpu_a, pt_owner, page_owner, &req, 1, &done);
}

static inline int update(uint64_t table, unsigned int slot, pte_t e)
{
    return update_of(&domain_a, &domain_a, (table << PAGE_SHIFT) + slot * 8, e, MMU_NORMAL_PT_UPDATE);
}

static inline int pin(uint64_t mfn, unsigned int level)
{
    return pt_update_pin(&vcpu_a, &domain_a, MFN(mfn), level);
}

static inline int unpin(uint64_t mfn)
{
    return pt_update_unpin(&vcpu_a, &domain_a, MFN(mfn));
}

static inline void finish(void)
{
    while (pt_update_finish(&vcpu_a) == -ERESTART)
        ;
}

static inline bool writable(uint64_t mfn)
{
    return page_type_get_writable(frame_of(MFN(mfn)), 1);
}

#endif
