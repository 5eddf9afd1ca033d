/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See contents.h. Two passes over what is to be written: the first marks the pages, then all are mapped, the second
 * writes. A page that the file has zeros for is left out where the hypervisor's memory is clean.
 */
#include "build/contents.h"
#include "build/page_ops.h"
#include "build/tables.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xenforeignmemory.h>

#define DONE 42 /* no exit status that a crash could have */

enum page_use { PAGE_UNUSED, PAGE_WRITTEN, PAGE_FILLED }; /* FILLED: whole, need not be cleared */

struct writer {
    const struct contents *c;
    xenforeignmemory_handle *memory;
    uint8_t *use;   /* enum page_use by pfn, for the layout's fixed pages */
    uint32_t *slot; /* where a page in use is mapped, in pages from base */
    uint8_t *base;
    size_t mapped;
};

xen_pfn_t contents_frame(const struct contents *c, uint64_t va)
{
    return c->p2m[(va - c->layout->v_start) >> PAGE_SHIFT];
}

static uint64_t pfn_of(const struct writer *w, uint64_t va)
{
    return (va - w->c->layout->v_start) >> PAGE_SHIFT;
}

static uint8_t *page(const struct writer *w, uint64_t pfn)
{
    return w->base + (size_t)w->slot[pfn] * PAGE_BYTES;
}

static uint64_t *table_page(void *context, uint64_t pfn)
{
    return (uint64_t *)page(context, pfn);
}

/* ---- what is to be written ---- */

static void use_pages(struct writer *w, uint64_t first, uint64_t count)
{
    memset(w->use + first, PAGE_WRITTEN, count);
}

/* Bytes for one page, or for a part of it. */
typedef void (*piece_fn)(struct writer *w, uint64_t pfn, unsigned offset, const uint8_t *from, unsigned size);

static void mark_piece(struct writer *w, uint64_t pfn, unsigned offset, const uint8_t *from, unsigned size)
{
    (void)offset;
    if (size < PAGE_BYTES)
        w->use[pfn] = PAGE_WRITTEN;
    else if (!page_is_zero(from))
        w->use[pfn] = PAGE_FILLED;
}

static void write_piece(struct writer *w, uint64_t pfn, unsigned offset, const uint8_t *from, unsigned size)
{
    if (size < PAGE_BYTES)
        memcpy(page(w, pfn) + offset, from, size);
    else if (w->use[pfn] == PAGE_FILLED)
        page_copy(page(w, pfn), from);
}

static void for_pieces(struct writer *w, uint64_t address, const uint8_t *from, size_t size, piece_fn fn)
{
    while (size) {
        unsigned offset = address % PAGE_BYTES, n = PAGE_BYTES - offset;
        if (n > size)
            n = (unsigned)size;
        fn(w, address / PAGE_BYTES, offset, from, n);
        address += n;
        from += n;
        size -= n;
    }
}

/* Bytes of a file to a place in the guest, without the holes that the file has. */
static void for_file(struct writer *w, const struct file_bytes *f, uint64_t address, const uint8_t *from, size_t size,
                     piece_fn fn)
{
    size_t start = (size_t)(from - f->map), at = start, length;

    for (; file_bytes_next_data(f, &at, start + size, &length); at += length)
        for_pieces(w, address + (at - start), f->map + at, length, fn);
}

static void for_all_files(struct writer *w, piece_fn fn)
{
    const struct image *image = w->c->image;

    for (unsigned i = 0; i < image->segments; i++) {
        const struct elf_segment *s = &image->segment[i];
        for_file(w, &image->file, s->paddr - image->notes.paddr_offset, s->data, s->file_size, fn);
    }
    if (w->c->initrd)
        for_file(w, w->c->initrd, w->c->layout->initrd_pfn * PAGE_BYTES, w->c->initrd->data, w->c->initrd->size, fn);
}

static void mark_pages(struct writer *w)
{
    const struct dom0_layout *l = w->c->layout;

    if (!w->c->memory_is_clean) {
        uint64_t first = pfn_of(w, l->kernel_start);
        use_pages(w, first, pfn_of(w, ALIGN_UP(l->kernel_end, PAGE_SIZE)) - first);
        use_pages(w, pfn_of(w, l->stack_start), 1);
        use_pages(w, l->initrd_pfn, l->initrd_pages);
    }
    for_all_files(w, mark_piece);
    use_pages(w, l->p2m_pfn, l->p2m_pages);
    use_pages(w, l->p2m_tables_pfn, l->p2m_tables);
    use_pages(w, pfn_of(w, l->start_info), 1 + CONTENTS_RING_PAGES);
    use_pages(w, pfn_of(w, l->tables_start), (l->tables_end - l->tables_start) >> PAGE_SHIFT);
}

/* ---- mapping ---- */

static int map_pages(struct writer *w, struct failure *failure)
{
    const struct contents *c = w->c;
    xen_pfn_t *frames = malloc((c->layout->fixed_pages + 1) * sizeof(*frames));

    if (!frames)
        return failure_errno(failure, "memory for the list of the guest's pages");
    w->mapped = 0;
    for (uint64_t pfn = 0; pfn < c->layout->fixed_pages; pfn++) {
        if (w->use[pfn] == PAGE_UNUSED)
            continue;
        w->slot[pfn] = (uint32_t)w->mapped;
        frames[w->mapped++] = c->p2m[pfn];
    }
    frames[w->mapped] = c->shared_info; /* the last one */
    w->base = xenforeignmemory_map(w->memory, c->domid, PROT_READ | PROT_WRITE, w->mapped + 1, frames, NULL);
    free(frames);
    if (!w->base)
        return failure_errno(failure, "mapping %zu pages of the guest", w->mapped + 1);
    for (uint64_t pfn = 0; pfn < c->layout->fixed_pages; pfn++)
        if (w->use[pfn] == PAGE_WRITTEN)
            page_clear(page(w, pfn));
    return 0;
}

