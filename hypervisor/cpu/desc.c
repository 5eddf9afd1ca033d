/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GDT page 14, TSS, IDT and SYSCALL MSRs of each CPU.
 *
 * The IDT is one for all CPUs. GDTR points at the CPU's window (mm/layout.h), whose first 14 pages change with the
 * guest; before the windows exist the boot CPU uses a static page through a base 14 pages below it: a CPU reads only
 * the descriptors it is asked for.
 *
 * SYSCALL does not load RSP, and GS base belongs to the guest, so the first instructions after it must find the CPU's
 * stack without a register: each CPU has stubs of its own that address cpu_local relative to RIP.
 */
#include "cpu/desc.h"
#include "cpu/cpu_local.h"
#include "cpu/x86.h"
#include "lib/assert.h"
#include "lib/compiler.h"
#include "lib/string.h"

#define GDT_LIMIT      ((GDT_GUEST_PAGES + 1) * PAGE_SIZE - 1)
#define GDT_INDEX(sel) (((sel)-GDT_RESERVED_START) / 8)
#define DESC_CODE64_R0 0x00af9b000000ffffULL /* accessed already: the CPU never writes to the page */
#define DESC_DATA_R0   0x00cf93000000ffffULL
#define DESC_CODE32_R3 0x00cffb000000ffffULL
#define DESC_DATA_R3   0x00cff3000000ffffULL
#define DESC_CODE64_R3 0x00affb000000ffffULL
#define DESC_TYPE_LDT  0x2ULL
#define DESC_TYPE_TSS  0x9ULL
#define GATE_INTERRUPT 0xeULL

/* SYSCALL clears these (SDM 3A 5.8.8); interrupts stay off until the frame is complete. */
#define SYSCALL_FLAG_MASK (RFLAGS_IF | RFLAGS_DF | RFLAGS_TF | RFLAGS_AC | RFLAGS_NT | RFLAGS_RF | RFLAGS_IOPL)

#define STUB_SIZE 32

