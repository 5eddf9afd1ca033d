/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of what cpu/ describes, which itself knows no allocator: stack blocks, descriptor tables, FPU save areas.
 *
 *   CPU_STACK_VIRT + cpu * CPU_STACK_STRIDE
 *     +  0 KiB  IST stacks (4 pages)
 *     + 16 KiB  guard page: not mapped
 *     + 20 KiB  main stack (3 pages), struct cpu_local at its end
 *     + 32 KiB  not mapped
 *     + 44 KiB  SYSCALL stubs, one page, executable and read-only
 *
 * GDT page 14 is mapped in the CPU's window (mm/layout.h) for good; the other pages there change with the guest.
 * CPUs are never removed, so nothing of this is freed again once a CPU is up.
 */
#include "cpu/cpu_local.h"
#include "cpu/desc.h"
#include "cpu/features.h"
#include "cpu/fpu.h"
#include "lib/compiler.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "mm/hv_map.h"
#include "mm/layout.h"

#define STACK_ORDER  (STACK_SHIFT - PAGE_SHIFT)
#define IST_SIZE     (4 * PAGE_SIZE)
#define GUARD_SIZE   PAGE_SIZE
#define STUBS_OFFSET (11 * PAGE_SIZE)
#define DATA_FLAGS   (PTE_WRITE | PTE_NX | PTE_ACCESSED | PTE_DIRTY)

static int __init map_tables(unsigned int cpu, uint64_t base, struct cpu_tables *t)
{
    int error;

    t->gdt_virt = cpu_window_gdt(cpu);
    t->ldt_virt = cpu_window_ldt(cpu);
    t->stubs_virt = base + STUBS_OFFSET;
    t->gdt_page = heap_alloc_pages(0);
    t->stubs = heap_alloc_pages(0);
    if (t->gdt_page == NULL || t->stubs == NULL)
        return -ENOMEM;
    error =
        hv_map_range(t->gdt_virt + GDT_GUEST_PAGES * PAGE_SIZE, direct_map_phys(t->gdt_page), PAGE_SIZE, DATA_FLAGS);
    if (error == 0)
        error = hv_map_range(t->stubs_virt, direct_map_phys(t->stubs), PAGE_SIZE, PTE_ACCESSED);
    return error;
}

static int __init map_stack(uint64_t base, paddr_t phys)
{
    uint64_t main_stack = IST_SIZE + GUARD_SIZE;
    int error = hv_map_range(base, phys, IST_SIZE, DATA_FLAGS);

    if (error)
        return error;
    return hv_map_range(base + main_stack, phys + main_stack, STACK_SIZE - main_stack, DATA_FLAGS);
}

struct cpu_local *__init cpu_local_create(unsigned int cpu)
{
    uint64_t base = CPU_STACK_VIRT + (uint64_t)cpu * CPU_STACK_STRIDE;
    struct cpu_tables *t = heap_alloc(sizeof(*t));
    void *stack = heap_alloc_pages(STACK_ORDER);
    struct cpu_local *c = (struct cpu_local *)(base + STACK_SIZE) - 1;

    if (t == NULL || stack == NULL || map_stack(base, direct_map_phys(stack)) || map_tables(cpu, base, t))
        return NULL; /* a machine so short of memory does not come up */
    memset(c, 0, sizeof(*c));
    c->cpu = cpu;
    c->tables = t;
    if (cpu != 0) /* the boot CPU's comes into use in cpu_local_enter */
        cpu_local_register(c);
    return c;
}

/* A page or more: aligned as XSAVE wants it. */
static unsigned int fpu_area_order(void)
{
    return cpu_features.xsave && cpu_features.xsave_size > PAGE_SIZE ? 1 : 0;
}

int fpu_state_init(struct fpu_state *s)
{
    s->area = heap_alloc_pages(fpu_area_order());
    if (s->area == NULL)
        return -ENOMEM;
    fpu_state_reset(s);
    return 0;
}

void fpu_state_free(struct fpu_state *s)
{
    if (s->area != NULL)
        heap_free_pages(s->area, fpu_area_order());
    s->area = NULL;
}
