/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvctl debug-keys KEYS: the keys that the serial console knows, from dom0. What they print is in hvctl dmesg. */
#include "hvctl/command.h"

#include <string.h>

int cmd_debug_keys(struct command *c, int argc, char **argv)
{
    if (argc != 2 || !argv[1][0])
        return command_usage(c);
    struct hypervisor *hv = command_hypervisor(c);
    if (!hv)
        return COMMAND_FAILED;
    size_t n = strlen(argv[1]);
    char *keys = hypervisor_buffer_alloc(hv, n);
    if (!keys)
        return command_error("memory for the keys");
    memcpy(keys, argv[1], n);
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_debug_keys};
    op.u.debug_keys.nr_keys = (uint32_t)n;
    set_xen_guest_handle(op.u.debug_keys.keys, keys);
    int r = hypervisor_sysctl(hv, &op);
    hypervisor_buffer_free(hv, keys);
    if (r)
        return command_error("sending debug keys");
    if (c->json) {
        struct json j;
        json_init(&j, stdout, true);
        json_object_begin(&j, NULL);
        json_unsigned(&j, "sent", n);
        json_object_end(&j);
    }
    return COMMAND_OK;
}
