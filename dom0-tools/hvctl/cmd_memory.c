/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl mem-set and mem-max. The guest's kernel balloons to memory/target by itself; the hypervisor's limit (max_mem)
 * is set a little above, as Xen's tools do, so that a guest cannot take more than its target.
 */
#include "hvctl/command.h"
#include "hvctl/size_parse.h"
#include "libhv/store.h"

#include <inttypes.h>
#include <stdio.h>

#define LIMIT_SLACK_KIB 1024 /* pages that are the guest's, but not its memory */

static bool write_kib(struct command *c, unsigned id, const char *node, uint64_t kib)
{
    char path[64], value[24];
    snprintf(path, sizeof(path), "/local/domain/%u/memory/%s", id, node);
    snprintf(value, sizeof(value), "%" PRIu64, kib);
    if (store_write(c->xs, XBT_NULL, path, value))
        return true;
    command_error("writing %s to the store", path);
    return false;
}

static uint64_t read_kib(struct command *c, unsigned id, const char *node, uint64_t otherwise)
{
    uint64_t kib;
    return store_read_number(c->xs, XBT_NULL, &kib, "/local/domain/%u/memory/%s", id, node) ? kib : otherwise;
}

/* The arguments of both: a domain and an amount. -1 after a message. */
static int arguments(struct command *c, char **argv, domain_info *info, uint64_t *kib)
{
    if (!size_parse_kib(argv[2], kib) || !*kib) {
        command_fail("'%s' is no amount of memory: a number of MiB, or with one of b, k, m, g, t behind it", argv[2]);
        return -1;
    }
    if (!command_store(c))
        return -1;
    return command_find_domain_info(c, argv[1], info);
}

int cmd_mem_set(struct command *c, int argc, char **argv)
{
    domain_info info;
    uint64_t kib;
    if (argc != 3)
        return command_usage(c);
    if (arguments(c, argv, &info, &kib) < 0)
        return COMMAND_FAILED;
    /* Only who has no static-max (dom0) is bounded by what the hypervisor gives at most. */
    uint64_t most =
        read_kib(c, info.domain, "static-max", info.max_pages > UINT64_MAX / 4 ? UINT64_MAX : info.max_pages * 4);
    if (kib > most)
        return command_fail("domain %s can have at most %" PRIu64
                            " MiB (maxmem in its configuration, \"hvctl mem-max\")",
                            argv[1], most >> 10);
    if (domain_set_max_memory(c->hv, info.domain, kib + LIMIT_SLACK_KIB))
        return command_error("setting the memory limit of domain %s", argv[1]);
    return write_kib(c, info.domain, "target", kib - read_kib(c, info.domain, "videoram", 0)) ? COMMAND_OK
                                                                                              : COMMAND_FAILED;
}

int cmd_mem_max(struct command *c, int argc, char **argv)
{
    domain_info info;
    uint64_t kib;
    if (argc != 3)
        return command_usage(c);
    if (arguments(c, argv, &info, &kib) < 0)
        return COMMAND_FAILED;
    uint64_t target = read_kib(c, info.domain, "target", 0);
    if (kib < target)
        return command_fail("domain %s shall have %" PRIu64
                            " MiB now; the maximum cannot be less (\"hvctl mem-set\" first)",
                            argv[1], target >> 10);
    if (domain_set_max_memory(c->hv, info.domain, kib + LIMIT_SLACK_KIB))
        return command_error("setting the memory limit of domain %s", argv[1]);
    return write_kib(c, info.domain, "static-max", kib) ? COMMAND_OK : COMMAND_FAILED;
}
