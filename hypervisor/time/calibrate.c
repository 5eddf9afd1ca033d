/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calibration. A sample is one reading of the reference counter together with TSC and APIC timer, taken as close
 * together as possible: of several tries the one with the shortest bracket of two TSC readings counts. Two samples give
 * the frequencies; the error is the brackets' over the time between.
 *
 * The first measurement takes a few milliseconds and is good enough for delays while booting. The second spans what the
 * boot did since then, so precision costs no waiting. The counter may have wrapped meanwhile (PM timer: 4.7 s, PIT:
 * 55 ms); the first result tells how often.
 */
#include "time/calibrate.h"
#include "cpu/x86.h"
#include "lib/assert.h"
#include "lib/compiler.h"
#include "lib/log.h"
#include "mm/hv_map.h"
#include "platform/acpi.h"
#include "platform/lapic.h"

#define NS_PER_SEC        1000000000ULL
#define FIRST_WINDOW_NS   2000000ULL
#define FINAL_WINDOW_NS   10000000ULL
#define SAMPLE_TRIES      5
#define HPET_CAPABILITIES 0x00 /* IA-PC HPET 1.0a, 2.3.4: bits 63:32 period in femtoseconds */
#define HPET_CONFIG       0x10 /* bit 0: counting */
#define HPET_COUNTER      0xf0
#define HPET_PERIOD_MAX   100000000ULL
#define PM_TIMER_HZ       3579545ULL /* ACPI 4.8.3.3 */
#define PIT_HZ            1193182ULL
#define PIT_CHANNEL2      0x42
#define PIT_MODE          0x43
#define PIT_GATE          0x61

struct reference {
    const char *name;
    uint64_t hz, mask;
    uint64_t (*read)(void);
};

struct sample {
    uint64_t counter, tsc, bracket;
    uint32_t lapic;
};

static __initdata struct reference reference;
static __initdata volatile uint8_t *hpet;
static __initdata struct sample first_sample;
static __initdata uint64_t tsc_hz;
static uint64_t lapic_per_ns; /* 32.32 fixed point */

uint64_t __init calibrate_scale(uint64_t a, uint64_t mul, uint64_t div)
{
    /* Long division by hand: a freestanding program has no 128-bit division. */
    unsigned __int128 product = (unsigned __int128)a * mul;
    uint64_t high = (uint64_t)(product >> 64), low = (uint64_t)product, quotient, rest;

    if (high >= div)
        return ~0ULL;
    __asm__("divq %4" : "=a"(quotient), "=d"(rest) : "0"(low), "1"(high), "r"(div) : "cc");
    return quotient;
}

static uint64_t __init hpet_read(void)
{
    return *(volatile uint32_t *)(hpet + HPET_COUNTER);
}

static uint64_t __init pm_timer_read(void)
{
    return inl(acpi_info.pm_timer_port);
}

/* Latch and read; it counts down. */
static uint64_t __init pit_read(void)
{
    unsigned int low, high;

    outb(PIT_MODE, 0x80);
    low = inb(PIT_CHANNEL2);
    high = inb(PIT_CHANNEL2);
    return ~(high << 8 | low) & 0xffff;
}

/* Channel 2, mode 2 from 65536, gate on, speaker off. */
static void __init pit_start(void)
{
    outb(PIT_GATE, (inb(PIT_GATE) & ~2) | 1);
    outb(PIT_MODE, 0xb4);
    outb(PIT_CHANNEL2, 0);
    outb(PIT_CHANNEL2, 0);
}

void __init calibrate_pit_delay_us(unsigned int us)
{
    uint64_t ticks = calibrate_scale(us, PIT_HZ, 1000000) + 1, passed = 0, last, now;

    pit_start();
    for (last = pit_read(); passed < ticks; last = now) {
        now = pit_read();
        passed += (now - last) & 0xffff;
    }
}

/* A counter that is there, counts. */
static bool __init reference_counts(const struct reference *r)
{
    uint64_t start = r->read();

    for (unsigned int i = 0; i < 10000; i++)
        if (r->read() != start)
            return true;
    return false;
}

static bool __init reference_try_hpet(void)
{
    uint64_t period;

    if (!acpi_info.hpet_address)
        return false;
    hpet = hv_map_mmio(acpi_info.hpet_address, 0x400, HV_CACHE_UC);
    if (!hpet)
        return false;
    period = *(volatile uint32_t *)(hpet + HPET_CAPABILITIES + 4);
    if (!period || period > HPET_PERIOD_MAX)
        return false;
    *(volatile uint32_t *)(hpet + HPET_CONFIG) |= 1;
    reference = (struct reference){"HPET", calibrate_scale(1000000, NS_PER_SEC, period), 0xffffffff, hpet_read};
    return reference_counts(&reference);
}

