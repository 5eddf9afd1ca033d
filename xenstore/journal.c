/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See journal.h. Nothing here has to reach a disk: against the death of the process the page cache is enough, and the
 * death of the machine takes all domains with it. A killed process has done its stores in their order up to some point,
 * so one store of the mark decides, and records need no checksums; lengths are checked all the same.
 */
#include "xenstore/journal.h"

#include "xenstore/log.h"
#include "xenstore/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC       0x31306e65766168ull /* "haven01" */
#define HEADER_SIZE 4096
#define AREA_FIRST  (1024 * 1024ull)
#define AREA_MAX    (1024 * 1024 * 1024ull)
#define RETRY_EVERY 256 /* commits, when there is no file */

struct journal_header {
    uint64_t magic;
    uint64_t mark; /* bit 63: the active area; below: bytes that count */
    uint64_t area_size;
    uint32_t life;
    char boot[40];
};

struct record_header {
    uint32_t size; /* all of it, a multiple of 8 */
    uint16_t type, domid;
    uint32_t a_length, b_length;
};
_Static_assert(sizeof(struct record_header) == 16, "layout of the file");

struct journal {
    char *path;
    int fd;
    struct journal_header *header;
    uint64_t area_size, used; /* used: with what is not committed yet */
    char *area;               /* the one that is written to */
    unsigned active;
    bool overflow;
    bool lost;        /* the file system is full: there is no file any more, and the area goes round */
    unsigned commits; /* since then */
    void (*write_state)(void *context);
    void *context;
};

static uint64_t file_size(uint64_t area_size)
{
    return HEADER_SIZE + 2 * area_size;
}

static void use_area(struct journal *journal, unsigned active, uint64_t used)
{
    journal->active = active;
    journal->area = (char *)journal->header + HEADER_SIZE + active * journal->area_size;
    journal->used = used;
    journal->overflow = false;
}

static void publish(struct journal *journal)
{
    __atomic_store_n(&journal->header->mark, (uint64_t)journal->active << 63 | journal->used, __ATOMIC_RELEASE);
}

static bool map(struct journal *journal, uint64_t area_size)
{
    void *mapped = mmap(NULL, file_size(area_size), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, journal->fd, 0);

    if (mapped == MAP_FAILED)
        return false;
    journal->header = mapped;
    journal->area_size = area_size;
    return true;
}

/* Space is reserved, so that a full file system shows here and not as SIGBUS later; not all file systems can. */
static bool reserve(int fd, uint64_t size)
{
    return ftruncate(fd, 0) == 0 && ftruncate(fd, size) == 0 &&
           (fallocate(fd, 0, 0, size) == 0 || errno == EOPNOTSUPP || errno == ENOSYS);
}

static bool make_new(struct journal *journal, uint64_t area_size, const char *boot, uint32_t life)
{
    if (!reserve(journal->fd, file_size(area_size)) || !map(journal, area_size))
        return false;
    *journal->header = (struct journal_header){.magic = MAGIC, .area_size = area_size, .life = life};
    snprintf(journal->header->boot, sizeof(journal->header->boot), "%s", boot);
    use_area(journal, 0, 0);
    return true;
}

/* Takes over what is in the file; false if that is nothing of use. */
static bool take_over(struct journal *journal, const char *boot)
{
    struct journal_header header;
    struct stat st;

    if (fstat(journal->fd, &st) || pread(journal->fd, &header, sizeof(header), 0) != sizeof(header) ||
        header.magic != MAGIC || strncmp(header.boot, boot, sizeof(header.boot) - 1))
        return false;
    uint64_t used = header.mark & ~(1ull << 63);
    if (header.area_size < AREA_FIRST || header.area_size > AREA_MAX || header.area_size % 4096 ||
        (uint64_t)st.st_size != file_size(header.area_size) || used > header.area_size || !used)
        return false;
    if (!map(journal, header.area_size))
        return false;
    journal->header->life++;
    use_area(journal, header.mark >> 63, used);
    return true;
}

struct journal *journal_open(const char *path, const char *boot, void (*write_state)(void *context), void *context,
                             bool *found)
{
    struct journal *journal = memory_zalloc(sizeof(*journal));

    journal->path = memory_copy(path, strlen(path) + 1);
    journal->write_state = write_state;
    journal->context = context;
    journal->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (journal->fd < 0 || flock(journal->fd, LOCK_EX | LOCK_NB))
        goto failed;
    *found = take_over(journal, boot);
    if (*found || make_new(journal, AREA_FIRST, boot, 1))
        return journal;
failed:
    if (journal->fd >= 0)
        close(journal->fd);
    free(journal->path);
    free(journal);
    return NULL;
}

