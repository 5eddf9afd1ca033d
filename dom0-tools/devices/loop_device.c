/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See loop_device.h. */
#include "devices/loop_device.h"
#include "network/run_program.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define ATTEMPTS     100 /* others take free loop devices, too */
#define BUSY_TRIES   20  /* a back end whose device was removed lets go of the file a moment later */
#define BUSY_LOOK_US 50000

/* Bytes of the file that stand for what its users do, as QEMU and hvdriverd lock them: each holds a shared lock on what
 * holds for it, and looks for others' on what it can't bear. */
#define LOCK_READS      100 /* "I read" */
#define LOCK_WRITES     101 /* "I write" */
#define LOCK_NO_WRITERS 201 /* "nobody else may write" */

static int lock_byte(int file, off_t byte)
{
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

    return fcntl(file, F_OFD_SETLK, &lock);
}

static bool others_hold(int file, off_t byte)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

    return fcntl(file, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

static int take_lock(int file, bool read_only)
{
    if (lock_byte(file, LOCK_READS) || lock_byte(file, LOCK_NO_WRITERS) || (!read_only && lock_byte(file, LOCK_WRITES)))
        return -1;
    if (!others_hold(file, LOCK_WRITES) && (read_only || !others_hold(file, LOCK_NO_WRITERS)))
        return 0;
    errno = EAGAIN;
    return -1;
}

int loop_device_lock(int file, const char *path, bool read_only, struct failure *failure)
{
    for (unsigned tries = 0; take_lock(file, read_only); tries++) {
        if (errno != EAGAIN && errno != EACCES)
            return failure_errno(failure, "%s: locking it", path);
        if (tries == BUSY_TRIES)
            return failure_set(failure, "%s is in use by another guest or program%s", path,
                               read_only ? ", which writes to it" : "");
        usleep(BUSY_LOOK_US);
    }
    return 0;
}

static int open_loop(const char *format, unsigned long number, int flags)
{
    char path[32];

    snprintf(path, sizeof(path), format, number);
    return open(path, flags | O_CLOEXEC);
}

/* One try: -1 with errno, EBUSY when somebody else took the same one. */
static int configure(int control, int file, const char *path, bool read_only)
{
    struct loop_config config = {.fd = (__u32)file};
    int number = ioctl(control, LOOP_CTL_GET_FREE);
    int loop = number < 0 ? -1 : open_loop("/dev/loop%lu", (unsigned long)number, read_only ? O_RDONLY : O_RDWR);

    if (loop < 0)
        return -1;
    config.info.lo_flags = LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO | (read_only ? LO_FLAGS_READ_ONLY : 0);
    snprintf((char *)config.info.lo_file_name, LO_NAME_SIZE, "%s", path);
    int r = ioctl(loop, LOOP_CONFIGURE, &config);
    if (r && errno == EINVAL) { /* a file system without direct I/O */
        config.info.lo_flags &= ~(__u32)LO_FLAGS_DIRECT_IO;
        r = ioctl(loop, LOOP_CONFIGURE, &config);
    }
    if (!r)
        return loop;
    int error = errno;
    close(loop);
    errno = error;
    return -1;
}

/* Where nothing loads the module when its device is opened, it is loaded here. */
static int open_control(void)
{
    const char *const argv[] = {"modprobe", "-q", "loop", NULL};
    struct failure ignored = {""};

    if (access("/dev/loop-control", F_OK))
        run_program(argv, NULL, "kmod", &ignored);
    return open("/dev/loop-control", O_RDWR | O_CLOEXEC);
}

static int make(int file, const char *path, bool read_only, dev_t *device, struct failure *failure)
{
    struct stat facts;
    int control = open_control(), loop = -1;

    if (control < 0)
        return failure_errno(failure, "/dev/loop-control (is the module loaded? modprobe loop)");
    for (unsigned i = 0; i < ATTEMPTS && loop < 0; i++) {
        loop = configure(control, file, path, read_only);
        if (loop < 0 && errno != EBUSY)
            break;
    }
    if (loop < 0)
        failure_errno(failure, "%s: a loop device for it", path);
    close(control);
    if (loop >= 0 && fstat(loop, &facts) == 0)
        *device = facts.st_rdev;
    return loop;
}

int loop_device_make(const char *path, bool read_only, dev_t *device, struct failure *failure)
{
    int file = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC), loop = -1;

    if (file < 0)
        return failure_errno(failure, "%s", path);
    if (!loop_device_lock(file, path, read_only, failure))
        loop = make(file, path, read_only, device, failure);
    close(file);
    return loop;
}

int loop_device_refresh(dev_t device, struct failure *failure)
{
    int loop = open_loop("/dev/loop%lu", minor(device), O_RDONLY);
    int r = loop < 0 ? -1 : ioctl(loop, LOOP_SET_CAPACITY, 0);

    if (r)
        failure_errno(failure, "telling loop device %u the new size", minor(device));
    if (loop >= 0)
        close(loop);
    return r;
}
