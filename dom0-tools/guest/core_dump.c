/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See core_dump.h. All sizes are known before the first byte is written, so the file is written from front to back. */
#include "guest/core_dump.h"
#include "guest/page_map.h"
#include "libhv/domain.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xen/elfnote.h>
#include <xen/version.h>

#define PAGE   4096u
#define BATCH  256u
#define MAGIC  0xF00FEBEDull /* of a PV guest */
#define FORMAT 1             /* version 0.1 */

/* The notes' contents, as the format defines them. */
struct note_header {
    uint64_t magic, vcpus, pages, page_size;
};
struct note_version {
    uint64_t major, minor;
    xen_extraversion_t extra;
    xen_compile_info_t compile;
    xen_capabilities_info_t capabilities;
    xen_changeset_info_t changeset;
    xen_platform_parameters_t platform;
    uint64_t page_size;
};

struct note {
    Elf64_Nhdr header;
    char name[4];
};

struct notes {
    struct note none;
    struct note header;
    struct note_header header_value;
    struct note version;
    struct note_version version_value;
    struct note format;
    uint64_t format_value;
} __attribute__((packed));

_Static_assert(sizeof(struct note_version) % 8 == 0 && sizeof(struct note) == 16, "notes follow each other");

static const char names[] = "\0.shstrtab\0.note.Xen\0.xen_prstatus\0.xen_shared_info\0.xen_p2m\0.xen_pages";

enum { NONE, NAMES, NOTES, PRSTATUS, SHARED_INFO, P2M, PAGES, SECTIONS };

struct dump {
    struct hypervisor *hv;
    xenforeignmemory_handle *memory;
    unsigned domid;
    int fd;
    uint64_t written;
    struct failure *failure;
    shared_info_t *shared;
    vcpu_guest_context_t *context;
    unsigned vcpus;
    struct page_map map;
    Elf64_Shdr section[SECTIONS];
};

static int put(struct dump *d, const void *bytes, size_t size)
{
    const char *p = bytes;

    d->written += size;
    while (size) {
        ssize_t n = write(d->fd, p, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return failure_errno(d->failure, "writing the dump");
        p += n;
        size -= (size_t)n;
    }
    return 0;
}

/* ---- collecting ---- */

static int read_contexts(struct dump *d, const domain_info *info)
{
    vcpu_guest_context_t *c = hypervisor_buffer_alloc(d->hv, sizeof(*c));

    d->context = calloc(info->max_vcpu_id + 1, sizeof(*d->context));
    if (!c || !d->context) {
        hypervisor_buffer_free(d->hv, c);
        return failure_errno(d->failure, "memory for the states of the vCPUs");
    }
    for (unsigned i = 0; i <= info->max_vcpu_id; i++) {
        struct xen_domctl op = {.cmd = XEN_DOMCTL_getvcpucontext, .domain = (domid_t)d->domid, .u.vcpucontext.vcpu = i};
        set_xen_guest_handle(op.u.vcpucontext.ctxt, (void *)c);
        if (hypervisor_domctl(d->hv, &op) == 0) /* not one that was never started */
            d->context[d->vcpus++] = *c;
    }
    hypervisor_buffer_free(d->hv, c);
    return 0;
}

static int collect(struct dump *d)
{
    domain_info info;
    xen_pfn_t frame;

    if (domain_get_info(d->hv, d->domid, &info))
        return failure_errno(d->failure, "domain %u", d->domid);
    if (info.flags & XEN_DOMINF_hvm_guest)
        return failure_set(d->failure, "domain %u is no PV guest", d->domid);
    frame = info.shared_info_frame;
    d->shared = xenforeignmemory_map(d->memory, d->domid, PROT_READ, 1, &frame, NULL);
    if (!d->shared)
        return failure_errno(d->failure, "mapping the shared page of domain %u", d->domid);
    if (page_map_read(d->memory, d->domid, d->shared, &d->map, d->failure))
        return -1;
    return read_contexts(d, &info);
}

/* ---- writing ---- */

static void set_section(struct dump *d, unsigned i, const char *name, uint32_t type, uint64_t size, uint64_t entry,
                        uint64_t align)
{
    const Elf64_Shdr *before = &d->section[i - 1];
    uint64_t at = i == 1 ? sizeof(Elf64_Ehdr) + sizeof(d->section) : before->sh_offset + before->sh_size;

    d->section[i] = (Elf64_Shdr){
        .sh_name = (uint32_t)((const char *)memmem(names, sizeof(names), name, strlen(name) + 1) - names),
        .sh_type = type,
        .sh_offset = (at + align - 1) & ~(align - 1),
        .sh_size = size,
        .sh_addralign = align,
        .sh_entsize = entry,
    };
}

static void lay_out(struct dump *d)
{
    const size_t context = sizeof(vcpu_guest_context_t), entry = sizeof(struct page_map_entry);

    set_section(d, NAMES, ".shstrtab", SHT_STRTAB, sizeof(names), 0, 1);
    set_section(d, NOTES, ".note.Xen", SHT_NOTE, sizeof(struct notes), 0, 8);
    set_section(d, PRSTATUS, ".xen_prstatus", SHT_PROGBITS, d->vcpus * context, context, 8);
    set_section(d, SHARED_INFO, ".xen_shared_info", SHT_PROGBITS, PAGE, PAGE, 8);
    set_section(d, P2M, ".xen_p2m", SHT_PROGBITS, d->map.count * entry, entry, 8);
    set_section(d, PAGES, ".xen_pages", SHT_PROGBITS, d->map.count * PAGE, PAGE, PAGE);
}

static int put_header(struct dump *d)
{
    Elf64_Ehdr h = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT, ELFOSABI_SYSV},
        .e_type = ET_CORE,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_shoff = sizeof(h),
        .e_ehsize = sizeof(h),
        .e_shentsize = sizeof(Elf64_Shdr),
        .e_shnum = SECTIONS,
        .e_shstrndx = NAMES,
    };

    return put(d, &h, sizeof(h)) || put(d, d->section, sizeof(d->section)) ? -1 : 0;
}

