/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See options.h. */
#include "xenstore/options.h"

#include "xenstore/log.h"
#include "xenstore/memory.h"
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUN_FOLDER "/run/xenstored"

static const char usage_text[] =
    "Usage: xenstored [OPTION]...\n"
    "The server of the store: nodes, watches and transactions for domains and dom0's tools.\n"
    "\n"
    "  -N, --no-fork              stay in the foreground, log to stderr\n"
    "  -D, --no-domain-init       serve the socket only (also --no-domains): no hypervisor is needed\n"
    "      --socket PATH          where to listen (" RUN_FOLDER "/socket, or as XENSTORED_PATH or\n"
    "                             XENSTORED_RUNDIR say)\n"
    "      --journal PATH         what survives a restart (journal, beside the socket)\n"
    "  -F, --pid-file FILE        write the process's number there\n"
    "  -P, --output-pid           print it\n"
    "  -T, --trace-file FILE      log every message there\n"
    "  -V, --verbose              log more\n"
    "  -E, --entry-nb N           nodes per domain\n"
    "  -S, --entry-size N         size of a node\n"
    "  -W, --watch-nb N           watches per domain\n"
    "  -t, --transaction N        transactions per domain\n"
    "  -A, --perm-nb N            permissions per node\n"
    "  -M, --path-max N           length of a node's path\n"
    "  -Q, --quota WHAT=N         nodes, watches, transactions, outstanding, transaction-nodes, memory,\n"
    "                             node-size, path-max, permissions\n"
    "  -q, --quota-soft WHAT=N    memory: a warning from there on\n"
    "  -H, --help                 this text\n"
    "Of the C xenstored's options -R, -I, -K, -w and -U are accepted and do nothing.\n";

enum { OPTION_SOCKET = 256, OPTION_JOURNAL };

static const struct option long_options[] = {
    {"no-domain-init", no_argument, NULL, 'D'},
    {"no-domains", no_argument, NULL, 'D'},
    {"entry-nb", required_argument, NULL, 'E'},
    {"pid-file", required_argument, NULL, 'F'},
    {"help", no_argument, NULL, 'H'},
    {"no-fork", no_argument, NULL, 'N'},
    {"output-pid", no_argument, NULL, 'P'},
    {"entry-size", required_argument, NULL, 'S'},
    {"trace-file", required_argument, NULL, 'T'},
    {"transaction", required_argument, NULL, 't'},
    {"perm-nb", required_argument, NULL, 'A'},
    {"path-max", required_argument, NULL, 'M'},
    {"quota", required_argument, NULL, 'Q'},
    {"quota-soft", required_argument, NULL, 'q'},
    {"timeout", required_argument, NULL, 'w'},
    {"no-recovery", no_argument, NULL, 'R'},
    {"internal-db", optional_argument, NULL, 'I'},
    {"keep-orphans", no_argument, NULL, 'K'},
    {"verbose", no_argument, NULL, 'V'},
    {"watch-nb", required_argument, NULL, 'W'},
    {"live-update", no_argument, NULL, 'U'},
    {"socket", required_argument, NULL, OPTION_SOCKET},
    {"journal", required_argument, NULL, OPTION_JOURNAL},
    {NULL, 0, NULL, 0},
};

static void __attribute__((noreturn)) refuse(const char *what, const char *argument)
{
    fprintf(stderr, "xenstored: %s: %s (see xenstored --help)\n", what, argument);
    exit(2);
}

static void set_limit(struct options *options, const char *name, bool soft, const char *text)
{
    struct quota *quota = memory_zalloc(sizeof(*quota));
    char *end;
    long value = strtol(text, &end, 10);

    int kind = *text && !*end ? quota_set(quota, name, soft, value) : -1;
    if (kind < 0)
        refuse("no quota and value", text);
    options->limits[kind] = quota->limit[kind];
    free(quota);
}

static void set_named_limit(struct options *options, const char *argument, bool soft)
{
    const char *equals = strchr(argument, '=');

    if (!equals)
        refuse("wanted WHAT=N", argument);
    char *name = memory_copy(argument, equals - argument + 1);
    name[equals - argument] = 0;
    set_limit(options, name, soft, equals + 1);
    free(name);
}

/* The options that set one limit. */
static bool set_by_letter(struct options *options, int letter, const char *argument)
{
    static const struct {
        int letter;
        const char *name;
    } limits[] = {{'E', "nodes"},        {'S', "node-size"},   {'W', "watches"},
                  {'t', "transactions"}, {'A', "permissions"}, {'M', "path-max"}};

    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        if (limits[i].letter == letter) {
            set_limit(options, limits[i].name, false, argument);
            return true;
        }
    }
    return false;
}

static void set_option(struct options *options, int letter, const char *argument)
{
    switch (letter) {
    case 'D':
        options->domains = false;
        break;
    case 'F':
        options->pid_file = argument;
        break;
    case 'N':
        options->fork = false;
        break;
    case 'P':
        options->output_pid = true;
        break;
    case 'T':
        options->trace = argument;
        break;
    case 'V':
        options->verbose = true;
        break;
    case 'Q':
    case 'q':
        set_named_limit(options, argument, letter == 'q');
        break;
    case OPTION_SOCKET:
        options->socket = argument;
        break;
    case OPTION_JOURNAL:
        options->journal = argument;
        break;
    default:
        set_by_letter(options, letter, argument);
    }
}

/* Where clients look, unless told otherwise. */
static void set_paths(struct options *options)
{
    static char path[PATH_MAX], journal[PATH_MAX];
    const char *folder = getenv("XENSTORED_RUNDIR");

    if (!options->socket)
        options->socket = getenv("XENSTORED_PATH");
    if (!options->socket) {
        snprintf(path, sizeof(path), "%s/socket", folder ? folder : RUN_FOLDER);
        options->socket = path;
    }
    if (!options->journal) {
        const char *slash = strrchr(options->socket, '/');
        snprintf(journal, sizeof(journal), "%.*sjournal", slash ? (int)(slash - options->socket + 1) : 0,
                 options->socket);
        options->journal = journal;
    }
}

void options_parse(struct options *options, int argc, char **argv)
{
    int letter;

    *options = (struct options){.fork = true, .domains = true};
    for (int i = 0; i < QUOTA_KINDS; i++)
        options->limits[i] = quota_settings[i].initial;
    while ((letter = getopt_long(argc, argv, "DE:F:HI::KNPS:t:A:M:Q:q:T:RVW:w:U", long_options, NULL)) != -1) {
        if (letter == 'H') {
            fputs(usage_text, stdout);
            exit(0);
        }
        if (letter == '?')
            exit(2);
        set_option(options, letter, optarg);
    }
    if (optind < argc)
        refuse("takes no arguments", argv[optind]);
    set_paths(options);
}
