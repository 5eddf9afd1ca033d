/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvctl dmesg [-c]: the hypervisor's log, from the oldest line that its ring still holds. */
#include "hvctl/command.h"

#include <stdio.h>
#include <string.h>

#define CHUNK 65536

/* Reads the ring piece by piece: it may grow meanwhile, and its size is the hypervisor's affair. */
static int print_log(struct hypervisor *hv, char *buffer, bool json)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_readconsole};
    struct xen_sysctl_readconsole *r = &op.u.readconsole;
    bool first = true;
    if (json)
        fputs("{\"log\": ", stdout);
    do {
        uint32_t index = r->index;
        *r = (struct xen_sysctl_readconsole){.incremental = !first, .index = index, .count = CHUNK};
        set_xen_guest_handle(r->buffer, buffer);
        if (hypervisor_sysctl(hv, &op))
            return -1;
        if (json && (first || r->count)) {
            if (!first)
                fputs(",\n", stdout);
            else
                fputs("[", stdout);
            json_print_string(buffer, r->count);
        } else if (!json) {
            fwrite(buffer, 1, r->count, stdout);
        }
        first = false;
    } while (r->count == CHUNK);
    if (json)
        fputs("]}\n", stdout);
    return 0;
}

static int clear_log(struct hypervisor *hv, char *buffer)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_readconsole};
    op.u.readconsole.clear = true;
    set_xen_guest_handle(op.u.readconsole.buffer, buffer);
    return hypervisor_sysctl(hv, &op);
}

int cmd_dmesg(struct hypervisor *hv, int argc, char **argv, bool json)
{
    bool clear = argc == 2 && !strcmp(argv[1], "-c");
    if (argc > 1 && !clear) {
        fputs("usage: hvctl dmesg [-c]\n", stderr);
        return COMMAND_USAGE;
    }
    char *buffer = hypervisor_buffer_alloc(hv, CHUNK);
    if (!buffer)
        return command_error("memory for the log");
    int r = print_log(hv, buffer, json);
    if (!r && clear)
        r = clear_log(hv, buffer);
    hypervisor_buffer_free(hv, buffer);
    return r ? command_error("reading the hypervisor's log") : COMMAND_OK;
}
