/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line: the options of the C xenstored, as far as they have a meaning here, and a few of our own. */
#ifndef HAVEN_XENSTORE_OPTIONS_H
#define HAVEN_XENSTORE_OPTIONS_H

#include "xenstore/quota.h"
#include <stdbool.h>

struct options {
    bool fork, domains, output_pid, verbose;
    const char *socket, *journal, *pid_file, *trace;
    long limits[QUOTA_KINDS];
};

/* Ends the process on --help and on mistakes. */
void options_parse(struct options *options, int argc, char **argv);

#endif
