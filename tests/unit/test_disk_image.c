/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pv-drivers/manager/disk_image.c: who may have an image at the same time, and its size. */
#include "manager/device_kind.h"
#include "manager/disk_image.h"
#include "unit.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/haven-image-XXXXXX";
static struct failure failure;

static int open_image(struct disk_image *image, bool read_only)
{
    failure.text[0] = 0;
    return disk_image_open(image, path, read_only, false, &failure);
}

static void test_one_writer(void)
{
    struct disk_image first, second;

    CU_ASSERT_FATAL(open_image(&first, false) == 0);
    CU_ASSERT(first.bytes == 1 << 20 && first.sector_size == 512 && !first.block_device);
    CU_ASSERT(open_image(&second, false) == DEVICE_BUSY);
    CU_ASSERT(strstr(failure.text, path) != NULL && strstr(failure.text, "in use") != NULL);
    CU_ASSERT(second.file == -1);
    CU_ASSERT(open_image(&second, true) == DEVICE_BUSY);
    disk_image_close(&first);
    CU_ASSERT(open_image(&second, false) == 0);
    disk_image_close(&second);
}

static void test_readers_share(void)
{
    struct disk_image first, second, writer;

    CU_ASSERT_FATAL(open_image(&first, true) == 0);
    CU_ASSERT(open_image(&second, true) == 0);
    CU_ASSERT(open_image(&writer, false) == DEVICE_BUSY);
    disk_image_close(&first);
    CU_ASSERT(open_image(&writer, false) == DEVICE_BUSY);
    disk_image_close(&second);
    CU_ASSERT(open_image(&writer, false) == 0);
    disk_image_close(&writer);
}

/* A lock on all of the file, as the tools take it for Linux's back end; and QEMU's, on one byte. */
static void test_others(void)
{
    struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET},
                 byte = {.l_type = F_RDLCK, .l_start = 201, .l_len = 1};
    struct disk_image image;
    int file = open(path, O_RDWR | O_CLOEXEC);

    CU_ASSERT_FATAL(file >= 0 && fcntl(file, F_OFD_SETLK, &all) == 0);
    CU_ASSERT(open_image(&image, false) == DEVICE_BUSY);
    CU_ASSERT(open_image(&image, true) == DEVICE_BUSY);
    close(file);
    file = open(path, O_RDWR | O_CLOEXEC);
    CU_ASSERT_FATAL(file >= 0 && fcntl(file, F_OFD_SETLK, &byte) == 0);
    CU_ASSERT(open_image(&image, false) == DEVICE_BUSY);
    CU_ASSERT(open_image(&image, true) == 0);
    disk_image_close(&image);
    close(file);
}

/* The file that a worker has stands for all that it began: the next one waits for its end. */
static void test_one_worker(void)
{
    struct disk_image image;
    int first, second;

    CU_ASSERT_FATAL(open_image(&image, false) == 0);
    CU_ASSERT(disk_image_open_again(&image, &first, &failure) == 0);
    CU_ASSERT(disk_image_open_again(&image, &second, &failure) == DEVICE_BUSY && second == -1);
    int kept = dup(first); /* as a write under way keeps it */
    close(first);
    CU_ASSERT(disk_image_open_again(&image, &second, &failure) == DEVICE_BUSY);
    close(kept);
    unlink(path); /* the name may be gone */
    CU_ASSERT(disk_image_open_again(&image, &second, &failure) == 0);
    close(second);
    disk_image_close(&image);
    second = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    CU_ASSERT(second >= 0 && ftruncate(second, 1 << 20) == 0);
    close(second);
}

static void test_size(void)
{
    struct disk_image image;

    CU_ASSERT_FATAL(open_image(&image, false) == 0);
    CU_ASSERT(disk_image_resize(&image, 3 << 20, &failure) == 0 && image.bytes == 3 << 20);
    CU_ASSERT(disk_image_resize(&image, 1000, &failure) == -1);
    CU_ASSERT(disk_image_resize(&image, 0, &failure) == -1);
    CU_ASSERT(image.bytes == 3 << 20);
    CU_ASSERT(truncate(path, 2 << 20) == 0);
    CU_ASSERT(disk_image_measure(&image, &failure) == 0 && image.bytes == 2 << 20);
    disk_image_close(&image);
    CU_ASSERT_FATAL(open_image(&image, true) == 0);
    CU_ASSERT(disk_image_resize(&image, 4 << 20, &failure) == -1);
    disk_image_close(&image);
}

static void test_no_image(void)
{
    struct disk_image image;

    failure.text[0] = 0;
    CU_ASSERT(disk_image_open(&image, "/nonexistent/image", false, false, &failure) == -1);
    CU_ASSERT(strstr(failure.text, "/nonexistent/image") != NULL);
    failure.text[0] = 0;
    CU_ASSERT(disk_image_open(&image, "/tmp", true, false, &failure) == -1);
    CU_ASSERT(disk_image_open(&image, "/dev/null", true, false, &failure) == -1);
}

int main(void)
{
    CU_TestInfo cases[] = {
        {"one writer", test_one_writer},
        {"readers share", test_readers_share},
        {"locks of others", test_others},
        {"one worker after the other", test_one_worker},
        {"the size", test_size},
        {"what is no image", test_no_image},
        CU_TEST_INFO_NULL,
    };
    int file = mkstemp(path);

    if (file < 0 || ftruncate(file, 1 << 20))
        return 2;
    close(file);
    int failed = unit_run("disk_image", cases);
    unlink(path);
    return failed;
}
