/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What hvdriverd says about its work: lines on stderr, or to syslog when it runs in the background. */
#ifndef HAVEN_PV_DRIVERS_MANAGER_REPORT_H
#define HAVEN_PV_DRIVERS_MANAGER_REPORT_H

#include "manager/device_kind.h"

void report_to_syslog(void);
/* One line, without its end. */
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, about a device: "domain 5 vbd 51712: ...". */
void report_device(const struct device *d, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
