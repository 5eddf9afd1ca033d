/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of hvctl's commands, by name. Each command has a file of its own. */
#include "hvctl/command.h"

const struct command_entry command_table[] = {
    {"debug-keys", "KEYS", "send debug keys to the hypervisor ('h' lists them in its log)", NULL, cmd_debug_keys},
    {"dmesg", "[-c]", "print the hypervisor's log", "  -c, --clear   clear it afterwards\n", cmd_dmesg},
    {"help", "[COMMAND]", "list all commands, or explain one", NULL, cmd_help},
    {"info", "[-n]", "print what the hypervisor and the machine are", "  -n, --numa   also topology and NUMA nodes\n",
     cmd_info},
};

const unsigned command_count = sizeof(command_table) / sizeof(command_table[0]);
