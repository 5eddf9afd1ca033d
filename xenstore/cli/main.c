/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvstore: the store from the command line.  One program for all commands: called as hvstore or xenstore, the first
 * argument names the command, and called as xenstore-COMMAND the name does.  Options, output and exit codes are those
 * of Debian's xenstore-utils, which scripts know; --json is ours.
 *
 * What touches several nodes runs in a transaction, so that it sees and makes one state; when the store says that
 * others came in between (EAGAIN), all of it is done again, and nothing was printed yet.
 */
#include "cli/cli.h"

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum transactional { NEVER, ALWAYS, FOR_SEVERAL };

struct command {
    const char *name, *arguments, *options;
    int (*run)(struct cli *cli, char **arguments);
    enum transactional transactional;
    int unit; /* how many arguments belong together */
    const char *summary;
};

static const struct command commands[] = {
    {"chmod", "[-h] [-u] [-r] [-s] key <mode [modes...]>", "ur", cmd_chmod, ALWAYS, 1, "set a node's permissions"},
    {"exists", "[-h] [-p] [-s] key [...]", "", cmd_exists, ALWAYS, 1, "exit with 0 if all the nodes are there"},
    {"list", "[-h] [-p] [-s] key [...]", "p", cmd_list, ALWAYS, 1, "print the names of a node's children"},
    {"ls", "[-h] [-f] [-p] [-s] [path]", "fp", cmd_ls, NEVER, 0, "print a node's whole tree"},
    {"read", "[-h] [-p] [-s] [-R] key [...]", "pR", cmd_read, FOR_SEVERAL, 1, "print values"},
    {"rm", "[-h] [-s] [-t] key [...]", "t", cmd_rm, ALWAYS, 1, "remove nodes and all below them"},
    {"watch", "[-h] [-n NR] key", "n", cmd_watch, NEVER, 1, "print the paths of changes as they happen"},
    {"write", "[-h] [-s] [-R] key value [...]", "R", cmd_write, FOR_SEVERAL, 2, "write values"},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* Its options are arguments to the store. */
static const struct command control = {"control", "<command> [<arg>...]", "", cmd_control, NEVER,
                                       1,         "command the store"};

struct invocation {
    const char *program;
    const struct command *command;
    bool named_by_argument;
};

static _Noreturn void usage(const struct invocation *in)
{
    errx(1, "Usage: %s %s%s%s", in->program, in->named_by_argument ? in->command->name : "",
         in->named_by_argument ? " " : "", in->command->arguments);
}

static int help(void)
{
    printf("usage: hvstore [--json] COMMAND [OPTIONS] [ARGUMENTS]\n");
    for (size_t i = 0; i < COMMANDS; i++)
        printf("  %-7s %-42s %s\n", commands[i].name, commands[i].arguments, commands[i].summary);
    printf("  %-7s %-42s %s\n", control.name, control.arguments, control.summary);
    return 0;
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (!strcmp(commands[i].name, name))
            return &commands[i];
    if (!strcmp(control.name, name))
        return &control;
    errx(1, "unknown mode %s\n", name);
}

/* Takes --json out wherever it stands before "--". */
static bool take_json(int *argc, char **argv)
{
    bool found = false, ended = false;
    int kept = 0;

    for (int i = 0; i < *argc; i++) {
        ended |= !strcmp(argv[i], "--");
        if (i && !ended && !strcmp(argv[i], "--json"))
            found = true;
        else
            argv[kept++] = argv[i];
    }
    argv[ *argc = kept] = NULL;
    return found;
}

static void apply_option(struct cli *cli, const struct invocation *in, int c)
{
    /* -s chose the socket once. What getopt did not know it has complained about already. */
    if (c == 's' || c == '?')
        return;
    if (c == 'h' || !strchr(in->command->options, c))
        usage(in);
    if (c == 'n')
        cli->number = atoi(optarg);
    cli->flat |= c == 'f';
    cli->prefix |= c == 'p';
    cli->tidy |= c == 't';
    cli->upto |= c == 'u';
    cli->recurse |= c == 'r';
    cli->raw |= c == 'R';
}

static void parse_options(struct cli *cli, const struct invocation *in, int argc, char **argv)
{
    static const struct option options[] = {
        {"help", 0, 0, 'h'},    {"flat", 0, 0, 'f'},   {"prefix", 0, 0, 'p'}, {"tidy", 0, 0, 't'}, {"upto", 0, 0, 'u'},
        {"recurse", 0, 0, 'r'}, {"number", 1, 0, 'n'}, {"raw", 0, 0, 'R'},    {0, 0, 0, 0},
    };
    int c;

    while ((c = getopt_long(argc, argv, "hfspturn:R", options, NULL)) != -1)
        apply_option(cli, in, c);
    int left = argc - optind;
    if (in->command->unit && (!left || left % in->command->unit))
        usage(in);
}

static int run_with_json(struct cli *cli, const struct command *command, char **arguments)
{
    bool in_array = command->run != cmd_watch && command->run != cmd_control;

    json_init(&cli->json, cli->out, command->run == cmd_watch);
    if (cli->want_json && in_array)
        json_array_begin(&cli->json, NULL);
    int code = command->run(cli, arguments);
    if (cli->want_json && in_array)
        json_array_end(&cli->json);
    return code;
}

static int run_in_transaction(struct cli *cli, const struct command *command, char **arguments)
{
    for (;;) {
        char *output = NULL;
        size_t length = 0;
        cli->transaction = xs_transaction_start(cli->store);
        if (cli->transaction == XBT_NULL)
            errx(1, "couldn't start transaction");
        cli->out = open_memstream(&output, &length);
        if (!cli->out)
            err(1, "malloc");
        int code = run_with_json(cli, command, arguments);
        if (fclose(cli->out))
            err(1, "malloc");
        bool ended = xs_transaction_end(cli->store, cli->transaction, code);
        if (!ended && (code || errno != EAGAIN))
            errx(1, "couldn't end transaction");
        if (ended)
            fwrite(output, 1, length, stdout);
        free(output);
        if (ended)
            return code;
    }
}

static bool wants_transaction(const struct command *command, char **arguments)
{
    if (command->transactional == FOR_SEVERAL)
        return arguments[command->unit];
    return command->transactional == ALWAYS;
}

/* A command that prints nothing has nothing to say in JSON either. */
static bool is_silent(const struct command *command)
{
    return command->run == cmd_write || command->run == cmd_rm || command->run == cmd_chmod;
}

static int run(struct cli *cli, const struct command *command, char **arguments)
{
    cli->want_json = cli->want_json && !is_silent(command);
    cli->store = xs_open(0);
    if (!cli->store && command == &control) {
        fputs("Failed to contact Xenstored.\n", stderr);
        return 1;
    }
    if (!cli->store)
        err(1, "xs_open");
    cli->out = stdout;
    int code = wants_transaction(command, arguments) ? run_in_transaction(cli, command, arguments)
                                                     : run_with_json(cli, command, arguments);
    xs_close(cli->store);
    if (fflush(stdout) || ferror(stdout))
        err(1, "output");
    return code;
}

static int run_control(struct cli *cli, int argc, char **argv, const char *program)
{
    if (argc < 2) {
        fprintf(stderr, "Usage:\n%s <command> [<arg>...]\n", program);
        return 2;
    }
    return run(cli, &control, argv + 1);
}

int main(int argc, char **argv)
{
    static const char prefix[] = "xenstore-";
    const char *slash = strrchr(argv[0], '/');
    const char *name = slash ? slash + 1 : argv[0];
    struct invocation in = {.program = argv[0]};
    struct cli cli = {.transaction = XBT_NULL, .number = -1};

    cli.want_json = take_json(&argc, argv);
    in.named_by_argument = strncmp(name, prefix, strlen(prefix));
    if (in.named_by_argument && argc < 2)
        errx(1, "Usage: %s <mode> [-h] [...]", argv[0]);
    if (in.named_by_argument && (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
        return help();
    in.command = find_command(in.named_by_argument ? argv[1] : name + strlen(prefix));
    argc -= in.named_by_argument;
    argv += in.named_by_argument;
    if (in.command == &control)
        return run_control(&cli, argc, argv, in.program);
    parse_options(&cli, &in, argc, argv);
    return run(&cli, in.command, argv + optind);
}
