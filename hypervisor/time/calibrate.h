/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How fast TSC and local APIC timer run, measured against a counter of known frequency: HPET, ACPI PM timer or PIT. */
#ifndef HAVEN_TIME_CALIBRATE_H
#define HAVEN_TIME_CALIBRATE_H

#include "lib/types.h"

/* Finds the reference counter and measures for a short while. Returns the TSC's frequency in Hz. */
uint64_t calibrate_start(void);

/* The same over the whole time since calibrate_start (waits until that is long enough). Before the first timer is set.
 */
uint64_t calibrate_finish(void);

/* Ticks of the local APIC timer until 'ns' have passed, rounded up; at most 32 bits. */
uint32_t calibrate_lapic_ticks(uint64_t ns);

/* Busy wait on the PIT's own clock, for the time before calibrate_start. */
void calibrate_pit_delay_us(unsigned int us);

/* Pure: a * mul / div without overflow in between. */
uint64_t calibrate_scale(uint64_t a, uint64_t mul, uint64_t div);

#endif
