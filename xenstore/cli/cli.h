/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands of hvstore share: the connection, the options, and where output goes. */
#ifndef HAVEN_XENSTORE_CLI_H
#define HAVEN_XENSTORE_CLI_H

#include "libhv/json.h"

#include <stdbool.h>
#include <stdio.h>
#include <xenstore.h>

struct cli {
    struct xs_handle *store;
    xs_transaction_t transaction;
    FILE *out; /* output of a transaction is kept back until it is committed */
    struct json json;
    bool want_json;
    /* Options, by their letters. */
    bool flat, prefix, tidy, upto, recurse, raw;
    int number; /* -n, or -1 */
};

/*
 * Each takes its arguments without options, ended by NULL, and returns the exit code.  In JSON, an array is open around
 * what they write, but for watch and control.  They may be called again after a conflict of transactions.
 */
int cmd_read(struct cli *cli, char **arguments);
int cmd_write(struct cli *cli, char **arguments);
int cmd_rm(struct cli *cli, char **arguments);
int cmd_exists(struct cli *cli, char **arguments);
int cmd_list(struct cli *cli, char **arguments);
int cmd_chmod(struct cli *cli, char **arguments);
int cmd_ls(struct cli *cli, char **arguments);
int cmd_watch(struct cli *cli, char **arguments);
int cmd_control(struct cli *cli, char **arguments);

#endif
