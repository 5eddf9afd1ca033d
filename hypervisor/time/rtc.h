/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The battery clock (MC146818 and its descendants), read once while booting. */
#ifndef HAVEN_TIME_RTC_H
#define HAVEN_TIME_RTC_H

#include "lib/types.h"

/* Seconds since 1970-01-01 UTC, as the clock says. */
uint64_t rtc_read_seconds(void);

/* Pure. month 1..12, day 1..31. */
uint64_t rtc_seconds_since_1970(unsigned int year, unsigned int month, unsigned int day, unsigned int hour,
                                unsigned int minute, unsigned int second);

#endif
