/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvctl dmesg [-c]: the hypervisor's log, from the oldest line that its ring still holds. As JSON the log is an array
 * of pieces that belong together without a gap. */
#include "hvctl/command.h"

#include <stdio.h>
#include <string.h>

#define CHUNK 65536

/* Reads the ring piece by piece: it may grow meanwhile, and its size is the hypervisor's affair. */
static int print_log(struct hypervisor *hv, char *buffer, struct json *j)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_readconsole};
    struct xen_sysctl_readconsole *r = &op.u.readconsole;
    bool first = true;
    do {
        uint32_t index = r->index;
        *r = (struct xen_sysctl_readconsole){.incremental = !first, .index = index, .count = CHUNK};
        set_xen_guest_handle(r->buffer, buffer);
        if (hypervisor_sysctl(hv, &op))
            return -1;
        if (!j)
            fwrite(buffer, 1, r->count, stdout);
        else if (first || r->count)
            json_bytes(j, NULL, buffer, r->count);
        first = false;
    } while (r->count == CHUNK);
    return 0;
}

static int print_json(struct hypervisor *hv, char *buffer)
{
    struct json j;
    json_init(&j, stdout, true);
    json_object_begin(&j, NULL);
    json_array_begin(&j, "log");
    int r = print_log(hv, buffer, &j);
    json_array_end(&j);
    json_object_end(&j);
    return r;
}

static int clear_log(struct hypervisor *hv, char *buffer)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_readconsole};
    op.u.readconsole.clear = true;
    set_xen_guest_handle(op.u.readconsole.buffer, buffer);
    return hypervisor_sysctl(hv, &op);
}

int cmd_dmesg(struct command *c, int argc, char **argv)
{
    bool clear = argc == 2 && (!strcmp(argv[1], "-c") || !strcmp(argv[1], "--clear"));
    if (argc > 1 && !clear)
        return command_usage(c);
    struct hypervisor *hv = command_hypervisor(c);
    if (!hv)
        return COMMAND_FAILED;
    char *buffer = hypervisor_buffer_alloc(hv, CHUNK);
    if (!buffer)
        return command_error("memory for the log");
    int r = c->json ? print_json(hv, buffer) : print_log(hv, buffer, NULL);
    if (!r && clear)
        r = clear_log(hv, buffer);
    hypervisor_buffer_free(hv, buffer);
    return r ? command_error("reading the hypervisor's log") : COMMAND_OK;
}
