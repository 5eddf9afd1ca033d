/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvctl pause, unpause, trigger, sysrq: one signal to a domain each. */
#include "hvctl/command.h"
#include "libhv/store.h"

#include <stdio.h>
#include <string.h>

int cmd_pause(struct command *c, int argc, char **argv)
{
    if (argc != 2)
        return command_usage(c);
    int id = command_find_domain(c, argv[1]);
    if (id < 0)
        return COMMAND_FAILED;
    if (id == 0)
        return command_fail("domain 0 cannot be paused: nobody could let it run again");
    return domain_pause(c->hv, (unsigned)id) ? command_error("pausing domain %s", argv[1]) : COMMAND_OK;
}

int cmd_unpause(struct command *c, int argc, char **argv)
{
    if (argc != 2)
        return command_usage(c);
    domain_info info;
    int id = command_find_domain_info(c, argv[1], &info);
    if (id < 0)
        return COMMAND_FAILED;
    if (!(info.flags & XEN_DOMINF_paused)) {
        fprintf(stderr, "hvctl: domain %s is not paused\n", argv[1]);
        return COMMAND_OK; /* as with xl */
    }
    if (domain_unpause(c->hv, (unsigned)id))
        return command_error("unpausing domain %s", argv[1]);
    if (!domain_get_info(c->hv, (unsigned)id, &info) && info.flags & XEN_DOMINF_paused)
        fprintf(stderr, "hvctl: domain %s is still paused: it was paused more than once\n", argv[1]);
    return COMMAND_OK;
}

static int find_trigger(const char *name)
{
    static const struct {
        const char *name;
        int trigger;
    } triggers[] = {
        {"nmi", XEN_DOMCTL_SENDTRIGGER_NMI},     {"reset", XEN_DOMCTL_SENDTRIGGER_RESET},
        {"init", XEN_DOMCTL_SENDTRIGGER_INIT},   {"power", XEN_DOMCTL_SENDTRIGGER_POWER},
        {"sleep", XEN_DOMCTL_SENDTRIGGER_SLEEP},
    };
    for (unsigned i = 0; i < sizeof(triggers) / sizeof(triggers[0]); i++)
        if (!strcmp(name, triggers[i].name))
            return triggers[i].trigger;
    return -1;
}

int cmd_trigger(struct command *c, int argc, char **argv)
{
    uint64_t vcpu = 0;
    if (argc < 3 || argc > 4)
        return command_usage(c);
    int trigger = find_trigger(argv[2]);
    if (trigger < 0)
        return command_fail("there is no trigger '%s': nmi, reset, init, power or sleep", argv[2]);
    if (argc == 4 && !command_parse_number(argv[3], 0, UINT32_MAX, &vcpu))
        return command_fail("'%s' is no number of a vCPU", argv[3]);
    domain_info info;
    int id = command_find_domain_info(c, argv[1], &info);
    if (id < 0)
        return COMMAND_FAILED;
    if (info.max_vcpu_id == XEN_INVALID_MAX_VCPU_ID || vcpu > info.max_vcpu_id)
        return command_fail("domain %s has no vCPU %s", argv[1], argc == 4 ? argv[3] : "0");
    if (domain_send_trigger(c->hv, (unsigned)id, (unsigned)trigger, (unsigned)vcpu))
        return command_error("sending %s to domain %s", argv[2], argv[1]);
    return COMMAND_OK;
}

int cmd_sysrq(struct command *c, int argc, char **argv)
{
    char path[64];
    if (argc != 3 || strlen(argv[2]) != 1)
        return command_usage(c);
    int id = command_find_domain(c, argv[1]);
    if (id < 0 || !command_store(c))
        return COMMAND_FAILED;
    snprintf(path, sizeof(path), "/local/domain/%d/control/sysrq", id);
    if (!store_write(c->xs, XBT_NULL, path, argv[2]))
        return command_error("writing %s to the store", path);
    return COMMAND_OK;
}
