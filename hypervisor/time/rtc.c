/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Battery clock. It updates its registers once a second and says so in register A bit 7 for up to 2 ms; two equal
 * readings with that bit clear are a time.
 */
#include "time/rtc.h"
#include "lib/compiler.h"
#include "lib/string.h"
#include "platform/cmos.h"

#define RTC_A        0x0a
#define RTC_B        0x0b
#define RTC_A_UIP    0x80
#define RTC_B_24H    0x02
#define RTC_B_BINARY 0x04
#define RTC_PM       0x80
#define RTC_TRIES    10000

enum { SECOND, MINUTE, HOUR, DAY, MONTH, YEAR, FIELDS };
static const uint8_t rtc_register[FIELDS] __initconst = {0x00, 0x02, 0x04, 0x07, 0x08, 0x09};

static void __init rtc_read_fields(uint8_t *f)
{
    for (unsigned int i = 0; i < FIELDS; i++)
        f[i] = cmos_read(rtc_register[i]);
}

static unsigned int __init rtc_number(uint8_t v, uint8_t mode)
{
    return mode & RTC_B_BINARY ? v : (v >> 4) * 10 + (v & 15);
}

uint64_t __init rtc_read_seconds(void)
{
    uint8_t a[FIELDS], b[FIELDS], mode = cmos_read(RTC_B);
    unsigned int hour, year;
    bool pm;

    for (unsigned int i = 0; i < RTC_TRIES; i++) {
        if (cmos_read(RTC_A) & RTC_A_UIP)
            continue;
        rtc_read_fields(a);
        rtc_read_fields(b);
        if (!(cmos_read(RTC_A) & RTC_A_UIP) && !memcmp(a, b, sizeof(a)))
            break;
    }
    pm = !(mode & RTC_B_24H) && (a[HOUR] & RTC_PM);
    hour = rtc_number(mode & RTC_B_24H ? a[HOUR] : a[HOUR] & ~RTC_PM, mode);
    if (!(mode & RTC_B_24H))
        hour = hour % 12 + (pm ? 12 : 0);
    year = rtc_number(a[YEAR], mode) + 2000;
    return rtc_seconds_since_1970(year, rtc_number(a[MONTH], mode), rtc_number(a[DAY], mode), hour,
                                  rtc_number(a[MINUTE], mode), rtc_number(a[SECOND], mode));
}