static int put_section(struct dump *d, unsigned i, const void *bytes)
{
    static const char zeros[PAGE];
    const Elf64_Shdr *s = &d->section[i];

    if (put(d, zeros, s->sh_offset - d->written))
        return -1;
    return bytes ? put(d, bytes, s->sh_size) : 0;
}

static struct note make_note(uint32_t type, size_t size)
{
    return (struct note){{sizeof("Xen"), (uint32_t)size, type}, "Xen"};
}

static int put_notes(struct dump *d)
{
    struct note_version v = {.page_size = PAGE};
    long version = hypervisor_version(d->hv, XENVER_version, NULL, 0);

    v.major = (uint64_t)version >> 16;
    v.minor = (uint64_t)version & 0xffff;
    hypervisor_version(d->hv, XENVER_extraversion, v.extra, sizeof(v.extra));
    hypervisor_version(d->hv, XENVER_compile_info, &v.compile, sizeof(v.compile));
    hypervisor_version(d->hv, XENVER_capabilities, v.capabilities, sizeof(v.capabilities));
    hypervisor_version(d->hv, XENVER_changeset, v.changeset, sizeof(v.changeset));
    hypervisor_version(d->hv, XENVER_platform_parameters, &v.platform, sizeof(v.platform));
    const struct notes n = {
        .none = make_note(XEN_ELFNOTE_DUMPCORE_NONE, 0),
        .header = make_note(XEN_ELFNOTE_DUMPCORE_HEADER, sizeof(n.header_value)),
        .header_value = {MAGIC, d->vcpus, d->map.count, PAGE},
        .version = make_note(XEN_ELFNOTE_DUMPCORE_XEN_VERSION, sizeof(n.version_value)),
        .version_value = v,
        .format = make_note(XEN_ELFNOTE_DUMPCORE_FORMAT_VERSION, sizeof(n.format_value)),
        .format_value = FORMAT,
    };
    return put_section(d, NOTES, &n);
}

/* Frames that went away meanwhile read as zeros. */
static int put_batch(struct dump *d, uint64_t first, unsigned count)
{
    static const char zeros[PAGE];
    xen_pfn_t frames[BATCH];
    int errors[BATCH], r = 0;

    for (unsigned i = 0; i < count; i++)
        frames[i] = d->map.entries[first + i].mfn;
    char *pages = xenforeignmemory_map(d->memory, d->domid, PROT_READ, count, frames, errors);
    if (!pages)
        return failure_errno(d->failure, "mapping memory of domain %u", d->domid);
    for (unsigned i = 0, n; i < count && !r; i += n) {
        for (n = 1; i + n < count && !errors[i] == !errors[i + n] && !errors[i]; n++)
            ;
        r = put(d, errors[i] ? zeros : pages + (size_t)i * PAGE, (size_t)n * PAGE);
    }
    xenforeignmemory_unmap(d->memory, pages, count);
    return r;
}

static int put_pages(struct dump *d, core_dump_progress progress)
{
    if (put_section(d, PAGES, NULL))
        return -1;
    for (uint64_t at = 0; at < d->map.count; at += BATCH) {
        uint64_t left = d->map.count - at;
        if (put_batch(d, at, left < BATCH ? (unsigned)left : BATCH))
            return -1;
        if (progress)
            progress(at, d->map.count);
    }
    return 0;
}

int core_dump(struct hypervisor *hv, unsigned domid, int fd, core_dump_progress progress, struct failure *failure)
{
    struct dump d = {.hv = hv, .domid = domid, .fd = fd, .failure = failure, .memory = xenforeignmemory_open(NULL, 0)};
    int r = -1;

    if (!d.memory)
        return failure_errno(failure, "no way to guests' memory (/dev/xen/privcmd)");
    if (collect(&d) == 0) {
        lay_out(&d);
        r = put_header(&d) || put_section(&d, NAMES, names) || put_notes(&d) || put_section(&d, PRSTATUS, d.context) ||
                    put_section(&d, SHARED_INFO, d.shared) || put_section(&d, P2M, d.map.entries) ||
                    put_pages(&d, progress)
                ? -1
                : 0;
    }
    if (d.shared)
        xenforeignmemory_unmap(d.memory, d.shared, 1);
    free(d.context);
    free(d.map.entries);
    xenforeignmemory_close(d.memory);
    return r;
}