static bool __init reference_try_pm_timer(void)
{
    if (!acpi_info.pm_timer_port)
        return false;
    reference = (struct reference){"ACPI PM timer", PM_TIMER_HZ, acpi_info.pm_timer_32bit ? 0xffffffff : 0xffffff,
                                   pm_timer_read};
    return reference_counts(&reference);
}

static void __init reference_find(void)
{
    if (reference_try_hpet() || reference_try_pm_timer())
        return;
    pit_start();
    reference = (struct reference){"PIT", PIT_HZ, 0xffff, pit_read};
    if (!reference_counts(&reference))
        panic("no counter to measure time with: neither HPET, ACPI PM timer nor PIT counts");
}

static struct sample __init sample_take(void)
{
    struct sample best = {.bracket = ~0ULL};

    for (unsigned int i = 0; i < SAMPLE_TRIES; i++) {
        struct sample s;

        s.tsc = rdtsc_ordered();
        s.counter = reference.read();
        s.bracket = rdtsc_ordered() - s.tsc;
        s.lapic = lapic_timer_remaining();
        s.tsc += s.bracket / 2;
        if (s.bracket < best.bracket)
            best = s;
    }
    return best;
}

/* Reference ticks between two samples. hz: the TSC's frequency as known so far (0: the counter has not wrapped). */
static uint64_t __init sample_ticks(const struct sample *a, const struct sample *b, uint64_t hz)
{
    uint64_t ticks = (b->counter - a->counter) & reference.mask, expected, wraps;

    if (!hz)
        return ticks;
    expected = calibrate_scale(b->tsc - a->tsc, reference.hz, hz);
    if (expected <= ticks)
        return ticks;
    wraps = (expected - ticks + reference.mask / 2) / (reference.mask + 1);
    return ticks + wraps * (reference.mask + 1);
}

static uint64_t __init measure(const struct sample *a, const struct sample *b)
{
    uint64_t ticks = sample_ticks(a, b, tsc_hz);
    uint32_t lapic_ticks = a->lapic - b->lapic;
    uint64_t lapic_hz = calibrate_scale(lapic_ticks, reference.hz, ticks);

    lapic_per_ns = calibrate_scale(lapic_hz, 1ULL << 32, NS_PER_SEC);
    return calibrate_scale(b->tsc - a->tsc, reference.hz, ticks);
}

static void __init wait_ticks(const struct sample *from, uint64_t ns)
{
    uint64_t ticks = calibrate_scale(ns, reference.hz, NS_PER_SEC);

    while (((reference.read() - from->counter) & reference.mask) < ticks)
        cpu_pause();
}

uint64_t __init calibrate_start(void)
{
    struct sample second;

    reference_find();
    lapic_timer_start(~0u);
    first_sample = sample_take();
    wait_ticks(&first_sample, FIRST_WINDOW_NS);
    second = sample_take();
    tsc_hz = measure(&first_sample, &second);
    log_info("time: %s at %lu Hz is the reference", reference.name, reference.hz);
    return tsc_hz;
}

uint64_t __init calibrate_finish(void)
{
    struct sample second = sample_take();
    uint64_t passed = calibrate_scale(second.tsc - first_sample.tsc, NS_PER_SEC, tsc_hz);

    if (passed < FINAL_WINDOW_NS) {
        wait_ticks(&second, FINAL_WINDOW_NS - passed);
        second = sample_take();
    } else if (!second.lapic) {
        /* Its 32 bits ran out meanwhile: measure it on its own. */
        lapic_timer_start(~0u);
        first_sample = sample_take();
        wait_ticks(&first_sample, FIRST_WINDOW_NS);
        second = sample_take();
    }
    tsc_hz = measure(&first_sample, &second);
    lapic_timer_start(0);
    log_info("time: TSC %lu.%03lu MHz, local APIC timer %lu.%03lu MHz", tsc_hz / 1000000, tsc_hz / 1000 % 1000,
             calibrate_scale(lapic_per_ns, 1000, 1ULL << 32),
             calibrate_scale(lapic_per_ns, 1000000, 1ULL << 32) % 1000);
    return tsc_hz;
}

uint32_t calibrate_lapic_ticks(uint64_t ns)
{
    unsigned __int128 ticks = ((unsigned __int128)ns * lapic_per_ns >> 32) + 1;

    return ticks > 0xffffffff ? 0xffffffff : (uint32_t)ticks;
}
