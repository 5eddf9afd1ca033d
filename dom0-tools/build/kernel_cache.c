/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See kernel_cache.h. The cache lies in the first of a few directories that root, and nobody else, can write to. */
#include "build/kernel_cache.h"
#include "build/page_ops.h"
#include "build/unpack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define CACHE_BYTES  (512u << 20) /* at most, together */
#define CACHE_SUFFIX ".kernel"

static const char magic[16] = "haven kernel 1\n";

struct entry_header {
    char magic[16];
    uint64_t packed_size, unpacked_offset, unpacked_size;
    uint32_t unpacked_sum;
    uint32_t header_sum; /* of all before it */
};

_Static_assert(sizeof(struct entry_header) == 48, "without holes, and a multiple of 8 as crc32c wants it");

static uint32_t header_sum(const struct entry_header *h)
{
    struct entry_header copy = *h;

    copy.header_sum = 0;
    return crc32c(~0u, &copy, sizeof(copy));
}

static size_t page_up(size_t n)
{
    return (n + PAGE_BYTES - 1) & ~(size_t)(PAGE_BYTES - 1);
}

/* ---- files in memory ---- */

void file_bytes_close(struct file_bytes *f)
{
    if (f->map)
        munmap(f->map, f->map_size);
    if (f->fd >= 0)
        close(f->fd);
    *f = (struct file_bytes){.fd = -1};
}

bool file_bytes_next_data(const struct file_bytes *f, size_t *at, size_t end, size_t *length)
{
    off_t start = lseek(f->fd, (off_t)*at, SEEK_DATA);
    if (start < 0 && errno == ENXIO)
        return false; /* nothing but a hole until the end */
    if (start < 0 || (size_t)start < *at)
        start = (off_t)*at; /* the file system does not know */
    if ((size_t)start >= end)
        return false;
    off_t stop = lseek(f->fd, start, SEEK_HOLE);
    if (stop <= start || (size_t)stop > end)
        stop = (off_t)end;
    *at = (size_t)start;
    *length = (size_t)(stop - start);
    return true;
}

/* The sum of all pages that are not zero, each with its number, so that holes cost nothing. */
static uint32_t sum_pages(const struct file_bytes *f, size_t offset, size_t size)
{
    size_t end = offset + page_up(size), length;
    uint32_t sum = ~0u;

    for (size_t at = offset; at < end && file_bytes_next_data(f, &at, end, &length); at += length)
        for (size_t page = at & ~(size_t)(PAGE_BYTES - 1); page < at + length; page += PAGE_BYTES) {
            uint64_t number = (page - offset) / PAGE_BYTES;
            if (page_is_zero(f->map + page))
                continue;
            sum = crc32c(sum, &number, sizeof(number));
            sum = crc32c(sum, f->map + page, PAGE_BYTES);
        }
    return sum;
}

/* ---- the directory ---- */

static bool directory_is_safe(int fd)
{
    struct stat s;

    return fstat(fd, &s) == 0 && S_ISDIR(s.st_mode) && s.st_uid == geteuid() && (s.st_mode & 022) == 0;
}

/* -1: there is none. */
static int open_directory(void)
{
    static const char *const places[][2] = {{"/var/cache", "/var/cache/haven"}, {"/run/haven", "/run/haven/cache"}};
    const char *wanted = getenv("HAVEN_CACHE");

    for (unsigned i = 0; i < 2; i++) {
        const char *place = wanted ? wanted : places[i][1];
        if (!wanted)
            (void)mkdir(places[i][0], 0755);
        if (mkdir(place, 0700) && errno != EEXIST)
            continue;
        int fd = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (fd >= 0 && directory_is_safe(fd) && faccessat(fd, ".", W_OK, AT_EACCESS) == 0)
            return fd;
        if (fd >= 0)
            close(fd);
    }
    return -1;
}

static void entry_name(char name[32], const void *packed, size_t size)
{
    snprintf(name, 32, "%08x-%08x" CACHE_SUFFIX, crc32c(~0u, packed, size), (unsigned)size);
}