void journal_close(struct journal *journal)
{
    if (!journal)
        return;
    munmap(journal->header, file_size(journal->area_size));
    close(journal->fd);
    free(journal->path);
    free(journal);
}

uint32_t journal_life(const struct journal *journal)
{
    return journal ? journal->header->life : 0;
}

bool journal_play(struct journal *journal, bool (*play)(void *context, const struct journal_record *record),
                  void *context)
{
    for (uint64_t at = 0; at < journal->used;) {
        struct record_header header;
        if (journal->used - at < sizeof(header))
            return false;
        memcpy(&header, journal->area + at, sizeof(header));
        if (header.size > journal->used - at || header.size % 8 ||
            (uint64_t)header.a_length + header.b_length + sizeof(header) > header.size)
            return false;
        struct journal_record record = {.type = header.type,
                                        .domid = header.domid,
                                        .a = journal->area + at + sizeof(header),
                                        .a_length = header.a_length,
                                        .b_length = header.b_length};
        record.b = record.a + record.a_length;
        if (!play(context, &record))
            return false;
        at += header.size;
    }
    return true;
}

void journal_put(struct journal *journal, enum record_type type, unsigned domid, const void *a, size_t a_length,
                 const void *b, size_t b_length)
{
    if (!journal)
        return;
    struct record_header header = {.size = (sizeof(header) + a_length + b_length + 7) & ~7ull,
                                   .type = type,
                                   .domid = domid,
                                   .a_length = a_length,
                                   .b_length = b_length};
    if (journal->overflow || journal->area_size - journal->used < header.size) {
        journal->overflow = true;
        return;
    }
    char *at = journal->area + journal->used;
    memcpy(at, &header, sizeof(header));
    if (a_length)
        memcpy(at + sizeof(header), a, a_length);
    if (b_length)
        memcpy(at + sizeof(header) + a_length, b, b_length);
    journal->used += header.size;
}

/* A larger file with the whole state takes the place of this one. */
static bool grow(struct journal *journal)
{
    struct journal old = *journal;
    char *path = memory_alloc(strlen(journal->path) + 5);

    sprintf(path, "%s.new", journal->path);
    journal->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = journal->fd >= 0 && flock(journal->fd, LOCK_EX | LOCK_NB) == 0 &&
                make_new(journal, 4 * old.area_size, old.header->boot, old.header->life);
    if (good) {
        journal->write_state(journal->context);
        good = !journal->overflow;
        publish(journal);
        good = good && rename(path, journal->path) == 0;
    }
    if (good) {
        munmap(old.header, file_size(old.area_size));
        close(old.fd);
    } else {
        int error = errno;
        if (journal->fd >= 0)
            close(journal->fd);
        if (journal->header != old.header)
            munmap(journal->header, file_size(journal->area_size));
        unlink(path);
        *journal = old;
        errno = error;
    }
    free(path);
    return good;
}

void journal_compact(struct journal *journal)
{
    if (!journal)
        return;
    unsigned active = journal->active;
    use_area(journal, !active, 0);
    journal->write_state(journal->context);
    if (!journal->overflow)
        publish(journal);
    if (!journal->overflow && journal->used < journal->area_size / 2 && !journal->lost)
        return;
    bool overflow = journal->overflow;
    if (journal->area_size < AREA_MAX && grow(journal)) {
        if (journal->lost)
            log_line(LOG_LEVEL_WARNING, "%s: there is space again: the store's state is kept", journal->path);
        journal->lost = false;
        return;
    }
    if (!overflow)
        return; /* tight, but it goes on */
    if (!journal->lost)
        log_line(LOG_LEVEL_ERROR,
                 "%s: cannot grow (%s): until there is space, the store's state is NOT kept if the server dies",
                 journal->path, strerror(errno));
    if (!journal->lost)
        unlink(journal->path);
    journal->lost = true;
    journal->commits = 0;
    use_area(journal, active, 0); /* nobody will read it: it just goes round */
}

void journal_commit(struct journal *journal)
{
    if (!journal)
        return;
    if (journal->overflow || (journal->lost && ++journal->commits % RETRY_EVERY == 0))
        journal_compact(journal);
    else
        publish(journal);
}
