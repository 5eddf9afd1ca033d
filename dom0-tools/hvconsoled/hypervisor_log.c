/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor kicks VIRQ_CON_RING when its ring has something new, and gives out what comes after an index. A daemon
 * that starts again does not know where the one before it was: it notes the start and takes the whole ring again.
 */
#include "hvconsoled/hypervisor_log.h"
#include "hvconsoled/report.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define BUFFER_SIZE 16384

static void take(struct hypervisor_log *log)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_readconsole};

    do {
        op.u.readconsole = (struct xen_sysctl_readconsole){
            .incremental = 1, .index = log->index, .count = BUFFER_SIZE, .buffer.p = log->buffer};
        if (hypervisor_sysctl(log->hv, &op) < 0) {
            report("can't read the hypervisor's log: %s", strerror(errno));
            return;
        }
        log->index = op.u.readconsole.index;
        log_file_write(&log->log, log->buffer, op.u.readconsole.count);
    } while (op.u.readconsole.count == BUFFER_SIZE);
}

int hypervisor_log_open(struct hypervisor_log *log, const char *dir)
{
    char *above; /* no guest's log can be there */

    if (asprintf(&above, "%s/..", dir) < 0)
        return -1;
    log->options = (struct log_options){.dir = above, .rotate_size = 1 << 20, .keep = 4};
    log->buffer = hypervisor_buffer_alloc(log->hv, BUFFER_SIZE);
    if (!log->buffer)
        return -1;
    log->port = xenevtchn_bind_virq(log->events, VIRQ_CON_RING);
    if (log->port < 0)
        return -1;
    log_file_open(&log->log, &log->options, "hypervisor");
    log_file_note(&log->log, "begin hypervisor");
    take(log);
    return 0;
}

void hypervisor_log_event(struct hypervisor_log *log)
{
    take(log);
    xenevtchn_unmask(log->events, (evtchn_port_t)log->port);
}
