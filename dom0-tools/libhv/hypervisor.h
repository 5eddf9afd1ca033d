/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The door to the hypervisor for dom0's tools: control hypercalls through libxencall, on Haven and on Xen alike.
 * Functions return 0 or -1 with errno set, and print nothing.
 */
#ifndef HAVEN_LIBHV_HYPERVISOR_H
#define HAVEN_LIBHV_HYPERVISOR_H

#include <stddef.h>
#include <stdint.h>
#include <xen/xen.h>

#include <xen/sysctl.h>

struct hypervisor; /* an open door; one thread at a time */

/* NULL with errno: ENOENT when this is no dom0 or xen-privcmd is not loaded, EACCES without the right to. */
struct hypervisor *hypervisor_open(void);
void hypervisor_close(struct hypervisor *hv);

/* Memory that the hypervisor can reach during a call (page-locked). */
void *hypervisor_buffer_alloc(struct hypervisor *hv, size_t size);
void hypervisor_buffer_free(struct hypervisor *hv, void *buffer);

/* One control operation; the interface version is filled in, the answer comes back in *op. */
int hypervisor_sysctl(struct hypervisor *hv, struct xen_sysctl *op);

/* xen_version: out has the shape that the sub-operation wants (public/version.h), size bytes. Returns its value, or -1.
 */
long hypervisor_version(struct hypervisor *hv, int subop, void *out, size_t size);

#endif
