/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon says about itself: on stderr, or to syslog when it runs in the background. */
#ifndef HAVEN_HVCONSOLED_REPORT_H
#define HAVEN_HVCONSOLED_REPORT_H

#include <stdbool.h>

void report_to_syslog(bool yes);
/* One line, without its end. */
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
