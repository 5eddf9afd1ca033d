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

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_bridge.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_US    10000
#define SYSFS_BACK "/sys/bus/xen-backend"

extern char **environ;

int kernel_backend_check(enum device_class class, struct failure *failure)
{
    const char *driver = class == DEVICE_BLOCK ? SYSFS_BACK "/drivers/vbd" : SYSFS_BACK "/drivers/vif";
    char *module = class == DEVICE_BLOCK ? (char[]){"xen-blkback"} : (char[]){"xen-netback"};
    char *const argv[] = {(char[]){"modprobe"}, (char[]){"-q"}, module, NULL};
    pid_t pid;

    if (access(driver, F_OK) == 0)
        return 0;
    if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) == 0)
        waitpid(pid, NULL, 0);
    if (access(driver, F_OK) == 0)
        return 0;
    return failure_set(failure, "dom0's kernel has no driver %s: modprobe %s", module, module);
}

static bool write_back(struct xs_handle *xs, const struct device_ref *ref, const char *node, const char *value)
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

/* Waits for a file or folder of sysfs. */
static int wait_for(struct xs_handle *xs, const struct device_ref *ref, const char *path, const char *what,
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
    int fd = open(disk->target, (disk->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
    if (fd < 0)
        return failure_errno(failure, "%s", disk->target);
    *device = facts.st_rdev;
    return fd;
}

int kernel_backend_open_disk(struct xs_handle *xs, const struct device_ref *ref, const struct disk_config *disk,
                             int64_t deadline_ms, struct failure *failure)
{
    char number[32], path[96];
    dev_t device = 0;
    int fd = open_behind(disk, &device, failure);

    if (fd < 0)
        return -1;
    snprintf(number, sizeof(number), "%x:%x", major(device), minor(device));
    snprintf(path, sizeof(path), SYSFS_BACK "/devices/vbd-%u-%" PRIu32 "/physical_device", ref->domid, ref->id);
    int r = write_back(xs, ref, "physical-device-path", disk->target) &&
                    write_back(xs, ref, "physical-device", number) && write_back(xs, ref, "hotplug-status", "connected")
                ? 0
                : failure_errno(failure, "writing to the store");
    if (!r)
        r = wait_for(xs, ref, path, "open the block device", deadline_ms, failure);
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
    if (!r && major_number == 7) /* of loop devices, Linux's devices.txt */
        r = loop_device_refresh(makedev(major_number, minor_number), failure);
    if (!r)
        r = read_size(major_number, minor_number, now, failure);
    free(path);
    free(number);
    return r;
}

/* ---- interfaces ---- */

static int set_up(int s, const char *name, struct failure *failure)
{
    struct ifreq request = {0};

    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    if (ioctl(s, SIOCGIFFLAGS, &request))
        return failure_errno(failure, "interface %s", name);
    request.ifr_flags |= IFF_UP;
    return ioctl(s, SIOCSIFFLAGS, &request) ? failure_errno(failure, "interface %s: setting it up", name) : 0;
}

/* The interface must be down for it, as it is at first. */
static int rename_interface(int s, const char *from, const char *to, struct failure *failure)
{
    struct ifreq request = {0};

    if (!*to || strcmp(from, to) == 0)
        return 0;
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", from);
    snprintf(request.ifr_newname, sizeof(request.ifr_newname), "%s", to);
    return ioctl(s, SIOCSIFNAME, &request) ? failure_errno(failure, "interface %s: naming it %s", from, to) : 0;
}

static int interface_mtu(int s, const char *name, uint32_t *mtu)
{
    struct ifreq request = {0};

    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    if (ioctl(s, SIOCGIFMTU, &request))
        return -1;
    *mtu = (uint32_t)request.ifr_mtu;
    return 0;
}

/* A vif without an MTU of its own takes the bridge's, and tells the guest. */
static int set_mtu(struct xs_handle *xs, int s, const struct device_ref *ref, const char *name,
                   const struct vif_config *vif, struct failure *failure)
{
    struct ifreq request = {0};
    uint32_t mtu = vif->mtu;
    char front[DEVICE_PATH_MAX], path[DEVICE_PATH_MAX + 8], text[16];

    if (!mtu && interface_mtu(s, vif->bridge, &mtu))
        mtu = VIF_MTU_DEFAULT;
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    request.ifr_mtu = (int)mtu;
    if (ioctl(s, SIOCSIFMTU, &request))
        return failure_errno(failure, "interface %s: an MTU of %u", name, mtu);
    device_ref_front(ref, front);
    snprintf(path, sizeof(path), "%s/mtu", front);
    snprintf(text, sizeof(text), "%u", mtu);
    return store_write(xs, XBT_NULL, path, text) ? 0 : failure_errno(failure, "writing to the store");
}

static int add_port(int s, const char *bridge, const char *name, struct failure *failure)
{
    struct ifreq request = {0};

    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", bridge);
    request.ifr_ifindex = (int)if_nametoindex(name);
    if (ioctl(s, SIOCBRADDIF, &request) && errno != EBUSY)
        return failure_errno(failure, "bridge %s: adding %s to it%s", bridge, name,
                             errno == ENODEV ? " (\"hvctl network-setup\" makes a bridge)" : "");
    return 0;
}

int kernel_backend_join_bridge(struct xs_handle *xs, const struct device_ref *ref, const struct vif_config *vif,
                               int64_t deadline_ms, struct failure *failure)
{
    char made[IFNAMSIZ], path[64];

    snprintf(made, sizeof(made), "vif%u.%" PRIu32, ref->domid, ref->id);
    const char *name = vif->name[0] ? vif->name : made;
    snprintf(path, sizeof(path), "/sys/class/net/%s", made);
    if (wait_for(xs, ref, path, "make the interface", deadline_ms, failure))
        return -1;
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (s < 0)
        return failure_errno(failure, "a socket");
    int r = rename_interface(s, made, vif->name, failure) || set_mtu(xs, s, ref, name, vif, failure) ||
                    add_port(s, vif->bridge, name, failure) || set_up(s, name, failure)
                ? -1
                : 0;
    close(s);
    if (!r && (!write_back(xs, ref, "vifname", name) || !write_back(xs, ref, "hotplug-status", "connected")))
        r = failure_errno(failure, "writing to the store");
    return r;
}
