/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvctl: asks and steers the hypervisor and its domains from dom0. Finds the command in commands.c's table and runs it.
 */
#include "hvctl/command.h"

#include <stdio.h>
#include <string.h>

/* Takes --json out wherever it stands before "--". */
static int take_json(int argc, char **argv, bool *json)
{
    int kept = 0;
    bool options = true;
    for (int i = 0; i < argc; i++) {
        options = options && strcmp(argv[i], "--");
        if (i && options && !strcmp(argv[i], "--json"))
            *json = true;
        else
            argv[kept++] = argv[i];
    }
    argv[kept] = NULL;
    return kept;
}

static const struct command_entry *find_command(const char *name)
{
    if (!strcmp(name, "--help") || !strcmp(name, "-h"))
        name = "help";
    for (unsigned i = 0; i < command_count; i++)
        if (!strcmp(name, command_table[i].name))
            return &command_table[i];
    return NULL;
}

int cmd_help(struct command *c, int argc, char **argv)
{
    (void)c;
    const struct command_entry *entry = argc > 1 ? find_command(argv[1]) : NULL;
    if (entry)
        command_print_help(entry);
    else if (argc > 1)
        return command_fail("no command '%s' (\"hvctl help\" lists all)", argv[1]);
    else
        command_print_list(stdout);
    return COMMAND_OK;
}

static int run(struct command *c, int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
        if (!strcmp(argv[i], "--help")) {
            command_print_help(c->entry);
            return COMMAND_OK;
        }
    }
    /* As getopt's messages begin with it. */
    snprintf(c->full_name, sizeof(c->full_name), "hvctl %s", c->entry->name);
    argv[0] = c->full_name;
    return c->entry->run(c, argc, argv);
}

int main(int argc, char **argv)
{
    struct command c = {0};
    argc = take_json(argc, argv, &c.json);
    if (argc < 2) {
        command_print_list(stderr);
        return COMMAND_FAILED; /* as xl's */
    }
    c.entry = find_command(argv[1]);
    if (!c.entry)
        return command_fail("no command '%s' (\"hvctl help\" lists all)", argv[1]);
    int status = run(&c, argc - 1, argv + 1);
    if (c.xs)
        xs_close(c.xs);
    hypervisor_close(c.hv);
    if (fflush(stdout) || ferror(stdout)) {
        perror("hvctl: output");
        return COMMAND_FAILED;
    }
    return status;
}
