/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The door to the hypervisor for dom0's tools: hypercalls through libxencall, the same on Haven and on Xen.
 * Functions return 0 (or the hypercall's value, where one is said) or -1 with errno set, and print nothing.
 *
 * Guest handles inside an operation must point into memory of hypervisor_buffer_alloc.
 */
#ifndef HAVEN_LIBHV_HYPERVISOR_H
#define HAVEN_LIBHV_HYPERVISOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xen/xen.h>

#include <xen/domctl.h>
#include <xen/event_channel.h>
#include <xen/platform.h>
#include <xen/sysctl.h>

struct hypervisor; /* an open door; one thread at a time */

/* NULL with errno: ENOENT when this is no dom0 or xen-privcmd is not loaded, EACCES without the right to. */
struct hypervisor *hypervisor_open(void);
void hypervisor_close(struct hypervisor *hv);

/* Memory that the hypervisor can reach during a call (page-locked, page-aligned, zeroed). */
void *hypervisor_buffer_alloc(struct hypervisor *hv, size_t size);
void hypervisor_buffer_free(struct hypervisor *hv, void *buffer);

/* One control operation; the interface version is filled in, the answer comes back in *op. */
int hypervisor_sysctl(struct hypervisor *hv, struct xen_sysctl *op);
int hypervisor_domctl(struct hypervisor *hv, struct xen_domctl *op);
int hypervisor_platform(struct hypervisor *hv, struct xen_platform_op *op);

/* Any hypercall of the shape (sub-operation, pointer to a structure): op of size bytes is copied there and back.
 * Returns the hypercall's value. For memory_op, event_channel_op, sched_op, xen_version. */
long hypervisor_call(struct hypervisor *hv, unsigned hypercall, int subop, void *op, size_t size);

/* mmuext_op of count operations, done on behalf of domain. */
int hypervisor_mmuext(struct hypervisor *hv, const struct mmuext_op *ops, unsigned count, domid_t domain);

/* xen_version: out has the shape that the sub-operation wants (public/version.h), size bytes. Returns its value, or -1.
 */
long hypervisor_version(struct hypervisor *hv, int subop, void *out, size_t size);

/* Haven says who it is where Xen names its changeset. */
bool hypervisor_is_haven(struct hypervisor *hv);

#endif
