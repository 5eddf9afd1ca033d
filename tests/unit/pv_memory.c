/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pv_memory.h"
#include "cpu/features.h"
#include "guest/pv/descriptor_tables.h"
#include "lib/assert.h"
#include "lib/log.h"
#include "mm/guest_copy.h"
#include "mm/hv_map.h"
#include "mm/tlb.h"
#include "platform/io_memory.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct domain domain_a, domain_b;
struct vcpu vcpu_a;
long page_type_budget;
uint64_t cpu_flush_time;
unsigned int flush_count;
bool frame_is_free[FRAMES];

static uint64_t clock_now;
static struct frame table[FRAMES];
static _Alignas(4096) uint8_t memory[FRAMES][PAGE_SIZE];

struct cpu_features cpu_features = {.physical_bits = 40};
unsigned int cpu_count = 1;
cpumask_t cpu_online = 1;
void (*spin_waiting)(void);

void panic(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    fflush(stdout);
    abort();
}

void log_at(enum log_level level, const char *fmt, ...)
{
    (void)level;
    (void)fmt;
}

void log_guest(const char *fmt, ...)
{
    (void)fmt;
}

void spin_wait(struct spinlock *l, uint16_t ticket)
{
    panic("lock of level %u is taken already, ticket %u\n", l->level, ticket);
}

void (*pv_memory_clock_read)(void);

uint64_t tlb_clock_now(void)
{
    uint64_t now = clock_now;
    void (*other)(void) = pv_memory_clock_read;

    pv_memory_clock_read = NULL;
    if (other)
        other();
    return now;
}

void pv_memory_flush(void)
{
    cpu_flush_time = ++clock_now;
    flush_count++;
}

void tlb_flush_mask(cpumask_t cpus, uint64_t va)
{
    (void)va;
    if (cpus & 1)
        pv_memory_flush();
}

cpumask_t tlb_filter(cpumask_t cpus, uint64_t stamp)
{
    return cpu_flush_time <= stamp ? cpus & 1 : 0;
}

void tlb_load_cr3(uint64_t cr3)
{
    (void)cr3;
    pv_memory_flush();
}

void hv_map_m2p_slot(pte_t *top, bool visible)
{
    top[HV_SLOT_FIRST] = visible ? 0xffff000000000000ULL + HV_SLOT_FIRST : 0;
}

void hv_map_fill_slots(pte_t *top)
{
    for (unsigned int i = HV_SLOT_FIRST; i <= HV_SLOT_LAST; i++)
        top[i] = 0xffff000000000000ULL + i;
}

paddr_t hv_top_table_phys(void)
{
    return 0;
}

bool io_frame_read_only(uint64_t mfn)
{
    return mfn == IO_READ_ONLY;
}

int guest_copy_in(void *dst, uint64_t guest_va, size_t size)
{
    (void)dst;
    (void)guest_va;
    (void)size;
    return -14;
}

void domain_crash(struct domain *d, const char *why)
{
    panic("domain %u crashed: %s\n", d->id, why);
}

struct domain *domain_get_by_id(domid_t id)
{
    return id == 1 ? &domain_a : id == 2 ? &domain_b : NULL;
}

void domain_put(struct domain *d)
{
    (void)d;
}

static void released(struct frame *f)
{
    uint64_t n = frame_mfn(f).n;

    if (frame_is_free[n] || (f->type & TYPE_MASK))
        panic("frame %lu released with type %lx\n", (unsigned long)n, (unsigned long)f->type);
    frame_is_free[n] = true;
    f->state = FRAME_FREE;
}

static void frame_init(uint64_t mfn, domid_t owner, enum frame_state state)
{
    table[mfn] = (struct frame){.owner = owner, .state = (uint8_t)state};
    if (state == FRAME_DOMAIN)
        table[mfn].refs = FRAME_ALLOCATED | 1;
    frame_is_free[mfn] = false;
}

/* As the allocator does: nothing old lingers in a TLB, contents are zero. */
void pv_memory_allocate(uint64_t mfn)
{
    pv_memory_flush();
    memset(memory[mfn], 0, PAGE_SIZE);
    frame_init(mfn, 1, FRAME_DOMAIN);
}

void pv_memory_init(void)
{
    memset(memory, 0, sizeof(memory));
    frame_table = table;
    frame_table_max = FRAMES;
    direct_map_start = (uint64_t)memory;
    frame_released = released;
    page_type_budget = 8192;
    cpu_flush_time = clock_now = 1;
    flush_count = 0;
    for (uint64_t n = 0; n < FRAMES; n++) {
        if (n < FRAMES_A)
            frame_init(n, 1, FRAME_DOMAIN);
        else
            frame_init(n, n < IO_FIRST ? 2 : DOMID_IO, n < IO_FIRST ? FRAME_DOMAIN : FRAME_IO);
    }
    domain_a = (struct domain){.id = 1, .dirty_cpus = 1, .privileged = true};
    domain_b = (struct domain){.id = 2, .dirty_cpus = 1};
    spin_init(&domain_a.page_table_lock, LOCK_LEVEL_PAGE_TABLE);
    spin_init(&domain_b.page_table_lock, LOCK_LEVEL_PAGE_TABLE);
    rangeset_add(&domain_a.iomem_allowed, IO_FIRST, IO_FIRST + 1);
    rangeset_add(&domain_a.iomem_allowed, IO_FORBIDDEN + 1, 0xfffff);
    vcpu_a = (struct vcpu){.domain = &domain_a};
}

pte_t *pv_memory_entry(uint64_t mfn, unsigned int slot)
{
    return (pte_t *)memory[mfn] + slot;
}
