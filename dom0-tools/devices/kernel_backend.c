/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See kernel_backend.h. Neither driver says in the store that it has taken what it was given: xen-blkback makes a file
 * in sysfs when it has opened the block device, xen-netback makes the interface. Nothing announces these to everybody,
 * so they are looked for every few milliseconds; an error comes to the store's error node.
 */
#include "devices/kernel_backend.h"
#include "devices/device_list.h"
#include "devices/loop_device.h"
#include "libhv/store.h"
#include "network/run_program.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/major.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define LOOK_US    10000
#define SYSFS_BACK "/sys/bus/xen-backend"

int kernel_backend_check(enum device_class class, struct failure *failure)
{
    const char *driver = class == DEVICE_BLOCK ? SYSFS_BACK "/drivers/vbd" : SYSFS_BACK "/drivers/vif";
    const char *const argv[] = {"modprobe", "-q", class == DEVICE_BLOCK ? "xen-blkback" : "xen-netback", NULL};
    struct failure ignored = {""};

    if (access(driver, F_OK) == 0)
        return 0;
    run_program(argv, NULL, "kmod", &ignored);
    if (access(driver, F_OK) == 0)
        return 0;
    return failure_set(failure, "dom0's kernel has no driver %s: modprobe %s", argv[2], argv[2]);
}

bool kernel_backend_write(struct xs_handle *xs, const struct device_ref *ref, const char *node, const char *value)
{
    char path[DEVICE_PATH_MAX], full[DEVICE_PATH_MAX + 40];

    device_ref_back(ref, path);
    snprintf(full, sizeof(full), "%s/%s", path, node);
    return store_write(xs, XBT_NULL, full, value);
}

/* What the driver says that went wrong, NULL: nothing. */
static char *read_error(struct xs_handle *xs, const struct device_ref *ref)
{
    return store_read(xs, XBT_NULL, "/local/domain/0/error/backend/%s/%u/%" PRIu32 "/error", ref->back, ref->domid,
                      ref->id);
}

int kernel_backend_wait_for(struct xs_handle *xs, const struct device_ref *ref, const char *path, const char *what,
                            int64_t deadline_ms, struct failure *failure)
{
    while (access(path, F_OK)) {
        char *error = read_error(xs, ref);
        if (error)
            failure_set(failure, "Linux's back end: %s", error);
        else if (store_now_ms() >= deadline_ms)
            failure_set(failure, "Linux's back end did not %s in time", what);
        free(error);
        if (failure->text[0])
            return -1;
        usleep(LOOK_US);
    }
    return 0;
}

/* ---- disks ---- */

