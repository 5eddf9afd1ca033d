/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See attach.h. The order of things for each device: both ends' nodes in one transaction; what Linux's back ends leave
 * to the tools; then watches on the back ends' nodes, until each is in InitWait or says why it can't.
 */
#include "devices/attach.h"
#include "devices/device_list.h"
#include "devices/device_nodes.h"
#include "devices/device_wait.h"
#include "devices/kernel_backend.h"
#include "devices/stored_devices.h"
#include "libhv/store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ATTEMPTS 100

/* One device on its way: exactly one of disk and vif. */
struct job {
    struct device_ref ref;
    const struct disk_config *disk;
    const struct vif_config *vif;
};

struct batch {
    struct job *job;
    unsigned jobs;
    bool store_config; /* write it into the guest's stored configuration, too */
};

static struct device_ref disk_ref(unsigned domid, const struct disk_config *disk)
{
    return (struct device_ref){.class = DEVICE_BLOCK,
                               .back = disk->backend == DISK_BACKEND_KERNEL ? "vbd" : "haven-vbd",
                               .domid = domid,
                               .id = disk->device};
}

static struct device_ref vif_ref(unsigned domid, const struct vif_config *vif)
{
    return (struct device_ref){.class = DEVICE_NET,
                               .back = vif->backend == VIF_BACKEND_KERNEL ? "vif" : "haven-vif",
                               .domid = domid,
                               .id = vif->devid};
}

/* ---- transactions ---- */

/* 1: done; 0: again, somebody came between; -1: errno says why not. */
static int try_write(struct xs_handle *xs, const struct batch *batch)
{
    xs_transaction_t t = xs_transaction_start(xs);
    bool good = t != XBT_NULL;
    int reason = 0;

    if (!good)
        return -1;
    for (unsigned i = 0; i < batch->jobs && good; i++) {
        const struct job *j = &batch->job[i];
        if (!store_exists(xs, t, "/local/domain/%u", j->ref.domid)) {
            errno = ESRCH; /* it ended meanwhile: nobody would remove these nodes */
            good = false;
        } else if (device_nodes_exist(xs, t, j->ref.class, j->ref.domid, j->ref.id)) {
            errno = EEXIST;
            good = false;
        } else if (j->disk) {
            good = device_nodes_write_disk(xs, t, &j->ref, j->disk) &&
                   (!batch->store_config || stored_devices_add_disk(xs, t, j->ref.domid, j->disk));
        } else {
            good = device_nodes_write_vif(xs, t, &j->ref, j->vif) &&
                   (!batch->store_config || stored_devices_add_vif(xs, t, j->ref.domid, j->vif));
        }
        reason = errno;
    }
    if (xs_transaction_end(xs, t, !good) && good)
        return 1;
    if (!good)
        errno = reason;
    return errno == EAGAIN ? 0 : -1;
}

static int try_remove(struct xs_handle *xs, const struct device_ref *ref, bool stored)
{
    xs_transaction_t t = xs_transaction_start(xs);

    if (t == XBT_NULL)
        return -1;
    bool good = device_nodes_remove(xs, t, ref) && (!stored || stored_devices_remove(xs, t, ref));
    int reason = errno;
    if (xs_transaction_end(xs, t, !good) && good)
        return 1;
    if (!good)
        errno = reason;
    return errno == EAGAIN ? 0 : -1;
}

static int remove_device(struct xs_handle *xs, const struct device_ref *ref, bool stored)
{
    int done = 0;

    for (unsigned i = 0; i < ATTEMPTS && !done; i++)
        done = try_remove(xs, ref, stored);
    if (done == 1 && device_ref_is_kernels(ref))
        device_wait_gone(ref);
    return done == 1 ? 0 : -1;
}

static int write_nodes(struct xs_handle *xs, const struct batch *batch, struct failure *failure)
{
    int done = 0;

    for (unsigned i = 0; i < ATTEMPTS && !done; i++)
        done = try_write(xs, batch);
    if (done == 1)
        return 0;
    if (errno == EEXIST)
        return failure_set(failure, "the guest has that device already");
    if (errno == ESRCH)
        return failure_set(failure, "the guest is gone");
    return done ? failure_errno(failure, "writing devices to the store")
                : failure_set(failure, "the store is too busy");
}

