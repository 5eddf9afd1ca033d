/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names for addresses. The table is made at link time from the hypervisor's own symbols (symbols.awk), sorted by
 * address. Used when something went wrong: so nothing here trusts a pointer that it follows.
 */
#include "platform/symbols.h"
#include "cpu/cpu_local.h"
#include "cpu/x86.h"
#include "lib/log.h"
#include "mm/layout.h"

extern const uint32_t symbols_count;
extern const uint32_t symbols_offset[]; /* address - IMAGE_VIRT */
extern const uint32_t symbols_name[];   /* offset into symbols_text */
extern const char symbols_text[];
extern const char _image_end[];

#define BACKTRACE_DEPTH 24

/* Name of the function that holds the address and the offset in it; NULL if unknown. */
static const char *lookup(uint64_t addr, uint64_t *offset)
{
    if (addr < IMAGE_VIRT || addr >= (uint64_t)_image_end || !symbols_count)
        return NULL;
    uint32_t at = (uint32_t)(addr - IMAGE_VIRT), low = 0, high = symbols_count;
    /* Invariant: the symbol sought has an index in [low, high). */
    if (at < symbols_offset[0])
        return NULL;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (symbols_offset[middle] <= at)
            low = middle;
        else
            high = middle;
    }
    *offset = at - symbols_offset[low];
    return symbols_text + symbols_name[low];
}

uint32_t symbols_entries(void)
{
    return symbols_count;
}

const char *symbols_entry(uint32_t i, uint64_t *addr)
{
    if (i >= symbols_count)
        return NULL;
    *addr = IMAGE_VIRT + symbols_offset[i];
    return symbols_text + symbols_name[i];
}

static void show_address(const char *what, uint64_t addr)
{
    uint64_t offset;
    const char *name = lookup(addr, &offset);
    if (name)
        log_error("%s%016lx %s+%#lx", what, addr, name, offset);
    else
        log_error("%s%016lx", what, addr);
}

void symbols_dump_regs(const struct cpu_regs *r)
{
    show_address("  rip ", r->rip);
    log_error("  cs %04lx ss %04lx rflags %08lx rsp %016lx vector %#lx error %#lx", r->cs, r->ss, r->rflags, r->rsp,
              r->vector, r->error_code);
    log_error("  rax %016lx rbx %016lx rcx %016lx rdx %016lx", r->rax, r->rbx, r->rcx, r->rdx);
    log_error("  rsi %016lx rdi %016lx rbp %016lx r8  %016lx", r->rsi, r->rdi, r->rbp, r->r8);
    log_error("  r9  %016lx r10 %016lx r11 %016lx r12 %016lx", r->r9, r->r10, r->r11, r->r12);
    log_error("  r13 %016lx r14 %016lx r15 %016lx cr2 %016lx cr3 %lx", r->r13, r->r14, r->r15, read_cr2(), read_cr3());
}

/* Frame pointers chain upwards inside one stack page run; anything else ends the walk. */
void symbols_backtrace(uint64_t rbp)
{
    uint64_t high = (uint64_t)cpu_this(), low = high & ~(STACK_SIZE - 1);
    log_error("Back trace:");
    for (unsigned int i = 0; i < BACKTRACE_DEPTH; i++) {
        if (rbp < low || rbp > high - 16 || rbp % 8) /* the first may be a guest's already */
            return;
        const uint64_t *frame = (const uint64_t *)rbp;
        show_address("  ", frame[1]);
        if (frame[0] <= rbp)
            return;
        rbp = frame[0];
    }
}