/* The open block device behind the disk, with its number: the target itself or a loop device. */
static int open_behind(const struct disk_config *disk, dev_t *device, struct failure *failure)
{
    struct stat facts;

    if (stat(disk->target, &facts))
        return failure_errno(failure, "%s", disk->target);
    if (S_ISREG(facts.st_mode))
        return loop_device_make(disk->target, disk->read_only, device, failure);
    if (!S_ISBLK(facts.st_mode))
        return failure_set(failure, "%s is neither a file nor a block device", disk->target);
    /* With O_EXCL it can't be had when it is mounted, part of something, or another back end's. */
    int fd = open(disk->target, (disk->read_only ? O_RDONLY : O_RDWR | O_EXCL) | O_CLOEXEC);
    if (fd < 0 && errno == EBUSY)
        return failure_set(failure, "%s is in use: it is mounted, or another guest or program has it", disk->target);
    if (fd < 0)
        return failure_errno(failure, "%s", disk->target);
    *device = facts.st_rdev;
    if (loop_device_lock(fd, disk->target, disk->read_only, failure)) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Does another device of Linux's back end use the block device with this number, and one of the two write? It takes no
 * locks. */
static bool is_shared(struct xs_handle *xs, const struct device_ref *ref, const char *number, bool read_only)
{
    unsigned domains = 0;
    char **domain = xs_directory(xs, XBT_NULL, "/local/domain/0/backend/vbd", &domains);
    bool shared = false;

    for (unsigned i = 0; i < domains && !shared; i++) {
        struct device_ref *list;
        int n = device_list(xs, XBT_NULL, (unsigned)strtoul(domain[i], NULL, 10), DEVICE_BLOCK, &list);
        for (int k = 0; k < n && !shared; k++) {
            bool same = list[k].domid == ref->domid && list[k].id == ref->id;
            char *its = device_read_back(xs, &list[k], "physical-device"),
                 *mode = device_read_back(xs, &list[k], "mode");
            shared = !same && its && strcmp(its, number) == 0 && (!read_only || !mode || *mode == 'w');
            free(its);
            free(mode);
        }
        free(list);
    }
    free(domain);
    return shared;
}

int kernel_backend_check_disk(struct xs_handle *xs, const struct device_ref *ref, const struct disk_config *disk,
                              struct failure *failure)
{
    struct stat facts;
    char number[32];

    if (!disk->target || stat(disk->target, &facts) || !S_ISBLK(facts.st_mode))
        return 0;
    snprintf(number, sizeof(number), "%x:%x", major(facts.st_rdev), minor(facts.st_rdev));
    if (!is_shared(xs, ref, number, disk->read_only))
        return 0;
    return failure_set(failure, "%s is in use by another guest%s", disk->target,
                       disk->read_only ? ", which writes to it" : "");
}

/* What is behind a disk; and for xl's script, which takes it apart when xl takes the disk away, the loop device. */
static bool write_number(struct xs_handle *xs, const struct device_ref *ref, const struct disk_config *disk,
                         dev_t device)
{
    char number[32], loop[32];

    snprintf(number, sizeof(number), "%x:%x", major(device), minor(device));
    snprintf(loop, sizeof(loop), "/dev/loop%u", minor(device));
    return (major(device) != LOOP_MAJOR || kernel_backend_write(xs, ref, "node", loop)) &&
           kernel_backend_write(xs, ref, "physical-device-path", disk->target) &&
           kernel_backend_write(xs, ref, "physical-device", number) &&
           kernel_backend_write(xs, ref, "hotplug-status", "connected");
}

int kernel_backend_open_disk(struct xs_handle *xs, const struct device_ref *ref, const struct disk_config *disk,
                             int64_t deadline_ms, struct failure *failure)
{
    char path[96];
    dev_t device = 0;
    int fd = open_behind(disk, &device, failure);

    if (fd < 0)
        return -1;
    snprintf(path, sizeof(path), SYSFS_BACK "/devices/vbd-%u-%" PRIu32 "/physical_device", ref->domid, ref->id);
    int r = write_number(xs, ref, disk, device) ? 0 : failure_errno(failure, "writing to the store");
    if (!r)
        r = kernel_backend_wait_for(xs, ref, path, "open the block device", deadline_ms, failure);
    close(fd); /* the back end has its own */
    return r;
}

static int resize_file(const char *path, uint64_t bytes, struct failure *failure)
{
    struct stat facts;

    if (stat(path, &facts) || !S_ISREG(facts.st_mode))
        return failure_set(failure, "%s is no file: give it its size by the tool that made it, and none here", path);
    return truncate(path, (off_t)bytes) ? failure_errno(failure, "%s: changing its size", path) : 0;
}

static int read_size(unsigned major_number, unsigned minor_number, uint64_t *bytes, struct failure *failure)
{
    char path[64];

    snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/size", major_number, minor_number);
    FILE *from = fopen(path, "re");
    int r = from && fscanf(from, "%" SCNu64, bytes) == 1 ? 0 : failure_errno(failure, "%s", path);
    if (from)
        fclose(from);
    *bytes *= 512;
    return r;
}

int kernel_backend_resize_disk(struct xs_handle *xs, const struct device_ref *ref, uint64_t bytes, uint64_t *now,
                               struct failure *failure)
{
    char *path = device_read_back(xs, ref, "params"), *number = device_read_back(xs, ref, "physical-device");
    unsigned major_number = 0, minor_number = 0;
    int r = path && number && sscanf(number, "%x:%x", &major_number, &minor_number) == 2
                ? 0
                : failure_set(failure, "the device is not ready");

    if (!r && bytes)
        r = resize_file(path, bytes, failure);
    if (!r && major_number == LOOP_MAJOR)
        r = loop_device_refresh(makedev(major_number, minor_number), failure);
    if (!r)
        r = read_size(major_number, minor_number, now, failure);
    free(path);
    free(number);
    return r;
}
