/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Local APIC (SDM 3A chapter 10). Registers are in memory (xAPIC, 16 bytes apart) or, if firmware switched x2APIC on,
 * in MSRs from 0x800 (one per register). The mode is never changed.
 */
#include "platform/lapic.h"
#include "cpu/x86.h"
#include "lib/assert.h"
#include "lib/compiler.h"
#include "lib/log.h"
#include "mm/hv_map.h"
#include "mm/tlb.h"
#include "platform/acpi.h"
#include "platform/io_memory.h"

#define APIC_BASE_X2APIC  (1UL << 10)
#define APIC_BASE_ENABLE  (1UL << 11)
#define APIC_BASE_ADDRESS 0x000ffffffffff000UL

/* Offsets of registers in xAPIC's page; the MSR is 0x800 + offset / 16. */
enum lapic_register {
    LAPIC_ID = 0x20,
    LAPIC_VERSION = 0x30,
    LAPIC_TPR = 0x80,
    LAPIC_EOI = 0xb0,
    LAPIC_SPURIOUS = 0xf0,
    LAPIC_ISR = 0x100,
    LAPIC_ERROR_STATUS = 0x280,
    LAPIC_ICR_LOW = 0x300,
    LAPIC_ICR_HIGH = 0x310,
    LAPIC_LVT_TIMER = 0x320,
    LAPIC_LVT_THERMAL = 0x330,
    LAPIC_LVT_PERF = 0x340,
    LAPIC_LVT_LINT0 = 0x350,
    LAPIC_LVT_LINT1 = 0x360,
    LAPIC_LVT_ERROR = 0x370,
    LAPIC_TIMER_INITIAL = 0x380,
    LAPIC_TIMER_CURRENT = 0x390,
    LAPIC_TIMER_DIVIDE = 0x3e0,
};

#define MSR_X2APIC(reg) (0x800 + (reg) / 16)

#define SPURIOUS_ENABLE (1u << 8)
#define LVT_MASKED      (1u << 16)
#define LVT_NMI         (4u << 8)
#define DIVIDE_BY_1     0xb
#define ICR_FIXED       (0u << 8)
#define ICR_NMI         (4u << 8)
#define ICR_INIT        (5u << 8)
#define ICR_STARTUP     (6u << 8)
#define ICR_PENDING     (1u << 12)
#define ICR_ASSERT      (1u << 14)
#define ICR_LEVEL       (1u << 15)
#define ICR_PATIENCE    100000

static bool x2apic;
static volatile uint8_t *page;

static inline uint32_t lapic_read(enum lapic_register reg)
{
    if (x2apic)
        return (uint32_t)rdmsr(MSR_X2APIC(reg));
    return *(volatile uint32_t *)(page + reg);
}

static inline void lapic_write(enum lapic_register reg, uint32_t v)
{
    if (x2apic)
        wrmsr(MSR_X2APIC(reg), v);
    else
        *(volatile uint32_t *)(page + reg) = v;
}

uint32_t __init lapic_id(void)
{
    uint32_t id = lapic_read(LAPIC_ID);
    return x2apic ? id : id >> 24;
}

void lapic_eoi(void)
{
    lapic_write(LAPIC_EOI, 0);
}

/* What was in service when we took over (a boot loader's interrupt) would block all of lower priority for ever. */
static void __init lapic_end_leftovers(void)
{
    for (unsigned int i = 0; i < 256; i++) {
        uint32_t busy = 0;
        for (unsigned int word = 0; word < 8; word++)
            busy |= lapic_read(LAPIC_ISR + word * 0x10);
        if (!busy)
            return;
        lapic_eoi();
    }
}

