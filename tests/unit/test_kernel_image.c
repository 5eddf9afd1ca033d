/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel files from disk: ELF, packed ELF and bzImage, the cache between, and files that are refused with a reason.
 * Built without the sanitizers, since unpacking is done in the sandbox.
 */
#include "build/image.h"
#include "build/page_ops.h"
#include "unit.h"
#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xen/elfnote.h>
#include <zlib.h>

#define BASE   0xffffffff80000000
#define NOTES  (1u << 20) /* where in the file the notes are: behind some data with large holes of zeros */
#define LENGTH (NOTES + 4096)

static uint8_t elf[LENGTH], packed[2 * LENGTH], bzimage[2 * LENGTH];
static char directory[] = "/tmp/test_kernel_image.XXXXXX", path[64];

static size_t add_note(size_t at, uint32_t type, const void *value, uint32_t size)
{
    Elf64_Nhdr h = {4, size, type};

    memcpy(elf + at, &h, sizeof(h));
    memcpy(elf + at + sizeof(h), "Xen", 4);
    memcpy(elf + at + sizeof(h) + 4, value, size);
    return at + sizeof(h) + 4 + ((size + 3) & ~3u);
}

static void make_elf(void)
{
    Elf64_Ehdr *h = (Elf64_Ehdr *)elf;
    Elf64_Phdr *p = (Elf64_Phdr *)(elf + sizeof(*h));
    uint64_t base = BASE, entry = BASE + 0x100000;

    memset(elf, 0, sizeof(elf));
    *h = (Elf64_Ehdr){.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                      .e_type = ET_EXEC,
                      .e_machine = EM_X86_64,
                      .e_version = EV_CURRENT,
                      .e_phoff = sizeof(*h),
                      .e_phentsize = sizeof(*p),
                      .e_phnum = 2};
    for (unsigned i = 4096; i < 3 * 4096; i++)
        elf[i] = (uint8_t)unit_random();
    elf[NOTES - 1] = 1;
    p[0] = (Elf64_Phdr){.p_type = PT_LOAD, .p_offset = 4096, .p_paddr = 0x100000, .p_filesz = NOTES - 4096};
    p[0].p_memsz = 2u << 20;
    size_t at = add_note(NOTES, XEN_ELFNOTE_GUEST_OS, "linux", 6);
    at = add_note(at, XEN_ELFNOTE_XEN_VERSION, "xen-3.0", 8);
    at = add_note(at, XEN_ELFNOTE_LOADER, "generic", 8);
    at = add_note(at, XEN_ELFNOTE_VIRT_BASE, &base, 8);
    at = add_note(at, XEN_ELFNOTE_ENTRY, &entry, 8);
    p[1] = (Elf64_Phdr){.p_type = PT_NOTE, .p_offset = NOTES, .p_filesz = at - NOTES};
}

static size_t pack(void)
{
    z_stream z = {.next_in = elf, .avail_in = LENGTH, .next_out = packed, .avail_out = sizeof(packed)};

    deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
    deflate(&z, Z_FINISH);
    deflateEnd(&z);
    return z.total_out;
}

static size_t make_bzimage(size_t payload)
{
    static const uint32_t length = LENGTH;
    uint32_t size = (uint32_t)payload + 4;

    memset(bzimage, 0, 1024);
    bzimage[0x1f1] = 1;
    memcpy(bzimage + 0x1fe, "\x55\xaaxxHdrS\x0f\x02", 10);
    memcpy(bzimage + 0x24c, &size, 4);
    memcpy(bzimage + 1024, packed, payload);
    memcpy(bzimage + 1024 + payload, &length, 4);
    return 1024 + size;
}

static void write_file(const void *bytes, size_t size)
{
    FILE *f = fopen(path, "w");

    CU_ASSERT_EQUAL_FATAL(fwrite(bytes, 1, size, f), size);
    fclose(f);
}

/* Opens what was written, and checks the contents if it can be opened. */
static int open_image(struct image *image, const char *format)
{
    struct failure failure = {""};
    int r = image_open(path, image, &failure);

    CU_ASSERT_EQUAL(r != 0, failure.text[0] != 0);
    if (r) {
        CU_ASSERT_PTR_NOT_NULL(strstr(failure.text, path)); /* what and where */
        image_close(image);
        return r;
    }
    CU_ASSERT_STRING_EQUAL(image->format, format);
    CU_ASSERT_EQUAL(image->segments, 1);
    CU_ASSERT_EQUAL(image->notes.entry, BASE + 0x100000);
    CU_ASSERT_EQUAL(memcmp(image->segment[0].data, elf + 4096, NOTES - 4096), 0);
    return 0;
}

static void empty_cache(void)
{
    DIR *d = opendir(directory);

    for (struct dirent *e; (e = readdir(d));)
        if (strstr(e->d_name, ".kernel"))
            unlinkat(dirfd(d), e->d_name, 0);
    closedir(d);
}

static void test_formats(void)
{
    struct image image;

    write_file(elf, LENGTH);
    CU_ASSERT_EQUAL(open_image(&image, "ELF"), 0);
    CU_ASSERT_FALSE(image.cached);
    image_close(&image);
    write_file(packed, pack());
    CU_ASSERT_EQUAL(open_image(&image, "gzip"), 0);
    image_close(&image);
    write_file(bzimage, make_bzimage(pack()));
    CU_ASSERT_EQUAL(open_image(&image, "gzip"), 0);
    image_close(&image);
}