struct old_entry {
    char name[32];
    time_t used;
    uint64_t bytes;
};

static int compare_age(const void *a, const void *b)
{
    const struct old_entry *x = a, *y = b;

    return (x->used < y->used) - (x->used > y->used); /* newest first */
}

static unsigned list_entries(int directory, struct old_entry *list, unsigned max)
{
    int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    unsigned n = 0;

    if (!d && fd >= 0)
        close(fd);
    for (struct dirent *e; d && n < max && (e = readdir(d));) {
        size_t length = strlen(e->d_name);
        struct stat s;
        if (length >= sizeof(list->name) || length <= strlen(CACHE_SUFFIX) ||
            strcmp(e->d_name + length - strlen(CACHE_SUFFIX), CACHE_SUFFIX) != 0 ||
            fstatat(directory, e->d_name, &s, AT_SYMLINK_NOFOLLOW))
            continue;
        memcpy(list[n].name, e->d_name, length + 1);
        list[n].used = s.st_mtime;
        list[n].bytes = (uint64_t)s.st_blocks * 512;
        n++;
    }
    if (d)
        closedir(d);
    return n;
}

/* Deletes the least recently used entries. */
static void prune(int directory, uint64_t limit)
{
    static struct old_entry list[256];
    unsigned n = list_entries(directory, list, sizeof(list) / sizeof(list[0]));
    uint64_t bytes = 0;

    qsort(list, n, sizeof(list[0]), compare_age);
    for (unsigned i = 0; i < n; i++) {
        bytes += list[i].bytes;
        if (bytes > limit)
            unlinkat(directory, list[i].name, 0);
    }
}

/* ---- finding ---- */

static bool header_fits(const struct entry_header *h, size_t packed_size, size_t file_size)
{
    return memcmp(h->magic, magic, sizeof(magic)) == 0 && h->header_sum == header_sum(h) &&
           h->packed_size == packed_size && h->unpacked_offset == PAGE_BYTES + page_up(packed_size) &&
           h->unpacked_size <= UNPACKED_MAX && h->unpacked_offset + page_up(h->unpacked_size) == file_size;
}

/* Maps the entry; false: it is not one. */
static bool open_entry(int directory, const char *name, size_t packed_size, struct file_bytes *f)
{
    struct stat s;
    struct entry_header h;

    *f = (struct file_bytes){.fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
    if (f->fd < 0 || fstat(f->fd, &s) || !S_ISREG(s.st_mode) || s.st_uid != geteuid() || (s.st_mode & 022) ||
        pread(f->fd, &h, sizeof(h), 0) != sizeof(h) || !header_fits(&h, packed_size, (size_t)s.st_size))
        return false;
    void *map = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_PRIVATE, f->fd, 0);
    if (map == MAP_FAILED)
        return false;
    f->map = map;
    f->map_size = (size_t)s.st_size;
    f->data = f->map + h.unpacked_offset;
    f->size = h.unpacked_size;
    f->sum = h.unpacked_sum;
    return true;
}

bool kernel_cache_verify(const struct file_bytes *f)
{
    return sum_pages(f, (size_t)(f->data - f->map), f->size) == f->sum;
}

bool kernel_cache_find(const void *packed, size_t size, struct file_bytes *out)
{
    char name[32];
    int directory = open_directory();

    *out = (struct file_bytes){.fd = -1};
    if (directory < 0)
        return false;
    entry_name(name, packed, size);
    bool found = open_entry(directory, name, size, out) && memcmp(out->map + PAGE_BYTES, packed, size) == 0;
    if (found)
        (void)futimens(out->fd, NULL); /* used now: see prune() */
    else
        file_bytes_close(out);
    close(directory);
    return found;
}

void kernel_cache_forget(const struct file_bytes *f)
{
    size_t offset = (size_t)(f->data - f->map);
    struct entry_header h;
    char name[32];
    int directory = open_directory();

    if (directory < 0 || offset <= PAGE_BYTES)
        return;
    memcpy(&h, f->map, sizeof(h));
    if (header_fits(&h, h.packed_size, f->map_size)) {
        entry_name(name, f->map + PAGE_BYTES, h.packed_size);
        unlinkat(directory, name, 0);
    }
    close(directory);
}