void __init lapic_init_cpu(void)
{
    cpu_this()->apic_id = lapic_id();
    lapic_write(LAPIC_TPR, 0);
    lapic_write(LAPIC_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
    lapic_write(LAPIC_LVT_TIMER, LVT_MASKED);
    unsigned int lvt_max = lapic_read(LAPIC_VERSION) >> 16 & 0xff;
    if (lvt_max >= 4)
        lapic_write(LAPIC_LVT_PERF, LVT_MASKED);
    if (lvt_max >= 5)
        lapic_write(LAPIC_LVT_THERMAL, LVT_MASKED);
    lapic_write(LAPIC_LVT_LINT0, LVT_MASKED); /* the 8259's virtual wire: not used */
    lapic_write(LAPIC_LVT_LINT1, LVT_NMI);
    lapic_end_leftovers();
    lapic_write(LAPIC_ERROR_STATUS, 0);
    lapic_write(LAPIC_LVT_ERROR, VECTOR_APIC_ERROR);
    lapic_write(LAPIC_TIMER_DIVIDE, DIVIDE_BY_1);
    lapic_write(LAPIC_TIMER_INITIAL, 0);
    lapic_write(LAPIC_LVT_TIMER, VECTOR_TIMER); /* one-shot */
}

void __init lapic_init(void)
{
    uint64_t base = rdmsr(MSR_APIC_BASE);
    if (!(base & APIC_BASE_ENABLE))
        wrmsr(MSR_APIC_BASE, base | APIC_BASE_ENABLE);
    x2apic = base & APIC_BASE_X2APIC;
    paddr_t address = base & APIC_BASE_ADDRESS;
    if (acpi_info.lapic_address && acpi_info.lapic_address != address)
        log_warning("APIC: MADT says %#lx, the CPU %#lx", acpi_info.lapic_address, address);
    io_frame_protect(address >> PAGE_SHIFT);
    if (!x2apic) {
        page = hv_map_mmio(address, PAGE_SIZE, HV_CACHE_UC);
        ASSERT(page);
    }
    tlb_send_ipi = lapic_send_ipi;
    log_info("APIC: %s, id %u, version %#x", x2apic ? "x2APIC" : "xAPIC", lapic_id(), lapic_read(LAPIC_VERSION) & 0xff);
}

void lapic_timer_start(uint32_t ticks)
{
    lapic_write(LAPIC_TIMER_INITIAL, ticks);
}

uint32_t __init lapic_timer_remaining(void)
{
    return lapic_read(LAPIC_TIMER_CURRENT);
}

/* Interrupts off: xAPIC's command is two writes. */
static void lapic_command(uint32_t apic_id, uint32_t command)
{
    if (x2apic) {
        /* Unlike xAPIC's uncached writes, WRMSR does not wait for earlier stores (SDM 3A 10.12.3). */
        __asm__ volatile("mfence; lfence" ::: "memory");
        wrmsr(MSR_X2APIC(LAPIC_ICR_LOW), (uint64_t)apic_id << 32 | command);
        return;
    }
    for (unsigned int i = 0; i < ICR_PATIENCE && (lapic_read(LAPIC_ICR_LOW) & ICR_PENDING); i++)
        cpu_pause();
    lapic_write(LAPIC_ICR_HIGH, apic_id << 24);
    lapic_write(LAPIC_ICR_LOW, command);
}

void lapic_send_ipi(cpumask_t cpus, uint8_t vector)
{
    uint32_t command = ICR_ASSERT | (vector == VECTOR_NMI ? ICR_NMI : ICR_FIXED | vector);
    uint64_t flags = irq_save();
    for (cpumask_t rest = cpus; rest; rest &= rest - 1)
        lapic_command(cpu_local_of((unsigned int)__builtin_ctzll(rest))->apic_id, command);
    irq_restore(flags);
}

void __init lapic_send_init(uint32_t apic_id)
{
    uint64_t flags = irq_save();
    lapic_command(apic_id, ICR_INIT | ICR_ASSERT | ICR_LEVEL);
    lapic_command(apic_id, ICR_INIT | ICR_LEVEL); /* de-assert: old APICs want it, others ignore it */
    irq_restore(flags);
}

void __init lapic_send_startup(uint32_t apic_id, uint8_t start_page)
{
    uint64_t flags = irq_save();
    lapic_command(apic_id, ICR_STARTUP | ICR_ASSERT | start_page);
    irq_restore(flags);
}

void lapic_error_interrupt(void)
{
    lapic_write(LAPIC_ERROR_STATUS, 0); /* latches the bits for reading */
    log_warning("APIC: error %#x on CPU %u", lapic_read(LAPIC_ERROR_STATUS), cpu_id());
}
