/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What HYPERVISOR_xen_version tells about this hypervisor. */
#ifndef HAVEN_HYPERCALL_VERSION_OP_H
#define HAVEN_HYPERCALL_VERSION_OP_H

/* The hypervisor's own command line, copied (XENVER_commandline). */
void version_set_command_line(const char *line);

#endif