/* ---- making ---- */

/* Frees the pages that are zero, if they come in runs worth a call. */
static void punch_holes(const struct file_bytes *f, size_t offset, size_t size)
{
    const size_t least = 8 * PAGE_BYTES;
    size_t end = offset + page_up(size), zero = offset;

    for (size_t at = offset; at <= end; at += PAGE_BYTES) {
        if (at < end && page_is_zero(f->map + at))
            continue;
        if (at - zero >= least)
            (void)fallocate(f->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)zero, (off_t)(at - zero));
        zero = at + PAGE_BYTES;
    }
}

/* An unnamed file of the entry's size, mapped to be written; without a directory one in memory. */
static int make_file(int directory, size_t file_size, struct file_bytes *f)
{
    *f = (struct file_bytes){.fd = directory < 0 ? memfd_create("kernel", MFD_CLOEXEC)
                                                 : openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
    if (f->fd < 0 || ftruncate(f->fd, (off_t)file_size))
        return -1;
    void *map = mmap(NULL, file_size, PROT_READ | PROT_WRITE, MAP_SHARED, f->fd, 0);
    if (map == MAP_FAILED)
        return -1;
    f->map = map;
    f->map_size = file_size;
    return 0;
}

static bool has_room(int directory, size_t bytes)
{
    struct statvfs s;

    return fstatvfs(directory, &s) == 0 && (uint64_t)s.f_bavail * s.f_frsize > 2 * (uint64_t)bytes;
}

/* The entry is all there but for its header and its name. Failing is no loss. */
static void publish(int directory, const void *packed, size_t packed_size, struct file_bytes *f)
{
    size_t offset = (size_t)(f->data - f->map);
    struct entry_header h = {
        .packed_size = packed_size,
        .unpacked_offset = offset,
        .unpacked_size = f->size,
        .unpacked_sum = sum_pages(f, offset, f->size),
    };
    char name[32], self[32];

    memcpy(h.magic, magic, sizeof(magic));
    h.header_sum = header_sum(&h);
    if (ftruncate(f->fd, (off_t)(offset + page_up(f->size))) ||
        pwrite(f->fd, packed, packed_size, PAGE_BYTES) != (ssize_t)packed_size ||
        pwrite(f->fd, &h, sizeof(h), 0) != sizeof(h))
        return;
    entry_name(name, packed, packed_size);
    snprintf(self, sizeof(self), "/proc/self/fd/%d", f->fd);
    unlinkat(directory, name, 0); /* what was there was of no use */
    (void)linkat(AT_FDCWD, self, directory, name, AT_SYMLINK_FOLLOW);
    prune(directory, CACHE_BYTES);
}

int kernel_cache_unpack(const void *packed, size_t size, size_t room, struct file_bytes *out, struct failure *failure)
{
    size_t offset = PAGE_BYTES + page_up(size), unpacked = 0;
    int directory = open_directory();
    int r = -1;

    *out = (struct file_bytes){.fd = -1};
    if (directory >= 0 && !has_room(directory, size + room)) {
        close(directory);
        directory = -1;
    }
    if (directory >= 0) {
        struct failure unused = {""};
        if (make_file(directory, offset + page_up(room), out) == 0)
            r = unpack(packed, size, out->map + offset, room, &unpacked, &unused);
    }
    if (r) { /* no cache, or it filled up: in memory, and that failure counts */
        file_bytes_close(out);
        if (directory >= 0)
            close(directory);
        directory = -1;
        if (make_file(directory, offset + page_up(room), out))
            r = failure_errno(failure, "memory for the unpacked kernel");
        else
            r = unpack(packed, size, out->map + offset, room, &unpacked, failure);
    }
    if (r) {
        file_bytes_close(out);
        return -1;
    }
    out->data = out->map + offset;
    out->size = unpacked;
    if (directory >= 0) {
        punch_holes(out, offset, unpacked);
        publish(directory, packed, size, out);
        close(directory);
    }
    return 0;
}
