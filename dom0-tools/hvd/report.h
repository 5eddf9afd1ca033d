/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What hvd says about its work: lines on stderr, or to syslog when it runs in the background. */
#ifndef HAVEN_HVD_REPORT_H
#define HAVEN_HVD_REPORT_H

#include <stdbool.h>

void report_to_syslog(void);
/* One line, without its end. */
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
