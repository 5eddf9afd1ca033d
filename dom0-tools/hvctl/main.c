/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvctl: asks and steers the hypervisor from dom0. This file is the table of its commands; each has a file of its own.
 */
#include "hvctl/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *arguments, *summary;
    int (*run)(struct hypervisor *hv, int argc, char **argv, bool json);
} commands[] = {
    {"debug-keys", "KEYS", "send debug keys to the hypervisor ('h' lists them in its log)", cmd_debug_keys},
    {"dmesg", "[-c]", "print the hypervisor's log; -c: clear it afterwards", cmd_dmesg},
    {"info", "", "print what the hypervisor and the machine are", cmd_info},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

void json_print_string(const char *s, size_t n)
{
    putchar('"');
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c == '\n')
            fputs("\\n", stdout);
        else if (c < 0x20 || c >= 0x7f)
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}

int command_error(const char *what)
{
    const char *advice = "";
    if (errno == ENOENT || errno == ENODEV || errno == ENXIO)
        advice = " (is this dom0, and xen-privcmd loaded?)";
    else if (errno == EACCES || errno == EPERM)
        advice = " (run it as root in dom0)";
    else if (errno == ENOSYS)
        advice = " (this hypervisor does not offer it)";
    fprintf(stderr, "hvctl: %s: %s%s\n", what, strerror(errno), advice);
    return COMMAND_FAILED;
}

static int usage(FILE *to)
{
    fputs("usage: hvctl [--json] COMMAND [ARGUMENTS]\n", to);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(to, "  %-10s %-6s %s\n", commands[i].name, commands[i].arguments, commands[i].summary);
    return to == stdout ? COMMAND_OK : COMMAND_USAGE;
}

/* Takes --json out wherever it stands. */
static int take_json(int argc, char **argv, bool *json)
{
    int kept = 0;
    for (int i = 0; i < argc; i++) {
        if (i && !strcmp(argv[i], "--json"))
            *json = true;
        else
            argv[kept++] = argv[i];
    }
    argv[kept] = NULL;
    return kept;
}

int main(int argc, char **argv)
{
    bool json = false;
    argc = take_json(argc, argv, &json);
    if (argc < 2)
        return usage(stderr);
    if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
        return usage(stdout);
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(argv[1], commands[i].name))
            continue;
        struct hypervisor *hv = hypervisor_open();
        if (!hv)
            return command_error("no way to the hypervisor");
        int r = commands[i].run(hv, argc - 1, argv + 1, json);
        hypervisor_close(hv);
        if (fflush(stdout) || ferror(stdout)) {
            perror("hvctl: output");
            return COMMAND_FAILED;
        }
        return r;
    }
    fprintf(stderr, "hvctl: no command '%s'\n", argv[1]);
    return usage(stderr);
}