/* ---- attaching ---- */

static int prepare(struct xs_handle *xs, const struct job *j, int64_t deadline_ms, struct failure *failure)
{
    if (!device_ref_is_kernels(&j->ref))
        return 0;
    return j->disk ? kernel_backend_open_disk(xs, &j->ref, j->disk, deadline_ms, failure)
                   : kernel_backend_join_bridge(xs, &j->ref, j->vif, deadline_ms, failure);
}

/* "disk xvda: " or "vif 0: " before what went wrong. */
static int blame(const struct job *j, struct failure *failure)
{
    struct failure reason = *failure;

    failure->text[0] = '\0';
    if (j->disk)
        return failure_set(failure, "disk %s: %.350s", j->disk->vdev, reason.text);
    return failure_set(failure, "vif %" PRIu32 ": %.350s", j->ref.id, reason.text);
}

static int check(struct xs_handle *xs, const struct batch *batch, struct failure *failure)
{
    for (unsigned i = 0; i < batch->jobs; i++) {
        const struct job *j = &batch->job[i];
        if ((device_ref_is_kernels(&j->ref) && kernel_backend_check(j->ref.class, failure)) ||
            (j->disk && kernel_backend_check_disk(xs, &j->ref, j->disk, failure)))
            return blame(j, failure);
    }
    return 0;
}

static int attach(struct xs_handle *xs, const struct batch *batch, struct failure *failure)
{
    int64_t deadline = store_now_ms() + ATTACH_SECONDS * 1000;
    unsigned i = 0;

    if (check(xs, batch, failure))
        return -1;
    if (write_nodes(xs, batch, failure))
        return batch->jobs == 1 ? blame(&batch->job[0], failure) : -1;
    while (i < batch->jobs && !prepare(xs, &batch->job[i], deadline, failure))
        i++;
    if (i == batch->jobs)
        for (i = 0; i < batch->jobs && !device_wait_ready(xs, &batch->job[i].ref, deadline, failure);)
            i++;
    if (i == batch->jobs)
        return 0;
    blame(&batch->job[i], failure);
    for (i = 0; i < batch->jobs; i++)
        remove_device(xs, &batch->job[i].ref, batch->store_config);
    return -1;
}

int attach_all(struct xs_handle *xs, unsigned domid, const struct guest_config *config, struct failure *failure)
{
    struct batch batch = {0};

    if (!config->disks && !config->vifs)
        return 0;
    batch.job = calloc(config->disks + config->vifs, sizeof(*batch.job));
    if (!batch.job)
        return failure_errno(failure, "memory for the devices");
    for (unsigned i = 0; i < config->disks; i++)
        batch.job[batch.jobs++] = (struct job){.ref = disk_ref(domid, &config->disk[i]), .disk = &config->disk[i]};
    for (unsigned i = 0; i < config->vifs; i++)
        batch.job[batch.jobs++] = (struct job){.ref = vif_ref(domid, &config->vif[i]), .vif = &config->vif[i]};
    int r = attach(xs, &batch, failure);
    free(batch.job);
    return r;
}

int attach_disk(struct xs_handle *xs, unsigned domid, const struct disk_config *disk, struct device_ref *ref,
                struct failure *failure)
{
    struct job job = {.ref = disk_ref(domid, disk), .disk = disk};

    *ref = job.ref;
    return attach(xs, &(struct batch){.job = &job, .jobs = 1, .store_config = true}, failure);
}

/* The lowest id that no device of the guest has. Somebody else may take it before we do: then writing fails. */
static uint32_t lowest_devid(struct xs_handle *xs, unsigned domid)
{
    uint32_t devid = 0;

    while (device_nodes_exist(xs, XBT_NULL, DEVICE_NET, domid, devid))
        devid++;
    return devid;
}

