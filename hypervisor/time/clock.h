/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System time: nanoseconds since boot, one value for all CPUs, from the TSC scaled by (mul, shift) as the PV time ABI
 * defines it: ns = base_ns + ((tsc - base_tsc) << shift) * mul / 2^32. The TSC is calibrated against HPET, PM timer or
 * PIT. It counts as stable when it is invariant (or virtual) and no CPU sees another's go backwards.
 */
#ifndef HAVEN_TIME_CLOCK_H
#define HAVEN_TIME_CLOCK_H

#include "lib/types.h"

struct clock_scale {
    uint32_t mul; /* 0.32 fixed point */
    int8_t shift;
};

struct clock_state {
    struct clock_scale scale;
    uint64_t base_tsc, base_ns;
    uint64_t tsc_khz;
    bool stable;
};

extern struct clock_state clock_state; /* constant after boot */

void clock_init(void); /* boot CPU: calibrates */
void clock_check_stable(
    void); /* after SMP is up, before the first guest: refines the calibration over the time since; warp test */
uint64_t clock_now(void); /* ns */
uint64_t clock_tsc_to_ns(uint64_t tsc);

/* Pure: scale for a frequency; and its application. */
struct clock_scale clock_scale_for(uint64_t hz);
uint64_t clock_scale_apply(struct clock_scale s, uint64_t tsc_delta);

/* Wall clock: UTC at system time 0 (seconds, ns). Set from the CMOS clock at boot and by dom0's settime. */
void clock_wall_get(uint64_t *sec, uint32_t *nsec);
void clock_wall_set(uint64_t sec, uint32_t nsec, uint64_t system_time);
/* Set by guest/clock.c: tells all domains. */
extern void (*clock_wall_changed)(void);

/* Set by sched/ (which knows interrupts): runs fn on all CPUs at once and waits. Used by the warp test. */
extern void (*clock_run_on_all)(void (*fn)(void *), void *arg);

/* Busy wait, once clock_init ran (before: calibrate_pit_delay_us). */
void clock_delay_us(unsigned int us);

#endif
