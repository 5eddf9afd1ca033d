/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System time and wall clock: see clock.h.
 *
 * clock_state is written twice, both times while no guest exists: by clock_init with the quick calibration and by
 * clock_check_stable with the precise one, which continues from the time reached. After that it is constant, so readers
 * need no lock, and a guest that has its numbers once has them for good.
 */
#include "time/clock.h"
#include "cpu/cpu_local.h"
#include "cpu/features.h"
#include "cpu/x86.h"
#include "lib/compiler.h"
#include "lib/log.h"
#include "lib/spinlock.h"
#include "time/calibrate.h"
#include "time/rtc.h"

#define NS_PER_SEC  1000000000ULL
#define WARP_ROUNDS 2000

struct clock_state clock_state;
void (*clock_wall_changed)(void);
void (*clock_run_on_all)(void (*fn)(void *), void *arg);

static struct spinlock wall_lock = SPINLOCK_INIT(LOCK_LEVEL_TIME);
static uint64_t wall_base; /* ns since 1970 at system time 0; wall_lock */

static __initdata uint64_t warp_last; /* newest TSC that any CPU has seen; atomic */
static __initdata uint64_t warp_worst;

uint64_t clock_now(void)
{
    return clock_tsc_to_ns(rdtsc_ordered());
}

uint64_t clock_tsc_to_ns(uint64_t tsc)
{
    int64_t delta = (int64_t)(tsc - clock_state.base_tsc);

    if (delta < 0)
        return clock_state.base_ns;
    return clock_state.base_ns + clock_scale_apply(clock_state.scale, (uint64_t)delta);
}

static void __init clock_set_frequency(uint64_t hz, uint64_t base_tsc, uint64_t base_ns)
{
    clock_state.scale = clock_scale_for(hz);
    clock_state.tsc_khz = hz / 1000;
    clock_state.base_tsc = base_tsc;
    clock_state.base_ns = base_ns;
}

void __init clock_init(void)
{
    uint64_t hz = calibrate_start();

    clock_set_frequency(hz, rdtsc_ordered(), 0);
    wall_base = rtc_read_seconds() * NS_PER_SEC;
}

/*
 * All CPUs at once. If TSCs agree, a value that some CPU has published is in the past of everybody who reads it, so a
 * later reading here cannot be smaller.
 */
static void __init clock_warp_probe(void *unused)
{
    (void)unused;
    for (unsigned int i = 0; i < WARP_ROUNDS; i++) {
        uint64_t last = __atomic_load_n(&warp_last, __ATOMIC_SEQ_CST);
        uint64_t now = rdtsc_ordered();

        if (now < last) {
            uint64_t worst = __atomic_load_n(&warp_worst, __ATOMIC_RELAXED);

            while (last - now > worst && !__atomic_compare_exchange_n(&warp_worst, &worst, last - now, false,
                                                                      __ATOMIC_RELAXED, __ATOMIC_RELAXED))
                ;
        }
        while (now > last &&
               !__atomic_compare_exchange_n(&warp_last, &last, now, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            ;
    }
}

void __init clock_check_stable(void)
{
    uint64_t hz = calibrate_finish();
    uint64_t flags = irq_save();
    uint64_t tsc = rdtsc_ordered();

    clock_set_frequency(hz, tsc, clock_tsc_to_ns(tsc));
    irq_restore(flags);

    if (cpu_count > 1 && clock_run_on_all)
        clock_run_on_all(clock_warp_probe, NULL);
    clock_state.stable = (cpu_features.invariant_tsc || cpu_features.hypervisor) && !warp_worst;
    if (warp_worst)
        log_warning("time: TSCs of CPUs differ by %lu cycles", warp_worst);
    log_info("time: TSC is %s", clock_state.stable ? "stable" : "not stable");
}

void clock_wall_get(uint64_t *sec, uint32_t *nsec)
{
    spin_lock(&wall_lock);
    *sec = wall_base / NS_PER_SEC;
    *nsec = (uint32_t)(wall_base % NS_PER_SEC);
    spin_unlock(&wall_lock);
}

void clock_wall_set(uint64_t sec, uint32_t nsec, uint64_t system_time)
{
    spin_lock(&wall_lock);
    wall_base = sec * NS_PER_SEC + nsec - system_time;
    spin_unlock(&wall_lock);
    if (clock_wall_changed)
        clock_wall_changed();
}

void clock_delay_us(unsigned int us)
{
    uint64_t start = clock_now();

    while (clock_now() - start < (uint64_t)us * 1000)
        cpu_pause();
}
