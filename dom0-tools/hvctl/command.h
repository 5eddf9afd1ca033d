/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the commands of hvctl share. A command is one function, in cmd_NAME.c; commands.c has the table, main.c finds
 * the command and runs it. Commands print and choose the exit status; what they call returns.
 *
 * The doors to the hypervisor and to the store are opened when a command first asks for them, and closed by main, since
 * some commands work without (hvctl host start runs before either is there).
 */
#ifndef HAVEN_HVCTL_COMMAND_H
#define HAVEN_HVCTL_COMMAND_H

#include "libhv/domain.h"
#include "libhv/hypervisor.h"
#include "libhv/json.h"

#include <stdbool.h>
#include <xenstore.h>

/* Exit status: xl's, and one for what was asked for, but did not come about (yet). */
enum { COMMAND_OK = 0, COMMAND_FAILED = 1, COMMAND_USAGE = 2, COMMAND_NOT_REACHED = 3 };

struct command {
    const struct command_entry *entry;
    bool json; /* --json, which main takes out wherever it stands before "--" */
    struct hypervisor *hv;
    struct xs_handle *xs;
    char full_name[32]; /* "hvctl COMMAND" */
};

struct command_entry {
    const char *name, *arguments, *summary;
    const char *options; /* one line each; NULL if there are none */
    /* argv[0] is "hvctl COMMAND", argv[argc] is NULL. Returns the exit status. */
    int (*run)(struct command *c, int argc, char **argv);
};

extern const struct command_entry command_table[];
extern const unsigned command_count;

/* The doors; NULL after a message. */
struct hypervisor *command_hypervisor(struct command *c);
struct xs_handle *command_store(struct command *c);

/* The id of the domain that who names, by name or number; it exists. -1 after a message. */
int command_find_domain(struct command *c, const char *who);
/* The same, with what the hypervisor says about it. */
int command_find_domain_info(struct command *c, const char *who, domain_info *info);

/* "hvctl: what: reason of errno", and what to do about it where that is known. Returns COMMAND_FAILED. */
int command_error(const char *what, ...) __attribute__((format(printf, 1, 2)));
/* "hvctl: message". Returns COMMAND_FAILED. */
int command_fail(const char *message, ...) __attribute__((format(printf, 1, 2)));
/* The command's usage on stderr. Returns COMMAND_USAGE. */
int command_usage(const struct command *c);
/* Usage on stdout: of one command, or the list of all. */
void command_print_help(const struct command_entry *entry);
void command_print_list(FILE *to);

/* A decimal number from min to max; false if text is none. */
bool command_parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *number);

int cmd_block_attach(struct command *c, int argc, char **argv);
int cmd_block_detach(struct command *c, int argc, char **argv);
int cmd_block_list(struct command *c, int argc, char **argv);
int cmd_block_resize(struct command *c, int argc, char **argv);
int cmd_console(struct command *c, int argc, char **argv);
int cmd_config_update(struct command *c, int argc, char **argv);
int cmd_create(struct command *c, int argc, char **argv);
int cmd_debug_keys(struct command *c, int argc, char **argv);
int cmd_destroy(struct command *c, int argc, char **argv);
int cmd_dmesg(struct command *c, int argc, char **argv);
int cmd_domid(struct command *c, int argc, char **argv);
int cmd_domname(struct command *c, int argc, char **argv);
int cmd_dump_core(struct command *c, int argc, char **argv);
int cmd_events(struct command *c, int argc, char **argv);
int cmd_help(struct command *c, int argc, char **argv);
int cmd_host(struct command *c, int argc, char **argv);
int cmd_info(struct command *c, int argc, char **argv);
int cmd_list(struct command *c, int argc, char **argv);
int cmd_mem(struct command *c, int argc, char **argv);
int cmd_mem_max(struct command *c, int argc, char **argv);
int cmd_mem_min(struct command *c, int argc, char **argv);
int cmd_mem_set(struct command *c, int argc, char **argv);
int cmd_network_attach(struct command *c, int argc, char **argv);
int cmd_network_detach(struct command *c, int argc, char **argv);
int cmd_network_setup(struct command *c, int argc, char **argv);
int cmd_network_list(struct command *c, int argc, char **argv);
int cmd_pause(struct command *c, int argc, char **argv);
int cmd_reboot(struct command *c, int argc, char **argv);
int cmd_rename(struct command *c, int argc, char **argv);
int cmd_sched(struct command *c, int argc, char **argv);
int cmd_shutdown(struct command *c, int argc, char **argv);
int cmd_sysrq(struct command *c, int argc, char **argv);
int cmd_top(struct command *c, int argc, char **argv);
int cmd_trigger(struct command *c, int argc, char **argv);
int cmd_unpause(struct command *c, int argc, char **argv);
int cmd_uptime(struct command *c, int argc, char **argv);
int cmd_uuid(struct command *c, int argc, char **argv);
int cmd_vcpu_list(struct command *c, int argc, char **argv);
int cmd_vcpu_pin(struct command *c, int argc, char **argv);
int cmd_vcpu_set(struct command *c, int argc, char **argv);
int cmd_vm_list(struct command *c, int argc, char **argv);

#endif
