/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processors are started one at a time by INIT, STARTUP, STARTUP (SDM 3A 9.4.4.1), so one set of parameters is enough:
 *
 *   boot CPU: stack block for the next number, parameters, IPIs -> waits for smp_ap_state
 *   AP:       trampoline.S -> smp_ap_entry (head.S) -> smp_ap_start: sets itself up, says so, waits to be let in
 *   boot CPU: counts it in (cpu_count, cpu_online), lets it in -> AP: idle loop
 *
 * A processor that says nothing within a second is put back to sleep with INIT and its number goes to the next one. A
 * late one would find the state changed, and stops.
 */
#include "boot/smp_boot.h"
#include "cpu/desc.h"
#include "cpu/features.h"
#include "entry/entry.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/hv_map.h"
#include "mm/layout.h"
#include "mm/memory_map.h"
#include "platform/acpi.h"
#include "platform/lapic.h"
#include "sched/sched.h"
#include "time/clock.h"
#include "time/timer.h"

#define TRAMPOLINE_HIGHEST 0x9f000

/* At the end of trampoline.S. */
struct trampoline_parameters {
    uint64_t entry;
    uint32_t cr3;
    uint32_t protected_address;
    uint16_t protected_selector, unused;
    uint32_t long_address;
    uint16_t long_selector;
    uint16_t gdt_limit;
    uint32_t gdt_address;
} __packed;
_Static_assert(sizeof(struct trampoline_parameters) == 32, "as in trampoline.S");

extern const char trampoline_start[], trampoline_end[], trampoline_parameters[];
extern pte_t boot_l4[];
void smp_ap_entry(void);
void smp_ap_start(void) __noreturn_;

uint64_t smp_ap_cr3, smp_ap_stack; /* read by smp_ap_entry */

static enum { AP_NONE, AP_STARTING, AP_READY, AP_LET_IN } ap_state;

static void set_state(unsigned int state)
{
    __atomic_store_n(&ap_state, state, __ATOMIC_SEQ_CST);
}

static bool wait_for_state(unsigned int state, unsigned int milliseconds)
{
    for (unsigned int i = 0; i < milliseconds * 20; i++) {
        if (__atomic_load_n(&ap_state, __ATOMIC_SEQ_CST) == state)
            return true;
        clock_delay_us(50);
    }
    return false;
}

/* A page of RAM that a STARTUP IPI can name. Memory below 1 MiB is never given to the allocator. */
static paddr_t trampoline_page(void)
{
    for (paddr_t p = TRAMPOLINE_HIGHEST - PAGE_SIZE; p >= PAGE_SIZE; p -= PAGE_SIZE) {
        for (unsigned int i = 0; i < memory_map.count; i++) {
            const struct memory_region *r = &memory_map.region[i];
            if (r->type == MEMORY_RAM && r->start <= p && r->start + r->size >= p + PAGE_SIZE)
                return p;
        }
    }
    return 0;
}

static void trampoline_write(paddr_t page)
{
    char *copy = direct_map(page);
    size_t offset = (size_t)(trampoline_parameters - trampoline_start);
    struct trampoline_parameters p;

    memcpy(copy, trampoline_start, (size_t)(trampoline_end - trampoline_start));
    memcpy(&p, copy + offset, sizeof(p));
    p.entry = (uint64_t)smp_ap_entry;
    p.cr3 = (uint32_t)image_phys(boot_l4);
    p.protected_address += (uint32_t)page;
    p.long_address += (uint32_t)page;
    p.gdt_address += (uint32_t)page;
    memcpy(copy + offset, &p, sizeof(p));
}

/* On the new processor, its own stack, interrupts off. */
void smp_ap_start(void)
{
    unsigned int starting = AP_STARTING;

    features_apply();
    desc_init_cpu();
    lapic_init_cpu();
    timer_init_cpu();
    sched_init_cpu();
    if (!__atomic_compare_exchange_n(&ap_state, &starting, AP_READY, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        for (;;)
            __asm__ volatile("cli; hlt");
    while (__atomic_load_n(&ap_state, __ATOMIC_SEQ_CST) != AP_LET_IN)
        cpu_pause();
    set_state(AP_NONE);
    exit_to_guest();
}

static void start_one(uint32_t apic_id, paddr_t page)
{
    static struct cpu_local *cpu; /* stays for the next one when a processor does not answer */

    if (!cpu)
        cpu = cpu_local_create(cpu_count);
    if (!cpu) {
        log_error("CPU with APIC id %u: no memory for its stack", apic_id);
        return;
    }
    cpu->apic_id = apic_id;
    smp_ap_stack = (uint64_t)cpu;
    smp_ap_cr3 = hv_top_table_phys();
    set_state(AP_STARTING);

    lapic_send_init(apic_id);
    clock_delay_us(10000);
    for (unsigned int i = 0; i < 2; i++) {
        lapic_send_startup(apic_id, (uint8_t)(page >> PAGE_SHIFT));
        if (wait_for_state(AP_READY, i ? 1000 : 1))
            break;
    }
    unsigned int starting = AP_STARTING;
    if (__atomic_compare_exchange_n(&ap_state, &starting, AP_NONE, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        lapic_send_init(apic_id);
        log_warning("CPU with APIC id %u does not answer: left out", apic_id);
        return;
    }
    __atomic_fetch_or(&cpu_online, CPUMASK(cpu_count), __ATOMIC_SEQ_CST);
    cpu_count++;
    set_state(AP_LET_IN);
    while (!wait_for_state(AP_NONE, 1))
        continue;
    cpu = NULL;
}

void smp_boot(void)
{
    paddr_t page = trampoline_page();
    uint32_t self = lapic_id();

    if (!page) {
        log_warning("no memory below 1 MiB to start other CPUs from");
        return;
    }
    trampoline_write(page);
    for (unsigned int i = 0; i < acpi_info.cpu_count; i++) {
        if (acpi_info.cpu_apic_id[i] == self)
            continue;
        if (cpu_count == CPU_MAX) {
            log_warning("more than %u CPUs: the others are left out", CPU_MAX);
            break;
        }
        start_one(acpi_info.cpu_apic_id[i], page);
    }
}
