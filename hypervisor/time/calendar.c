/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calendar arithmetic (pure). */
#include "lib/compiler.h"
#include "time/rtc.h"

uint64_t __init rtc_seconds_since_1970(unsigned int year, unsigned int month, unsigned int day, unsigned int hour,
                                       unsigned int minute, unsigned int second)
{
    static const uint16_t days_before[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    unsigned int leaps_before = (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    uint64_t days = (uint64_t)(year - 1970) * 365 + (leaps_before - 477); /* 477 leap days before 1970 */

    if (month < 1 || month > 12)
        month = 1;
    days += days_before[month - 1] + (leap && month > 2) + (day ? day - 1 : 0);
    return ((days * 24 + hour) * 60 + minute) * 60 + second;
}