int attach_vif(struct xs_handle *xs, unsigned domid, struct vif_config *vif, const uint8_t uuid[16],
               struct device_ref *ref, struct failure *failure)
{
    if (vif->devid == VIF_DEVID_UNSET)
        vif->devid = lowest_devid(xs, domid);
    if (!vif->mac_given)
        vif_choose_mac(vif, uuid);
    struct job job = {.ref = vif_ref(domid, vif), .vif = vif};
    *ref = job.ref;
    return attach(xs, &(struct batch){.job = &job, .jobs = 1, .store_config = true}, failure);
}

/* ---- detaching ---- */

static bool write_closing(struct xs_handle *xs, const struct device_ref *ref)
{
    char back[DEVICE_PATH_MAX], path[DEVICE_PATH_MAX + 16];

    device_ref_back(ref, back);
    for (unsigned i = 0; i < ATTEMPTS; i++) {
        xs_transaction_t t = xs_transaction_start(xs);
        if (t == XBT_NULL)
            return false;
        snprintf(path, sizeof(path), "%s/online", back);
        bool good = store_write(xs, t, path, "0");
        snprintf(path, sizeof(path), "%s/state", back);
        good = good && store_write(xs, t, path, "5");
        if (xs_transaction_end(xs, t, !good))
            return good;
        if (errno != EAGAIN)
            return false;
    }
    return false;
}

/* Has the guest's driver the device in its hands? In the first state, and without nodes, it has not. */
static bool guest_has_it(struct xs_handle *xs, const struct device_ref *ref)
{
    enum device_state front = device_front_state(xs, ref);

    return front != DEVICE_STATE_NONE && front != DEVICE_STATE_INITIALISING && front != DEVICE_STATE_CLOSED;
}

static int ask_guest(struct xs_handle *xs, const struct device_ref *ref, struct failure *failure)
{
    char error[DEVICE_PATH_MAX];

    /* An error of an earlier time says nothing, unless the guest still stands by it. */
    device_ref_front_error(ref, error);
    if (device_front_state(xs, ref) != DEVICE_STATE_CLOSING)
        xs_rm(xs, XBT_NULL, error);
    if (!write_closing(xs, ref))
        return failure_errno(failure, "writing to the store");
    return device_wait_closed(xs, ref, store_now_ms() + DETACH_SECONDS * 1000, failure);
}

int detach(struct xs_handle *xs, const struct device_ref *ref, bool force, struct failure *failure)
{
    if (!force && guest_has_it(xs, ref) && ask_guest(xs, ref, failure))
        return -1;
    return remove_device(xs, ref, true) ? failure_errno(failure, "removing the device's nodes from the store") : 0;
}

/* ---- resizing ---- */

static int resize_ours(struct xs_handle *xs, const struct device_ref *ref, uint64_t bytes, uint64_t *now,
                       struct failure *failure)
{
    char back[DEVICE_PATH_MAX], path[DEVICE_PATH_MAX + 16], value[24] = "reread";

    device_ref_back(ref, back);
    if (bytes)
        snprintf(value, sizeof(value), "%" PRIu64, bytes);
    snprintf(path, sizeof(path), "%s/resize-error", back);
    xs_rm(xs, XBT_NULL, path);
    snprintf(path, sizeof(path), "%s/resize", back);
    if (!store_write(xs, XBT_NULL, path, value))
        return failure_errno(failure, "writing to the store");
    if (device_wait_resized(xs, ref, store_now_ms() + ATTACH_SECONDS * 1000, failure)) {
        xs_rm(xs, XBT_NULL, path);
        return -1;
    }
    *now = (uint64_t)device_back_number(xs, ref, "sectors", 0) * 512;
    return 0;
}

int attach_resize(struct xs_handle *xs, const struct device_ref *ref, uint64_t bytes, uint64_t *now,
                  struct failure *failure)
{
    if (device_ref_is_ours(ref))
        return resize_ours(xs, ref, bytes, now, failure);
    if (!device_ref_is_kernels(ref))
        return failure_set(failure, "its back end (%s) can't change the size", ref->back);
    return kernel_backend_resize_disk(xs, ref, bytes, now, failure);
}