struct table_register {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

struct idt_gate {
    uint64_t low, high;
};
_Static_assert(sizeof(struct idt_gate) == 16, "SDM 3A figure 6-8");

static struct idt_gate idt[256] __aligned_(PAGE_SIZE);
static uint64_t boot_gdt_page[PAGE_SIZE / 8] __aligned_(PAGE_SIZE);
static const void *entry_syscall, *entry_compat, *entry_sysenter;

static void __init load_gdt(uint64_t base)
{
    struct table_register r = {.limit = GDT_LIMIT, .base = base};

    __asm__ volatile("lgdt %0\n\t"
                     "pushq %1\n\t"
                     "lea 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n"
                     "1: mov %2, %%ss\n\t"
                     "xor %%eax, %%eax\n\t"
                     "mov %%eax, %%ds\n\t"
                     "mov %%eax, %%es\n\t"
                     "mov %%eax, %%fs\n\t"
                     "mov %%eax, %%gs"
                     :
                     : "m"(r), "i"(SEL_HV_CS), "r"(SEL_HV_DS)
                     : "rax", "memory");
}

static void __init load_idt(void)
{
    struct table_register r = {.limit = sizeof(idt) - 1, .base = (uint64_t)idt};

    __asm__ volatile("lidt %0" : : "m"(r));
}

static void __init fill_flat_descriptors(uint64_t *page)
{
    page[GDT_INDEX(SEL_HV_CS)] = DESC_CODE64_R0;
    page[GDT_INDEX(SEL_HV_DS)] = DESC_DATA_R0;
    page[GDT_INDEX(SEL_GUEST_CS32)] = DESC_CODE32_R3;
    page[GDT_INDEX(SEL_GUEST_SS)] = DESC_DATA_R3;
    page[GDT_INDEX(SEL_GUEST_CS64)] = DESC_CODE64_R3;
}

/* 16-byte descriptors of TSS and LDT: SDM 3A 7.2.3. */
static void fill_system_descriptor(uint64_t *slot, uint64_t base, uint32_t limit, uint64_t type)
{
    slot[1] = base >> 32;
    slot[0] = (limit & 0xffff) | (base & 0xffffff) << 16 | (type | 0x80) << 40 | (uint64_t)(limit >> 16 & 0xf) << 48 |
              (base >> 24 & 0xff) << 56;
}

void __init desc_set_gate(unsigned int vector, const void *entry, enum ist ist, unsigned int dpl)
{
    uint64_t address = (uint64_t)entry;

    idt[vector].high = address >> 32;
    idt[vector].low = (address & 0xffff) | (uint64_t)SEL_HV_CS << 16 | (uint64_t)ist << 32 |
                      (0x80 | (uint64_t)dpl << 5 | GATE_INTERRUPT) << 40 | (address >> 16 & 0xffff) << 48;
}

void __init desc_set_syscall_entries(const void *syscall, const void *compat, const void *sysenter)
{
    entry_syscall = syscall;
    entry_compat = compat;
    entry_sysenter = sysenter;
}

void __init desc_init_early(void)
{
    fill_flat_descriptors(boot_gdt_page);
    load_gdt((uint64_t)boot_gdt_page - GDT_RESERVED_START);
    load_idt();
}

static uint8_t *__init emit_relative(uint8_t *at, const uint8_t *opcode, size_t length, uint64_t rip, uint64_t target)
{
    int64_t distance = (int64_t)(target - (rip + length + 4));
    int32_t d = (int32_t)distance;

    ASSERT(d == distance);
    memcpy(at, opcode, length);
    memcpy(at + length, &d, 4);
    return at + length + 4;
}

/* mov %rsp, guest.rsp(%rip); lea guest.rsp(%rip), %rsp; jmp entry */
static void __init write_stub(struct cpu_tables *t, unsigned int index, struct cpu_local *c, const void *entry)
{
    static const uint8_t store[] = {0x48, 0x89, 0x25}, lea[] = {0x48, 0x8d, 0x25}, jmp[] = {0xe9};
    uint8_t *start = t->stubs + index * STUB_SIZE, *p = start;
    uint64_t rip = t->stubs_virt + index * STUB_SIZE, slot = (uint64_t)&c->guest.rsp;

    p = emit_relative(p, store, sizeof(store), rip, slot);
    p = emit_relative(p, lea, sizeof(lea), rip + (uint64_t)(p - start), slot);
    p = emit_relative(p, jmp, sizeof(jmp), rip + (uint64_t)(p - start), (uint64_t)entry);
    ASSERT(p <= start + STUB_SIZE);
}

static void __init init_syscall(struct cpu_local *c)
{
    struct cpu_tables *t = c->tables;

    write_stub(t, 0, c, entry_syscall);
    write_stub(t, 1, c, entry_compat);
    wrmsr(MSR_STAR, (uint64_t)SEL_GUEST_CS32 << 48 | (uint64_t)SEL_HV_CS << 32);
    wrmsr(MSR_LSTAR, t->stubs_virt);
    wrmsr(MSR_CSTAR, t->stubs_virt + STUB_SIZE);
    wrmsr(MSR_FMASK, SYSCALL_FLAG_MASK);

    /* SYSENTER loads RSP itself. AMD has it in legacy mode only; the MSRs may be missing there. */
    if (wrmsr_safe(MSR_SYSENTER_CS, SEL_HV_CS) == 0) {
        (void)wrmsr_safe(MSR_SYSENTER_ESP, (uint64_t)(&c->guest + 1));
        (void)wrmsr_safe(MSR_SYSENTER_EIP, (uint64_t)entry_sysenter);
    }
}

void __init desc_init_cpu(void)
{
    struct cpu_local *c = cpu_this();
    struct cpu_tables *t = c->tables;
    uint64_t stack = (uint64_t)c & ~(STACK_SIZE - 1);

    ASSERT(t != NULL);
    memset(&t->tss, 0, sizeof(t->tss));
    t->tss.rsp[0] = (uint64_t)(&c->guest + 1);
    t->tss.ist[IST_DF - 1] = stack + 1 * PAGE_SIZE;
    t->tss.ist[IST_NMI - 1] = stack + 2 * PAGE_SIZE;
    t->tss.ist[IST_MC - 1] = stack + 3 * PAGE_SIZE;
    t->tss.ist[IST_DB - 1] = stack + 4 * PAGE_SIZE;
    t->tss.iopb = sizeof(t->tss); /* beyond the limit */

    fill_flat_descriptors(t->gdt_page);
    fill_system_descriptor(&t->gdt_page[GDT_INDEX(SEL_TSS)], (uint64_t)&t->tss, sizeof(t->tss) - 1, DESC_TYPE_TSS);
    load_gdt(t->gdt_virt);
    load_idt();
    __asm__ volatile("ltr %w0" : : "r"(SEL_TSS) : "memory");
    __asm__ volatile("lldt %w0" : : "r"(0));
    t->ldt_entries = 0;
    init_syscall(c);
}

void desc_load_ldt(unsigned int entries)
{
    struct cpu_tables *t = cpu_this()->tables;

    if (entries == t->ldt_entries) /* the window's address never changes, what is behind it does so in page tables */
        return;
    t->ldt_entries = entries;
    if (entries == 0) {
        __asm__ volatile("lldt %w0" : : "r"(0));
        return;
    }
    fill_system_descriptor(&t->gdt_page[GDT_INDEX(SEL_LDT)], t->ldt_virt, entries * 8 - 1, DESC_TYPE_LDT);
    __asm__ volatile("lldt %w0" : : "r"(SEL_LDT) : "memory");
}
