/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hypervisor's own log, followed into DIR/../hypervisor.log (--hypervisor). */
#ifndef HAVEN_HVCONSOLED_HYPERVISOR_LOG_H
#define HAVEN_HVCONSOLED_HYPERVISOR_LOG_H

#include "hvconsoled/log_file.h"
#include "libhv/hypervisor.h"
#include <xenevtchn.h>

struct hypervisor_log {
    struct hypervisor *hv;
    xenevtchn_handle *events;
    xenevtchn_port_or_error_t port; /* -1: not followed */
    struct log_file log;
    struct log_options options;
    char *buffer;   /* that the hypervisor can write to */
    uint32_t index; /* of the hypervisor's ring: what comes next */
};

/* Begins with all that the hypervisor still has. -1 with errno. */
int hypervisor_log_open(struct hypervisor_log *log, const char *dir);
/* Its port was kicked. */
void hypervisor_log_event(struct hypervisor_log *log);

#endif
