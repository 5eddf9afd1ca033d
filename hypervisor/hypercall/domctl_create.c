/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * domctl: making a domain and its vCPUs. A new domain is paused by the control interface, has no memory and may have
 * none before max_mem; all that it can ever have of the hypervisor's own memory is limited here.
 */
#include "hypercall/domctl.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "lifecycle/create.h"

/* Limits for who says -1, and upper bounds for who asks for more: Xen's. */
#define GRANT_FRAMES_MAX    64
#define MAPTRACK_FRAMES_MAX 1024
#define GRANT_VERSION_MAX   2 /* what a domain would be satisfied with; it gets version 1 */
#define GUEST_PIRQS         64

static int limit_of(int32_t asked, int32_t least, int32_t most)
{
    if (asked < 0)
        return most;
    return asked < least || asked > most ? -EINVAL : asked;
}

/* PV, 64-bit, without devices: whatever else can be asked for is not there. */
static int check(const struct xen_domctl_createdomain *op)
{
    unsigned int version = XEN_DOMCTL_GRANT_version(op->grant_opts);

    if ((op->flags & ~XEN_DOMCTL_CDF_oos_off) || op->iommu_opts || op->vmtrace_size)
        return -EINVAL;
    if (!op->max_vcpus || op->max_vcpus > DOMAIN_VCPUS_MAX)
        return -EINVAL;
    if ((op->grant_opts & ~XEN_DOMCTL_GRANT_version_mask) || version < 1 || version > GRANT_VERSION_MAX)
        return -EINVAL;
    if (op->arch.emulation_flags & ~XEN_X86_EMU_PIT)
        return -EINVAL;
    if (op->arch.misc_flags)
        return op->arch.misc_flags & ~XEN_X86_MSR_RELAXED ? -EINVAL : -EOPNOTSUPP;
    return op->cpupool_id ? -ENOENT : 0;
}

static bool id_is_free(domid_t id)
{
    struct domain *d = domain_next(id);
    bool is_free = !d || d->id != id;

    if (d)
        domain_put(d);
    return is_free;
}

/* Numbers are given out in turn, so that one is not used again soon. */
static int choose_id(domid_t wanted, domid_t *id)
{
    static domid_t last;

    if (wanted && wanted < DOMID_FIRST_RESERVED) {
        *id = wanted;
        return id_is_free(wanted) ? 0 : -EEXIST;
    }
    for (unsigned int i = 1; i < DOMID_FIRST_RESERVED; i++) {
        *id = (domid_t)((last + i - 1) % (DOMID_FIRST_RESERVED - 1) + 1);
        if (id_is_free(*id)) {
            last = *id;
            return 0;
        }
    }
    return -ENOMEM;
}

int64_t domctl_createdomain(struct domain *d, struct xen_domctl *c)
{
    struct xen_domctl_createdomain *op = &c->u.createdomain;
    int grant_frames = limit_of(op->max_grant_frames, 1, GRANT_FRAMES_MAX);
    int maptrack_frames = limit_of(op->max_maptrack_frames, 0, MAPTRACK_FRAMES_MAX);
    struct domain_config config = {
        .max_vcpus = op->max_vcpus,
        .max_event_port = op->max_evtchn_port,
        .max_grant_frames = (unsigned int)grant_frames,
        .max_maptrack_frames = (unsigned int)maptrack_frames,
        .pirqs = GUEST_PIRQS,
    };
    int error = choose_id(c->domain, &config.id);

    if (!error)
        error = check(op);
    if (error)
        return error;
    if (grant_frames < 0 || maptrack_frames < 0)
        return -EINVAL;
    memcpy(config.handle, op->handle, sizeof(config.handle));
    d = domain_create(&config, &error);
    if (!d)
        return error;
    d->paused_by_control = 1;
    c->domain = d->id;
    op->flags |= XEN_DOMCTL_CDF_oos_off;
    return 0;
}

int64_t domctl_max_vcpus(struct domain *d, struct xen_domctl *c)
{
    if (c->u.max_vcpus.max != d->max_vcpus)
        return -EINVAL;
    for (unsigned int i = 0; i < d->max_vcpus; i++)
        if (!d->vcpu[i] && !vcpu_create(d, i, (d->id + i) % cpu_count))
            return -ENOMEM;
    return 0;
}
