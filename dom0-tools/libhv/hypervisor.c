/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See hypervisor.h. Arguments travel in page-locked buffers, since the hypervisor reads them while nothing may be paged
 * in. */
#include "libhv/hypervisor.h"

#include <stdlib.h>
#include <string.h>
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
    return xencall_alloc_buffer(hv->call, size);
}

void hypervisor_buffer_free(struct hypervisor *hv, void *buffer)
{
    if (buffer)
        xencall_free_buffer(hv->call, buffer);
}

int hypervisor_sysctl(struct hypervisor *hv, struct xen_sysctl *op)
{
    struct xen_sysctl *locked = hypervisor_buffer_alloc(hv, sizeof(*locked));
    if (!locked)
        return -1;
    op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    memcpy(locked, op, sizeof(*locked));
    int r = xencall1(hv->call, __HYPERVISOR_sysctl, (uint64_t)(uintptr_t)locked);
    memcpy(op, locked, sizeof(*op));
    hypervisor_buffer_free(hv, locked);
    return r;
}

long hypervisor_version(struct hypervisor *hv, int subop, void *out, size_t size)
{
    void *locked = size ? hypervisor_buffer_alloc(hv, size) : NULL;
    if (size && !locked)
        return -1;
    long r = xencall2(hv->call, __HYPERVISOR_xen_version, (uint64_t)subop, (uint64_t)(uintptr_t)locked);
    if (size) {
        memcpy(out, locked, size);
        hypervisor_buffer_free(hv, locked);
    }
    return r;
}
