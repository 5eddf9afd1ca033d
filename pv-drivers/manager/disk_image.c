/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See disk_image.h. O_DIRECT is used where it is possible with sectors of 512 bytes, or the device's own: what a guest
 * has written is then on the disk's side, and dom0 does not keep everything twice.
 */
#include "manager/disk_image.h"
#include "manager/device_kind.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define SECTOR           512u
#define PAGE             4096u
#define LOCK_READS       100 /* held: "I read" */
#define LOCK_WRITES      101 /* held: "I write" */
#define LOCK_NO_WRITERS  201 /* held: "nobody else may write" */
#define LOCK_WORKER      (INT64_C(1) << 61)
#define DIRECT_TRY_BYTES 512u

/* ---- locks ---- */

static int lock_byte(int file, short type, int64_t byte)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

    return fcntl(file, F_OFD_SETLK, &lock);
}

static bool somebody_holds(int file, int64_t byte)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

    return fcntl(file, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/* First our own are taken, then others' are looked for: of two who do so at once, at least one sees the other. */
static int lock_against_others(const struct disk_image *image, const char *path, struct failure *failure)
{
    int error = lock_byte(image->file, F_RDLCK, LOCK_READS);

    if (!error)
        error = lock_byte(image->file, F_RDLCK, LOCK_NO_WRITERS);
    if (!error && !image->read_only)
        error = lock_byte(image->file, F_RDLCK, LOCK_WRITES);
    if (error && errno != EAGAIN && errno != EACCES)
        return failure_errno(failure, "%s can't be locked", path);
    if (!error && !somebody_holds(image->file, LOCK_WRITES) &&
        (image->read_only || !somebody_holds(image->file, LOCK_NO_WRITERS)))
        return 0;
    failure_set(failure, "%s is in use by another guest or program%s", path,
                image->read_only ? ", which writes to it" : "");
    return DEVICE_BUSY;
}

/* A mount of the image, or Linux's back end: neither takes locks. */
static bool has_loop_device(const struct stat *image)
{
    glob_t loops;
    bool found = false;

    if (glob("/sys/block/loop*/loop/backing_file", 0, NULL, &loops))
        return false;
    for (size_t i = 0; i < loops.gl_pathc && !found; i++) {
        struct loop_info64 info;
        char path[32];
        int number = -1, loop;
        sscanf(loops.gl_pathv[i], "/sys/block/loop%d/", &number);
        snprintf(path, sizeof(path), "/dev/loop%d", number);
        loop = open(path, O_RDONLY | O_CLOEXEC);
        found = loop >= 0 && ioctl(loop, LOOP_GET_STATUS64, &info) == 0 && info.lo_inode == image->st_ino &&
                info.lo_device == image->st_dev;
        if (loop >= 0)
            close(loop);
    }
    globfree(&loops);
    return found;
}

/* ---- measuring ---- */

static uint64_t read_queue(dev_t device, const char *name)
{
    static const char *const places[] = {"queue", "../queue"}; /* a whole device, a partition */
    unsigned long long value = 0;

    for (unsigned i = 0; i < 2; i++) {
        char path[96];
        snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/%s/%s", major(device), minor(device), places[i], name);
        FILE *file = fopen(path, "re");
        if (!file)
            continue;
        if (fscanf(file, "%llu", &value) != 1)
            value = 0;
        fclose(file);
        break;
    }
    return value;
}

static int measure_device(struct disk_image *image, dev_t device, struct failure *failure)
{
    int sector = 0;
    unsigned physical = 0;

    if (ioctl(image->file, BLKGETSIZE64, &image->bytes) || ioctl(image->file, BLKSSZGET, &sector))
        return failure_errno(failure, "the size of a block device");
    image->sector_size = (uint32_t)sector;
    image->physical_sector_size = ioctl(image->file, BLKPBSZGET, &physical) ? image->sector_size : physical;
    image->discard = read_queue(device, "discard_max_bytes") > 0;
    image->discard_granularity = (uint32_t)read_queue(device, "discard_granularity");
    image->discard_alignment = (uint32_t)read_queue(device, "discard_alignment");
    return 0;
}

int disk_image_measure(struct disk_image *image, struct failure *failure)
{
    struct stat facts;

    if (fstat(image->file, &facts))
        return failure_errno(failure, "the size of an image");
    if (image->block_device)
        return measure_device(image, facts.st_rdev, failure);
    image->bytes = (uint64_t)facts.st_size;
    image->sector_size = image->physical_sector_size = SECTOR;
    image->discard = true; /* a hole; a file system that has none says so once */
    image->discard_granularity = PAGE;
    return 0;
}

/* ---- opening ---- */

static bool direct_works(int file)
{
    static uint8_t place[DIRECT_TRY_BYTES] __attribute__((aligned(PAGE)));

    return pread(file, place, sizeof(place), 0) >= 0;
}

static int open_file(struct disk_image *image, const char *path, int flags)
{
    image->direct = true;
    image->file = open(path, flags | O_DIRECT);
    if (image->file >= 0 && !image->block_device && !direct_works(image->file)) {
        close(image->file);
        image->file = -1;
        errno = EINVAL;
    }
    if (image->file < 0 && errno == EINVAL) {
        image->direct = false;
        image->file = open(path, flags);
    }
    return image->file;
}

int disk_image_open(struct disk_image *image, const char *path, bool read_only, bool may_be_looped,
                    struct failure *failure)
{
    int flags = (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    struct stat facts;
    int result;

    *image = (struct disk_image){.file = -1, .read_only = read_only};
    if (stat(path, &facts))
        return failure_errno(failure, "disk image %s", path);
    image->block_device = S_ISBLK(facts.st_mode);
    if (!image->block_device && !S_ISREG(facts.st_mode))
        return failure_set(failure, "%s is neither a file nor a block device", path);
    /* With O_EXCL a block device can't be had that is mounted or part of something, nor twice. */
    if (open_file(image, path, flags | (image->block_device && !read_only ? O_EXCL : 0)) < 0) {
        if (errno != EBUSY)
            return failure_errno(failure, "disk image %s", path);
        failure_set(failure, "%s is in use: it is mounted, or another guest or program has it", path);
        return DEVICE_BUSY;
    }
    result = lock_against_others(image, path, failure);
    if (!result && !read_only && !may_be_looped && !image->block_device && has_loop_device(&facts)) {
        failure_set(failure, "%s is in use by a loop device (losetup -j tells which): mounted, or another guest's",
                    path);
        result = DEVICE_BUSY;
    }
    if (!result)
        result = disk_image_measure(image, failure);
    if (result)
        disk_image_close(image);
    return result;
}

void disk_image_close(struct disk_image *image)
{
    if (image->file >= 0)
        close(image->file);
    image->file = -1;
}

int disk_image_open_again(const struct disk_image *image, int *file, struct failure *failure)
{
    int flags = (image->read_only ? O_RDONLY : O_RDWR) | (image->direct ? O_DIRECT : 0) | O_CLOEXEC;
    char path[32];

    snprintf(path, sizeof(path), "/proc/self/fd/%d", image->file);
    *file = open(path, flags);
    if (*file < 0)
        return failure_errno(failure, "opening the image again");
    if (image->read_only || lock_byte(*file, F_WRLCK, LOCK_WORKER) == 0)
        return 0;
    failure_errno(failure, "writes to the image that were begun before have not ended");
    close(*file);
    *file = -1;
    return DEVICE_BUSY;
}

int disk_image_resize(struct disk_image *image, uint64_t bytes, struct failure *failure)
{
    if (image->block_device)
        return failure_set(failure, "a block device: resize it with its own tools, then tell the guest (reread)");
    if (image->read_only)
        return failure_set(failure, "the disk is read-only");
    if (bytes == 0 || bytes % SECTOR || bytes > INT64_MAX)
        return failure_set(failure, "%llu bytes: it must be a number of sectors of 512 bytes",
                           (unsigned long long)bytes);
    if (ftruncate(image->file, (off_t)bytes))
        return failure_errno(failure, "changing the size of the image to %llu bytes", (unsigned long long)bytes);
    return disk_image_measure(image, failure);
}
