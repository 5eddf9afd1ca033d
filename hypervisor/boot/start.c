/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Booting, as a list. Two functions name the steps in order: start() on the stack linked into the image, as long as
 * there is no memory management, then go_on() on the boot CPU's own stack. Each step may use what the steps before it
 * have set up, and says on the console what it found.
 *
 * Everything in boot/ goes back to the allocator at the end; only finish() stays, which does that.
 */
#include "boot/start.h"
#include "boot/boot_info.h"
#include "boot/build_dom0.h"
#include "boot/options.h"
#include "boot/smp_boot.h"
#include "boot/unpack.h"
#include "cpu/cpu_local.h"
#include "cpu/desc.h"
#include "cpu/features.h"
#include "cpu/x86.h"
#include "entry/entry.h"
#include "hypercall/version_op.h"
#include "irq/debug_key_softirq.h"
#include "irq/ioapic.h"
#include "irq/irq.h"
#include "irq/msi.h"
#include "lib/assert.h"
#include "lib/log.h"
#include "lib/string.h"
#include "lifecycle/create.h"
#include "lifecycle/dom0_hooks.h"
#include "lifecycle/reservation.h"
#include "mm/buddy.h"
#include "mm/early.h"
#include "mm/hv_map.h"
#include "mm/layout.h"
#include "mm/memory_map.h"
#include "platform/acpi.h"
#include "platform/console.h"
#include "platform/debug_keys.h"
#include "platform/lapic.h"
#include "platform/pic.h"
#include "platform/power.h"
#include "sched/sched.h"
#include "time/calibrate.h"
#include "time/clock.h"
#include "time/timer.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "(unversioned)"
#endif

#define RESTART_DELAY_SECONDS 5

static struct boot_options options;

extern const char _init_start[], _init_end[];

static void go_on(void);
static void finish(void);

/* Something that cannot be got over, and is nobody's bug: no registers, no back trace. */
__noreturn_ static void give_up(const char *what, const char *why)
{
    log_error("%s: %s", what, why);
    if (power_noreboot) {
        log_error("halted (noreboot)");
        power_halt();
    }
    log_error("restart in %u seconds", RESTART_DELAY_SECONDS);
    for (unsigned int i = 0; i < RESTART_DELAY_SECONDS * 1000; i++) {
        if (clock_state.tsc_khz)
            clock_delay_us(1000);
        else
            calibrate_pit_delay_us(1000);
    }
    power_reboot();
}

static void report_option(const char *what, const char *word)
{
    log_warning("%s: %s", what, word);
}

/* Console first: whatever happens later can be told. */
static void start_console(const char *loader_problem)
{
    char serial[80];

    options_parse(boot_info.command_line, &options, NULL);
    options_serial_line(&options, serial, sizeof(serial));
    console_init_early(serial);
    console_set_levels(options.loglvl, options.guest_loglvl);
    power_noreboot = options.noreboot;
    version_set_command_line(boot_info.command_line);
    log_info("Haven %s, a hypervisor for x86-64", PACKAGE_VERSION);
    log_info("loaded by %s, %u modules; command line: %s", boot_info.loader, boot_info.module_count,
             boot_info.command_line);
    options_parse(boot_info.command_line, &options, report_option);
    if (loader_problem)
        give_up("boot loader", loader_problem);
}

static void start_memory(void)
{
    static const char *const type_name[] = {"?", "RAM", "reserved", "ACPI tables", "ACPI NVS", "unusable"};

    for (unsigned int i = 0; i < memory_map.count; i++) {
        const struct memory_region *r = &memory_map.region[i];
        log_info("memory %#014lx-%#014lx %s", r->start, r->start + r->size,
                 type_name[r->type < ARRAY_SIZE(type_name) ? r->type : 0]);
    }
    for (unsigned int i = 0; i < boot_info.module_count; i++)
        mm_early_reserve(boot_info.module[i].start, boot_info.module[i].start + boot_info.module[i].size);
    hv_map_init();
}

static void start_interrupts(void)
{
    if (!acpi_init(boot_info.rsdp))
        give_up("ACPI", "no usable tables: cannot find CPUs and interrupt controllers");
    pic_init();
    irq_init();
    msi_init();
    lapic_init();
    lapic_init_cpu();
    ioapic_init();
}

static void nothing(void *arg)
{
    (void)arg;
}

static void start_time(void)
{
    clock_init();
    log_clock = clock_now;
    timer_init_cpu();
}

static void start_console_input(void)
{
    int isa_irq = console_serial_irq();

    debug_key_softirq_init();
    debug_keys_init();
    if (isa_irq < 0)
        return;
    int error = irq_bind(ioapic_isa_gsi((unsigned int)isa_irq), console_serial_interrupt, NULL, false, 0);
    if (error)
        log_warning("serial line: no interrupt (error %d), no input", error);
}

static void start_cpus(void)
{
    if (options.nosmp)
        log_info("CPUs: only the boot CPU is used (nosmp)");
    else
        smp_boot();
    log_info("CPUs: %u of %u up", cpu_count, MAX(acpi_info.cpu_count, 1u));
    clock_check_stable();
}

void start(uint32_t magic, uint64_t info)
{
    const char *problem = boot_info_init(magic, info);

    cpu_this()->apic_id = cpuid(1, 0).ebx >> 24;
    trap_init();
    start_console(problem);
    features_init();
    features_apply();
    start_memory();

    struct cpu_local *cpu = cpu_local_create(0);
    ASSERT(cpu != NULL);
    cpu_local_enter(cpu, go_on);
}

static void go_on(void)
{
    desc_init_cpu();
    trap_init_stacks();
    start_interrupts();
    start_time();
    reservation_init();
    sched_init();
    sched_init_cpu();
    dom0_hooks_set();
    features_smap_self_test();
    irq_enable();
    start_console_input();
    start_cpus();

    unpack_libc_init();
    const char *subject, *problem = build_dom0(&boot_info, &options, &subject);
    if (problem)
        give_up(subject, problem);
    irq_call_on(cpu_online, nothing, NULL); /* answered from the idle loops: nobody is in boot/ any more */
    log_info("starting dom0; %lu KiB of boot code freed, %lu MiB free", (uint64_t)(_init_end - _init_start) >> 10,
             buddy_free_frames() >> 8);
    build_dom0_release();
    hv_map_protect();
    finish();
}

/* In a section that stays. No constant strings here: they would be boot/'s. */
__attribute__((section(".entry.text"), noinline)) static void finish(void)
{
    hv_map_free_init();
    exit_to_guest();
}
