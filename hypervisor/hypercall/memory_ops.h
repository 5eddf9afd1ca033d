/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sub-operations of HYPERVISOR_memory_op that have files of their own. start: the extent to go on at, for those that
 * can be preempted; arg: guest address of the operation's structure.
 */
#ifndef HAVEN_HYPERCALL_MEMORY_OPS_H
#define HAVEN_HYPERCALL_MEMORY_OPS_H

#include "domain/domain.h"

/* The domain named, referenced, if the caller may speak for it: itself, or any for a privileged one. NULL and *error.
 */
struct domain *memory_op_target(domid_t id, int64_t *error);

int64_t memory_op_exchange(uint64_t start, uint64_t arg); /* memory_exchange.c */

/* memory_map_op.c */
int64_t memory_op_maximum_ram_page(uint64_t start, uint64_t arg);
int64_t memory_op_machphys_mapping(uint64_t start, uint64_t arg);
int64_t memory_op_machphys_mfn_list(uint64_t start, uint64_t arg);
int64_t memory_op_memory_map(uint64_t start, uint64_t arg);
int64_t memory_op_set_memory_map(uint64_t start, uint64_t arg);
int64_t memory_op_machine_memory_map(uint64_t start, uint64_t arg);

#endif
