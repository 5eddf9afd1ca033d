/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvctl destroy: ends guests at once, as if their power was cut. */
#include "guest/destroy.h"
#include "hvctl/command.h"

#include <stdio.h>
#include <string.h>

int cmd_destroy(struct command *c, int argc, char **argv)
{
    int first = argc > 1 && strcmp(argv[1], "-f") == 0 ? 2 : 1; /* xl's -f: domain 0, too, which is refused here */
    struct hypervisor *hv;
    struct xs_handle *xs;

    if (first >= argc)
        return command_usage(c);
    hv = command_hypervisor(c);
    xs = hv ? command_store(c) : NULL;
    if (!xs)
        return COMMAND_FAILED;
    int status = COMMAND_OK;
    for (int i = first; i < argc; i++) {
        struct failure failure = {""};
        int domid = command_find_domain(c, argv[i]);
        if (domid < 0)
            status = COMMAND_FAILED;
        else if (guest_destroy(hv, xs, (unsigned)domid, &failure))
            status = command_fail("%s", failure.text);
        else if (c->json)
            printf("{\"destroyed\": %d}\n", domid);
    }
    return status;
}
