/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See hypervisor.h. Arguments travel in page-locked buffers, since the hypervisor reads them while nothing may be paged
 * in. */
#include "libhv/hypervisor.h"

#include <stdlib.h>
#include <string.h>
#include <xen/version.h>
#include <xencall.h>

struct hypervisor {
    xencall_handle *call;
};

struct hypervisor *hypervisor_open(void)
{
    struct hypervisor *hv = calloc(1, sizeof(*hv));
    if (!hv)
        return NULL;
    hv->call = xencall_open(NULL, 0);
    if (hv->call)
        return hv;
    free(hv);
    return NULL;
}

void hypervisor_close(struct hypervisor *hv)
{
    if (!hv)
        return;
    xencall_close(hv->call);
    free(hv);
}

void *hypervisor_buffer_alloc(struct hypervisor *hv, size_t size)
{
    void *buffer = xencall_alloc_buffer(hv->call, size);
    return buffer ? memset(buffer, 0, size) : NULL;
}

void hypervisor_buffer_free(struct hypervisor *hv, void *buffer)
{
    if (buffer)
        xencall_free_buffer(hv->call, buffer);
}

/* A locked copy of op for the time of a call; NULL for an empty one or without memory. */
static void *lock_copy(struct hypervisor *hv, const void *op, size_t size)
{
    void *locked = size ? hypervisor_buffer_alloc(hv, size) : NULL;
    return locked ? memcpy(locked, op, size) : NULL;
}

static void unlock_copy(struct hypervisor *hv, void *op, void *locked, size_t size)
{
    if (locked)
        memcpy(op, locked, size);
    hypervisor_buffer_free(hv, locked);
}

static int control(struct hypervisor *hv, unsigned hypercall, void *op, size_t size)
{
    void *locked = lock_copy(hv, op, size);
    if (!locked)
        return -1;
    int r = xencall1(hv->call, hypercall, (uint64_t)(uintptr_t)locked);
    unlock_copy(hv, op, locked, size);
    return r;
}

int hypervisor_sysctl(struct hypervisor *hv, struct xen_sysctl *op)
{
    op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    return control(hv, __HYPERVISOR_sysctl, op, sizeof(*op));
}

int hypervisor_domctl(struct hypervisor *hv, struct xen_domctl *op)
{
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    return control(hv, __HYPERVISOR_domctl, op, sizeof(*op));
}

int hypervisor_platform(struct hypervisor *hv, struct xen_platform_op *op)
{
    op->interface_version = XENPF_INTERFACE_VERSION;
    return control(hv, __HYPERVISOR_platform_op, op, sizeof(*op));
}

long hypervisor_call(struct hypervisor *hv, unsigned hypercall, int subop, void *op, size_t size)
{
    void *locked = lock_copy(hv, op, size);
    if (size && !locked)
        return -1;
    long r = xencall2L(hv->call, hypercall, (uint64_t)subop, (uint64_t)(uintptr_t)locked);
    unlock_copy(hv, op, locked, size);
    return r;
}

int hypervisor_mmuext(struct hypervisor *hv, const struct mmuext_op *ops, unsigned count, domid_t domain)
{
    void *locked = lock_copy(hv, ops, count * sizeof(*ops));
    if (!locked)
        return -1;
    int r = xencall4(hv->call, __HYPERVISOR_mmuext_op, (uint64_t)(uintptr_t)locked, count, 0, domain);
    hypervisor_buffer_free(hv, locked);
    return r;
}

long hypervisor_version(struct hypervisor *hv, int subop, void *out, size_t size)
{
    return hypervisor_call(hv, __HYPERVISOR_xen_version, subop, out, size);
}

bool hypervisor_is_haven(struct hypervisor *hv)
{
    xen_changeset_info_t changeset = {0};
    return hypervisor_version(hv, XENVER_changeset, changeset, sizeof(changeset)) >= 0 &&
           strncmp(changeset, "Haven", sizeof(changeset)) == 0;
}
