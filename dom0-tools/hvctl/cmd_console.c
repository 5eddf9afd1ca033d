/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvctl console: a guest's console on this terminal; with --since-boot also that of a guest that is dead. */
#include "hvctl/console_attach.h"
#include "hvctl/console_log.h"
#include "libhv/store.h"
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ESCAPE 0x1d /* Ctrl-] */

/* "^X" or one character. */
static bool read_escape(const char *text, char *escape)
{
    if (text[0] == '^' && text[1] && !text[2])
        *escape = (char)(text[1] & 0x1f);
    else if (text[0] && !text[1])
        *escape = text[0];
    else
        return false;
    return true;
}

/* -1: go on; else the exit status. */
static int read_options(struct command *c, int argc, char **argv, struct console_options *options)
{
    static const struct option names[] = {
        {"since-boot", no_argument, NULL, 's'},    {"type", required_argument, NULL, 't'},
        {"num", required_argument, NULL, 'n'},     {"escape", required_argument, NULL, 'e'},
        {"log-dir", required_argument, NULL, 'l'}, {NULL, 0, NULL, 0},
    };
    int option;

    optind = 0;
    while ((option = getopt_long(argc, argv, "st:n:e:", names, NULL)) != -1) {
        if (option == 's')
            options->since_boot = true;
        else if (option == 'l')
            options->log_dir = optarg;
        else if (option == 't' && strcmp(optarg, "pv") != 0)
            return command_fail("a console of type %s is not supported: PV guests have one of type pv", optarg);
        else if (option == 'n' && strcmp(optarg, "0") != 0)
            return command_fail("there is no console %s: guests have one, number 0", optarg);
        else if (option == 'e' && !read_escape(optarg, &options->escape))
            return command_fail("the escape '%s' is neither one character nor one with ^ before it", optarg);
        else if (option == '?')
            return command_usage(c);
    }
    return optind == argc - 1 ? -1 : command_usage(c);
}

/* The log of a name that no domain has: only with --since-boot. -1: there is none. */
static int print_log_of_the_dead(const char *name, const struct console_options *options)
{
    struct console_log log;
    int error = console_log_replay(&log, options->log_dir, name, STDOUT_FILENO);

    console_log_close(&log);
    return error;
}

int cmd_console(struct command *c, int argc, char **argv)
{
    struct console_options options = {.escape = ESCAPE, .log_dir = CONSOLE_LOG_DIR};
    int status = read_options(c, argc, argv, &options);
    uint64_t number;

    if (status >= 0)
        return status;
    const char *who = argv[optind];
    if (options.since_boot && !command_parse_number(who, 0, UINT64_MAX, &number) && command_store(c) &&
        store_domain_by_name(c->xs, who) < 0 && print_log_of_the_dead(who, &options) == 0)
        return COMMAND_OK;
    int domid = command_find_domain(c, who);
    if (domid < 0)
        return COMMAND_FAILED;
    if (domid == 0)
        return command_fail("domain 0 has no console here: its console is the machine's");
    return console_attach(c, (unsigned)domid, &options);
}
