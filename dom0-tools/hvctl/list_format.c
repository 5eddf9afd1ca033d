/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See list_format.h. Widths are those of xl's output, which scripts cut into columns. */
#include "hvctl/list_format.h"

#include <inttypes.h>
#include <string.h>
#include <xen/sched.h>

void list_format_state(const domain_info *info, char state[LIST_STATE_SIZE])
{
    uint32_t f = info->flags;
    state[0] = f & XEN_DOMINF_running ? 'r' : '-';
    state[1] = f & XEN_DOMINF_blocked ? 'b' : '-';
    state[2] = f & XEN_DOMINF_paused ? 'p' : '-';
    state[3] = f & XEN_DOMINF_shutdown ? 's' : '-';
    state[4] = domain_shutdown_code(info) == SHUTDOWN_crash ? 'c' : '-';
    state[5] = f & XEN_DOMINF_dying ? 'd' : '-';
    state[6] = 0;
}

uint64_t list_memory_mib(const domain_info *info)
{
    return (info->tot_pages + info->outstanding_pages) >> 8;
}

void list_print_header(FILE *out, const struct list_columns *columns)
{
    fprintf(out, "%-40s %5s %5s %5s\tState\tTime(s)", "Name", "ID", "Mem", "VCPUs");
    if (columns->verbose)
        fprintf(out, "   UUID                            Reason-Code\tSecurity Label");
    if (columns->label && !columns->verbose)
        fprintf(out, "   Security Label");
    if (columns->cpupool)
        fprintf(out, "%16s", "Cpupool");
    if (columns->numa)
        fprintf(out, " NODE Affinity");
    putc('\n', out);
}

void list_print_line(FILE *out, const struct list_columns *columns, const domain_info *info, const char *name)
{
    char state[LIST_STATE_SIZE], uuid[DOMAIN_UUID_SIZE], pool[24];
    list_format_state(info, state);
    fprintf(out, "%-40s %5u %5" PRIu64 " %5" PRIu32 "     %s  %8.1f", name ? name : "(null)", info->domain,
            list_memory_mib(info), info->nr_online_vcpus, state, (double)info->cpu_time / 1e9);
    if (columns->verbose) {
        domain_format_uuid(info->handle, uuid);
        fprintf(out, " %s", uuid);
        if (domain_shutdown_code(info) >= 0)
            fprintf(out, " %8x", (unsigned)domain_shutdown_code(info));
        else
            fprintf(out, " %8s", "-");
    }
    if (columns->verbose || columns->label)
        fprintf(out, " %16s", "-");
    if (columns->cpupool) {
        snprintf(pool, sizeof(pool), "Pool-%" PRIu32, info->cpupool);
        fprintf(out, "%16s", info->cpupool == UINT32_MAX ? "-" : pool);
    }
    if (columns->numa)
        fprintf(out, " all");
    putc('\n', out);
}

void list_format_uptime(uint64_t seconds, bool brief, char text[LIST_UPTIME_SIZE])
{
    uint64_t days = seconds / 86400, hours = seconds / 3600 % 24, minutes = seconds / 60 % 60;
    int n = 0;
    if (days)
        n = snprintf(text, LIST_UPTIME_SIZE, "%" PRIu64 " day%s, ", days, days == 1 ? "" : "s");
    n += snprintf(text + n, LIST_UPTIME_SIZE - (size_t)n, "%2" PRIu64 ":%02" PRIu64, hours, minutes);
    if (!brief)
        snprintf(text + n, LIST_UPTIME_SIZE - (size_t)n, ":%02" PRIu64, seconds % 60);
}