static void test_cache(void)
{
    struct image image;

    empty_cache();
    write_file(bzimage, make_bzimage(pack()));
    CU_ASSERT_EQUAL(open_image(&image, "gzip"), 0);
    CU_ASSERT_FALSE(image.cached);
    image_close(&image);
    CU_ASSERT_EQUAL(open_image(&image, "gzip"), 0);
    CU_ASSERT_TRUE(image.cached);
    CU_ASSERT_TRUE(kernel_cache_verify(&image.file));
    kernel_cache_forget(&image.file);
    image_close(&image);
    CU_ASSERT_EQUAL(open_image(&image, "gzip"), 0);
    CU_ASSERT_FALSE(image.cached);
    image_close(&image);
}

/* Changes one byte of the only entry. */
static void damage_entry(off_t at)
{
    DIR *d = opendir(directory);
    uint8_t byte;

    for (struct dirent *e; (e = readdir(d));) {
        if (!strstr(e->d_name, ".kernel"))
            continue;
        int fd = openat(dirfd(d), e->d_name, O_RDWR);
        CU_ASSERT_EQUAL(pread(fd, &byte, 1, at), 1);
        byte ^= 1;
        CU_ASSERT_EQUAL(pwrite(fd, &byte, 1, at), 1);
        close(fd);
    }
    closedir(d);
}

static void test_damaged_cache(void)
{
    size_t size = pack(), unpacked = 4096 + ((size + 4 + 4095) & ~(size_t)4095);
    static const off_t header[] = {3, 16, 24, 32, 40};
    struct image image;

    write_file(bzimage, make_bzimage(size));
    for (unsigned i = 0; i < 5; i++) { /* an entry with a bad header is none */
        empty_cache();
        CU_ASSERT_EQUAL(open_image(&image, "gzip"), 0);
        image_close(&image);
        damage_entry(header[i]);
        CU_ASSERT_EQUAL(open_image(&image, "gzip"), 0);
        CU_ASSERT_FALSE(image.cached);
        image_close(&image);
    }
    damage_entry(4096 + 100); /* the packed bytes: those of another kernel with the same name */
    CU_ASSERT_EQUAL(open_image(&image, "gzip"), 0);
    CU_ASSERT_FALSE(image.cached);
    image_close(&image);
    damage_entry((off_t)(unpacked + 5000)); /* what the guest would get */
    CU_ASSERT_EQUAL(image_open(path, &image, &(struct failure){""}), 0);
    CU_ASSERT_TRUE(image.cached);
    CU_ASSERT_FALSE(kernel_cache_verify(&image.file));
    kernel_cache_forget(&image.file);
    image_close(&image);
    CU_ASSERT_EQUAL(open_image(&image, "gzip"), 0);
    CU_ASSERT_FALSE(image.cached);
    image_close(&image);
}

/* A cache that others can write to is not used. */
static void test_unsafe_cache(void)
{
    struct image image;

    empty_cache();
    chmod(directory, 0777);
    write_file(bzimage, make_bzimage(pack()));
    for (unsigned i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(open_image(&image, "gzip"), 0);
        CU_ASSERT_FALSE(image.cached);
        image_close(&image);
    }
    chmod(directory, 0700);
}

static void test_refused(void)
{
    struct image image;
    size_t size;

    unlink(path);
    CU_ASSERT_EQUAL(open_image(&image, ""), -1);
    write_file("", 0);
    CU_ASSERT_EQUAL(open_image(&image, ""), -1);
    write_file("#!/bin/sh\nexit\n", 15);
    CU_ASSERT_EQUAL(open_image(&image, ""), -1);
    write_file(elf, NOTES / 2);
    CU_ASSERT_EQUAL(open_image(&image, ""), -1);
    size = pack();
    write_file(packed, size / 2);
    CU_ASSERT_EQUAL(open_image(&image, ""), -1);
    size = make_bzimage(size);
    write_file(bzimage, size / 2);
    CU_ASSERT_EQUAL(open_image(&image, ""), -1);
    bzimage[size - 4] ^= 1; /* unpacks to more or to less than it says */
    write_file(bzimage, size);
    CU_ASSERT_EQUAL(open_image(&image, ""), -1);
    bzimage[size - 1] = 0xff; /* 4 GiB */
    write_file(bzimage, size);
    CU_ASSERT_EQUAL(open_image(&image, ""), -1);
    ((Elf64_Ehdr *)elf)->e_machine = EM_AARCH64;
    write_file(packed, pack());
    CU_ASSERT_EQUAL(open_image(&image, ""), -1);
    make_elf();
}

/* Bytes that the file has no data for are left out. */
static void test_holes(void)
{
    struct image image;
    size_t at = 0, length = 0, data = 0;

    write_file(elf, LENGTH);
    int fd = open(path, O_RDWR);
    bool holes = fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 16384, NOTES - 32768) == 0;
    close(fd);
    CU_ASSERT_EQUAL(open_image(&image, "ELF"), 0);
    for (; file_bytes_next_data(&image.file, &at, LENGTH, &length); at += length) {
        CU_ASSERT_TRUE(length > 0 && at + length <= LENGTH);
        data += length;
    }
    CU_ASSERT_TRUE(holes ? data < LENGTH / 2 : data == LENGTH);
    image_close(&image);
}

int main(void)
{
    CU_TestInfo cases[] = {{"each format", test_formats},
                           {"the cache", test_cache},
                           {"a damaged cache", test_damaged_cache},
                           {"a cache that others can write to", test_unsafe_cache},
                           {"refused with a reason", test_refused},
                           {"holes in a file", test_holes},
                           CU_TEST_INFO_NULL};
    if (!mkdtemp(directory) || setenv("HAVEN_CACHE", directory, 1))
        return 2;
    snprintf(path, sizeof(path), "%s/kernel", directory);
    make_elf();
    int status = unit_run("kernel_image", cases);
    empty_cache();
    unlink(path);
    rmdir(directory);
    return status;
}
