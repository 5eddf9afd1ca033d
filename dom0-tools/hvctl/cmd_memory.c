/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl mem-set, mem-max and mem-min: what a domain shall have, can have at most, and must keep when others need
 * memory.
 *
 * mem-set waits until the domain is where it shall be, or until there is nothing more to wait for: its exit status says
 * which. The target stays set in either case, so a guest that is slow gets there later.
 */
#include "guest/balloon.h"
#include "guest/memory_state.h"
#include "guest/store_layout.h"
#include "hvctl/command.h"
#include "hvctl/size_parse.h"
#include "libhv/store.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_SECONDS 30
#define DOM0_LEAST   (128u << 10) /* KiB: with less, dom0 does not live, and nobody could give it more */
#define KIB_PER_PAGE 4u

static bool parse_amount(const char *text, uint64_t *kib)
{
    if (size_parse_kib(text, kib) && *kib)
        return true;
    command_fail("'%s' is no amount of memory: a number of MiB, or with one of b, k, m, g, t behind it", text);
    return false;
}

/* The words that all three have: a domain and an amount. False after a message. */
static bool find(struct command *c, char *const *words, domain_info *info, uint64_t *kib)
{
    return parse_amount(words[1], kib) && command_store(c) && command_find_domain_info(c, words[0], info) >= 0;
}

/* Only who has no static-max (dom0) is bounded by what the hypervisor gives at most. */
static uint64_t most_of(struct command *c, const domain_info *info)
{
    bool bounded = info->max_pages < UINT32_MAX;

    return memory_state_node(c->xs, XBT_NULL, info->domain, "static-max",
                             bounded ? info->max_pages * KIB_PER_PAGE : UINT64_MAX);
}

static int write_node(struct command *c, const char *path, uint64_t kib)
{
    char value[24];

    snprintf(value, sizeof(value), "%" PRIu64, kib);
    return store_write(c->xs, XBT_NULL, path, value) ? COMMAND_OK : command_error("writing %s to the store", path);
}

/* dom0 was not made by tools: its maximum is what its limit was before we lowered that. */
static int remember_most(struct command *c, const domain_info *info)
{
    uint64_t pages = info->max_pages < UINT32_MAX ? info->max_pages : UINT32_MAX;

    if (info->domain || store_exists(c->xs, XBT_NULL, STORE_GUEST "/memory/static-max", info->domain))
        return COMMAND_OK;
    return write_node(c, "/local/domain/0/memory/static-max", pages * KIB_PER_PAGE);
}

static void print_result(struct command *c, const char *who, unsigned id, uint64_t kib, const struct balloon_result *r)
{
    struct json j;

    if (!c->json) {
        printf("memory of %s: %" PRIu64 " MiB asked, %" PRIu64 " MiB reached\n", who, kib >> 10,
               (r->reached_kib + 512) >> 10);
        return;
    }
    json_init(&j, stdout, false);
    json_object_begin(&j, NULL);
    json_unsigned(&j, "domid", id);
    json_text(&j, "name", who);
    json_unsigned(&j, "asked_kib", kib);
    json_unsigned(&j, "reached_kib", r->reached_kib);
    json_boolean(&j, "reached", r->end == BALLOON_END_REACHED);
    json_text(&j, "end", balloon_end_name(r->end));
    json_text(&j, "reason", r->reason[0] ? r->reason : NULL);
    json_object_end(&j);
}

static int wait_for(struct command *c, unsigned id, const char *who, uint64_t kib, uint64_t seconds)
{
    struct failure failure = {""};
    struct balloon_result result;

    if (balloon_wait(c->hv, c->xs, id, kib, (int64_t)seconds * 1000, &result, &failure))
        return command_fail("%s", failure.text);
    print_result(c, who, id, kib, &result);
    if (result.end == BALLOON_END_REACHED)
        return COMMAND_OK;
    fflush(stdout);
    command_fail("%s has not got the memory it shall have: %s", who, result.reason);
    return COMMAND_NOT_REACHED;
}

static bool parse_options(int argc, char **argv, uint64_t *seconds, bool *wait)
{
    static const struct option options[] = {
        {"wait", required_argument, NULL, 'w'}, {"no-wait", no_argument, NULL, 'n'}, {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "w:n", options, NULL)) != -1) {
        if (option == 'n')
            *wait = false;
        else if (option != 'w' || !command_parse_number(optarg, 1, 1000000, seconds))
            return false;
    }
    return argc - optind == 2;
}

int cmd_mem_set(struct command *c, int argc, char **argv)
{
    uint64_t kib, seconds = WAIT_SECONDS;
    struct failure failure = {""};
    domain_info info;
    bool wait = true;

    if (!parse_options(argc, argv, &seconds, &wait))
        return command_usage(c);
    if (!find(c, argv + optind, &info, &kib))
        return COMMAND_FAILED;
    uint64_t most = most_of(c, &info);
    if (kib > most)
        return command_fail("domain %s can have at most %" PRIu64
                            " MiB (maxmem in its configuration, \"hvctl mem-max\")",
                            argv[optind], most >> 10);
    if (info.domain == 0 && kib < DOM0_LEAST)
        return command_fail("dom0 needs %u MiB at least", DOM0_LEAST >> 10);
    if (remember_most(c, &info))
        return COMMAND_FAILED;
    if (balloon_set_target(c->hv, c->xs, info.domain, kib, &failure))
        return command_fail("%s", failure.text);
    if (!wait)
        return COMMAND_OK;
    char *name = store_domain_name(c->xs, info.domain);
    int status = wait_for(c, info.domain, name ? name : argv[optind], kib, seconds);
    free(name);
    return status;
}

int cmd_mem_max(struct command *c, int argc, char **argv)
{
    char path[64];
    domain_info info;
    uint64_t kib;

    if (argc != 3)
        return command_usage(c);
    if (!find(c, argv + 1, &info, &kib))
        return COMMAND_FAILED;
    uint64_t target = memory_state_node(c->xs, XBT_NULL, info.domain, "target", 0);
    if (kib < target)
        return command_fail("domain %s shall have %" PRIu64
                            " MiB now; the maximum cannot be less (\"hvctl mem-set\" first)",
                            argv[1], target >> 10);
    if (domain_set_max_memory(c->hv, info.domain, kib + BALLOON_SLACK_KIB))
        return command_error("setting the memory limit of domain %s", argv[1]);
    snprintf(path, sizeof(path), STORE_GUEST "/memory/static-max", info.domain);
    return write_node(c, path, kib);
}

int cmd_mem_min(struct command *c, int argc, char **argv)
{
    bool none = argc == 3 && strcmp(argv[2], "none") == 0;
    char path[64], no_amount[] = "1", *words[] = {argc > 1 ? argv[1] : NULL, none ? no_amount : argv[argc - 1]};
    domain_info info;
    uint64_t kib;

    if (argc != 3)
        return command_usage(c);
    if (!find(c, words, &info, &kib))
        return COMMAND_FAILED;
    snprintf(path, sizeof(path), STORE_OURS "/memory_min", info.domain);
    if (none) {
        xs_rm(c->xs, XBT_NULL, path);
        return COMMAND_OK;
    }
    uint64_t most = most_of(c, &info);
    if (kib > most)
        return command_fail("domain %s can have no more than %" PRIu64 " MiB", argv[1], most >> 10);
    return write_node(c, path, kib);
}