/* ---- writing ---- */

static void write_start_info(struct writer *w)
{
    const struct contents *c = w->c;
    const struct dom0_layout *l = c->layout;
    start_info_t *si = (start_info_t *)page(w, pfn_of(w, l->start_info));

    strcpy(si->magic, "xen-3.0-x86_64");
    si->shared_info = c->shared_info << PAGE_SHIFT;
    si->store_mfn = contents_frame(c, l->rings);
    si->store_evtchn = c->store_port;
    si->console.domU.mfn = contents_frame(c, l->rings + PAGE_SIZE);
    si->console.domU.evtchn = c->console_port;
    dom0_layout_describe(l, c->initrd ? c->initrd->size : 0, si);
    strncpy((char *)si->cmd_line, c->cmdline, MAX_GUEST_CMDLINE - 1);
}

static void write_page_map(struct writer *w)
{
    const struct dom0_layout *l = w->c->layout;
    const uint64_t per_page = PAGE_BYTES / sizeof(xen_pfn_t);

    for (uint64_t i = 0; i < l->p2m_pages; i++) {
        uint64_t left = l->pages - i * per_page;
        const xen_pfn_t *from = w->c->p2m + i * per_page;
        if (left >= per_page)
            page_copy(page(w, l->p2m_pfn + i), from);
        else
            memcpy(page(w, l->p2m_pfn + i), from, left * sizeof(*from));
    }
}

static void write_shared_info(struct writer *w)
{
    shared_info_t *shared = (shared_info_t *)(w->base + w->mapped * PAGE_BYTES);

    for (unsigned i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
        shared->vcpu_info[i].evtchn_upcall_mask = 1;
}

/* Grants by which the daemons map the rings: the numbers are reserved for that. dom0 alone may use them. */
static int write_grants(struct writer *w, struct failure *failure)
{
    const struct contents *c = w->c;
    const uint64_t rings = c->layout->rings;
    void *map = NULL;

    if (!xenforeignmemory_map_resource(w->memory, (domid_t)c->domid, XENMEM_resource_grant_table,
                                       XENMEM_resource_grant_table_id_shared, 0, 1, &map, PROT_READ | PROT_WRITE, 0))
        return failure_errno(failure, "mapping the guest's grant table");
    grant_entry_v1_t *grant = map;
    grant[GNTTAB_RESERVED_XENSTORE].frame = (uint32_t)contents_frame(c, rings);
    grant[GNTTAB_RESERVED_CONSOLE].frame = (uint32_t)contents_frame(c, rings + PAGE_SIZE);
    grant[GNTTAB_RESERVED_XENSTORE].domid = grant[GNTTAB_RESERVED_CONSOLE].domid = 0;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    grant[GNTTAB_RESERVED_XENSTORE].flags = grant[GNTTAB_RESERVED_CONSOLE].flags = GTF_permit_access;
    return 0;
}

static int write_all(const struct contents *c, bool *damaged, struct failure *failure)
{
    struct writer w = {.c = c, .memory = xenforeignmemory_open(NULL, 0)};

    w.use = calloc(c->layout->fixed_pages, sizeof(*w.use));
    w.slot = calloc(c->layout->fixed_pages, sizeof(*w.slot));
    if (!w.memory)
        return failure_errno(failure, "no way to guests' memory (/dev/xen/privcmd)");
    if (!w.use || !w.slot)
        return failure_errno(failure, "memory for building the guest");
    mark_pages(&w);
    if (c->image->cached && !kernel_cache_verify(&c->image->file)) {
        *damaged = true;
        return failure_set(failure, "the cached kernel is damaged");
    }
    if (map_pages(&w, failure))
        return -1;
    for_all_files(&w, write_piece);
    write_page_map(&w);
    write_start_info(&w);
    write_shared_info(&w);
    struct tables_memory memory = {c->p2m, table_page, &w};
    tables_write(c->layout, &memory);
    return write_grants(&w, failure);
}

/* ---- the child ---- */

static int wait_for(pid_t child, struct failure *failure)
{
    int status;

    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return failure_errno(failure, "waiting for the process that fills the guest's memory");
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS)
        return failure_set(failure, "kernel or RAM disk became shorter while it was read");
    if (WIFSIGNALED(status))
        return failure_set(failure, "filling the guest's memory: the process died of signal %d (%s)", WTERMSIG(status),
                           strsignal(WTERMSIG(status)));
    return WEXITSTATUS(status) == DONE
               ? 0
               : failure_set(failure, "filling the guest's memory: exit status %d", WEXITSTATUS(status));
}

int contents_write(const struct contents *c, bool *damaged, struct failure *failure)
{
    struct answer {
        struct failure failure;
        bool damaged;
    } *answer = mmap(NULL, sizeof(*answer), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    *damaged = false;
    if (answer == MAP_FAILED)
        return failure_errno(failure, "memory for building the guest");
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        write_all(c, &answer->damaged, &answer->failure);
        _exit(DONE);
    }
    int r = child < 0 ? failure_errno(failure, "a process to fill the guest's memory") : wait_for(child, failure);
    if (!r && answer->failure.text[0])
        r = failure_set(failure, "%s", answer->failure.text);
    *damaged = answer->damaged;
    munmap(answer, sizeof(*answer));
    return r;
}
