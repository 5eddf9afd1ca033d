/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dom0 is built as its own kernel would like to be found (public/xen.h, "Start-of-day memory layout"): unpack, read the
 * Xen notes, lay out (dom0_layout.c), allocate (dom0_memory.c), copy, map (dom0_tables.c), pin. The first part of the
 * memory holds all that has a place in the layout; the rest is allocated when modules and unpacked kernel are gone, so
 * that dom0 may have what they occupied.
 *
 * Nothing is undone on failure: a machine without dom0 stops.
 */
#include "boot/build_dom0.h"
#include "boot/bzimage.h"
#include "boot/dom0_layout.h"
#include "boot/dom0_memory.h"
#include "boot/dom0_tables.h"
#include "boot/unpack.h"
#include "domain/vcpu.h"
#include "guest/pv/page_type.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lib/string.h"
#include "lifecycle/create.h"
#include "lifecycle/reservation.h"
#include "mm/buddy.h"
#include "mm/layout.h"
#include <xen/arch-x86/xen.h>
#include <xen/features.h>
#include <xen/version.h>
#include <xen/xen.h>

#define DOM0_EVENT_PORTS     4095 /* what the 2-level ABI has */
#define DOM0_GRANT_FRAMES    64
#define DOM0_MAPTRACK_FRAMES 1024
#define DOM0_PM_BITS         3 /* it may tell about C and P states, as Xen's dom0 does */
#define CONSOLE_INFO_OFFSET  sizeof(start_info_t)

_Static_assert(sizeof(start_info_t) + sizeof(dom0_vga_console_info_t) <= PAGE_SIZE,
               "dom0_layout.c gives them one page");

static struct dom0_memory memory;
static struct domain *dom0;

/* ---- the kernel's file ---- */

/* Takes the wrapping off: afterwards 'out' is an ELF file, in memory of its own or where the module is. */
static const char *open_kernel(const struct boot_module *m, struct unpacked *out)
{
    const void *file = direct_map(m->start);
    const uint8_t *packed = file;
    uint64_t size = m->size;
    uint32_t limit = 0;

    *out = (struct unpacked){.data = direct_map(m->start), .size = m->size};
    if (elf_recognise(file, size))
        return NULL;
    if (bzimage_recognise(file, size)) {
        struct bzimage image;
        const char *wrong = bzimage_find_payload(file, size, &image);
        if (wrong)
            return wrong;
        packed = image.payload;
        size = image.payload_size;
        memcpy(&limit, packed + size - sizeof(limit), sizeof(limit));
        if (elf_recognise(packed, size)) {
            *out = (struct unpacked){.data = (void *)packed, .size = size};
            return NULL;
        }
    }
    const char *format = unpack_format(packed, size);
    if (!format)
        return "neither a bzImage nor an ELF file in a format that is known";
    const char *wrong = unpack(packed, size, limit, out);
    if (wrong)
        return wrong;
    log_info("dom0 kernel: %s, %lu KiB, unpacked %lu KiB", format, size >> 10, out->size >> 10);
    if (limit && out->size != limit)
        return "unpacks to less than its header says: truncated or corrupt";
    return NULL;
}

static const char *read_kernel(const struct unpacked *file, struct elf_image *elf, struct elf_notes *notes)
{
    const char *wrong = elf_parse(elf, file->data, file->size);

    if (wrong)
        return wrong;
    elf_notes_read(elf, notes);
    wrong = elf_notes_check(elf, notes, true);
    if (wrong)
        return wrong;
    if (notes->hypercall_page != ELF_NOTES_UNSET)
        log_info("dom0 kernel: asks for a hypercall page; made on demand only");
    log_info("dom0 kernel: %s %s, %#lx-%#lx, entry %#lx", notes->guest_os, notes->guest_version, notes->virt_start,
             notes->virt_end, notes->entry);
    return NULL;
}

/* ---- the domain ---- */

static unsigned int vcpu_count(const struct boot_options *o)
{
    unsigned int n = cpu_count;

    n = MAX(n, o->dom0_max_vcpus_min);
    if (o->dom0_max_vcpus)
        n = MIN(n, o->dom0_max_vcpus);
    return MIN(n, (unsigned int)DOMAIN_VCPUS_MAX);
}

static const char *create_domain(const struct boot_options *o, uint64_t page_limit)
{
    struct domain_config c = {
        .id = 0,
        .privileged = true,
        .max_vcpus = vcpu_count(o),
        .max_event_port = DOM0_EVENT_PORTS,
        .max_grant_frames = DOM0_GRANT_FRAMES,
        .max_maptrack_frames = DOM0_MAPTRACK_FRAMES,
        .pirqs = DOMAIN_PIRQS_MAX,
        .max_pages = page_limit,
    };
    int error = 0;

    dom0 = domain_create(&c, &error);
    if (!dom0)
        return "cannot be created: out of memory";
    dom0->maximum_reservation = page_limit;
    for (unsigned int i = 0; i < c.max_vcpus; i++)
        if (!vcpu_create(dom0, i, i % cpu_count))
            return "gets not all of its vCPUs: out of memory";
    return NULL;
}

/* ---- its memory ---- */

static void load_kernel(const struct elf_image *elf, const struct elf_notes *n)
{
    struct elf_segment s;

    for (unsigned int i = 0; i < elf->phnum; i++) {
        if (!elf_segment(elf, i, &s))
            continue;
        uint64_t at = s.paddr - n->paddr_offset;
        dom0_memory_write(&memory, at, s.data, s.file_size);
        dom0_memory_clear(&memory, at + s.file_size, s.memory_size - s.file_size);
    }
}

static void write_console_info(const struct boot_info *info, start_info_t *si)
{
    dom0_vga_console_info_t *vga = (dom0_vga_console_info_t *)((char *)si + CONSOLE_INFO_OFFSET);

    if (!info->vga.text)
        return;
    vga->video_type = XEN_VGATYPE_TEXT_MODE_3;
    vga->u.text_mode_3.font_height = 16;
    vga->u.text_mode_3.columns = info->vga.columns;
    vga->u.text_mode_3.rows = info->vga.rows;
    vga->u.text_mode_3.cursor_x = info->vga.cursor_x;
    vga->u.text_mode_3.cursor_y = info->vga.cursor_y;
    si->console.dom0.info_off = CONSOLE_INFO_OFFSET;
    si->console.dom0.info_size = sizeof(*vga);
}

static void write_start_info(const struct boot_info *info, const struct dom0_layout *l, uint64_t initrd_size)
{
    uint64_t pfn = (l->start_info - l->v_start) >> PAGE_SHIFT;
    start_info_t *si = dom0_memory_page(&memory, pfn);

    memset(si, 0, PAGE_SIZE);
    string_copy(si->magic, "xen-3.0-x86_64p", sizeof(si->magic));
    si->shared_info = dom0->shared_info_mfn.n << PAGE_SHIFT;
    si->flags = SIF_PRIVILEGED | SIF_INITDOMAIN | (DOM0_PM_BITS << 8 & SIF_PM_MASK);
    dom0_layout_describe(l, initrd_size, si);
    string_copy((char *)si->cmd_line, info->module[0].command_line, sizeof(si->cmd_line));
    write_console_info(info, si);
}

static void log_layout(const struct dom0_layout *l)
{
    log_info("dom0 layout: kernel      %#018lx-%#018lx", l->kernel_start, l->kernel_end);
    if (l->initrd_end > l->initrd_start)
        log_info("dom0 layout: RAM disk    %#018lx-%#018lx", l->initrd_start, l->initrd_end);
    else if (l->initrd_pages)
        log_info("dom0 layout: RAM disk    pfn %#lx-%#lx", l->initrd_pfn, l->initrd_pfn + l->initrd_pages);
    log_info("dom0 layout: page map    %#018lx-%#018lx", l->p2m_start, l->p2m_end);
    log_info("dom0 layout: start_info  %#018lx", l->start_info);
    log_info("dom0 layout: tables      %#018lx-%#018lx", l->tables_start, l->tables_end);
    log_info("dom0 layout: stack       %#018lx-%#018lx", l->stack_start, l->stack_end);
    log_info("dom0 layout: mapped      %#018lx-%#018lx", l->v_start, l->v_end);
}

static void free_module(const struct boot_module *m)
{
    buddy_add_range(MFN(m->start >> PAGE_SHIFT), MFN((m->start + m->size + PAGE_SIZE - 1) >> PAGE_SHIFT));
}

/* Fills what the layout gives a place, except the page map, which is complete only when all memory is there. */
static void fill_memory(const struct boot_info *info, const struct dom0_layout *l, const struct elf_image *elf,
                        const struct elf_notes *notes)
{
    load_kernel(elf, notes);
    if (info->module_count > 1)
        dom0_memory_write(&memory, l->initrd_pfn << PAGE_SHIFT, direct_map(info->module[1].start),
                          info->module[1].size);
}

/* ---- its first vCPU ---- */

static const char *pin(mfn_t top)
{
    int error;

    spin_lock(&dom0->page_table_lock);
    do {
        error = page_type_pin(dom0, top, TYPE_L4);
    } while (error == -ERESTART);
    spin_unlock(&dom0->page_table_lock);
    if (error)
        log_error("dom0's page tables are refused: error %d", error);
    return error ? "first page tables are not valid" : NULL;
}

static const char *start_vcpu(const struct dom0_layout *l, mfn_t top)
{
    static vcpu_guest_context_t c;
    struct vcpu *v = dom0->vcpu[0];

    c.flags = VGCF_in_kernel | VGCF_online;
    c.user_regs.rip = l->entry;
    c.user_regs.rsp = l->stack_end;
    c.user_regs.rsi = l->start_info;
    c.user_regs.rflags = RFLAGS_IF | RFLAGS_MBS;
    c.user_regs.cs = FLAT_KERNEL_CS;
    c.user_regs.ss = FLAT_KERNEL_SS;
    c.user_regs.ds = c.user_regs.es = c.user_regs.fs = c.user_regs.gs = FLAT_KERNEL_DS;
    c.kernel_ss = FLAT_KERNEL_SS;
    c.kernel_sp = l->stack_end;
    c.ctrlreg[3] = top.n << PAGE_SHIFT;
    c.debugreg[6] = 0xffff0ff0;
    c.debugreg[7] = 0x400;

    for (unsigned int i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
        dom0->shared_info->vcpu_info[i].evtchn_upcall_mask = 1;
    int error = vcpu_state_set_context(v, &c);
    if (!error)
        error = vcpu_state_up(v);
    if (error)
        log_error("dom0's first vCPU cannot start: error %d", error);
    return error ? "first vCPU cannot start" : NULL;
}

/* ---- all of it ---- */

static const char *build_memory(const struct boot_info *info, const struct boot_options *o, struct unpacked *kernel,
                                const struct elf_image *elf, const struct elf_notes *notes, struct dom0_layout *l)
{
    uint64_t initrd_size = info->module_count > 1 ? info->module[1].size : 0;
    uint64_t freed_later = info->module[0].size + initrd_size + kernel->reserved;
    uint64_t pages, limit, there = buddy_free_frames() + (freed_later >> PAGE_SHIFT);
    const char *wrong = dom0_memory_amount(o, there, &pages, &limit);

    log_info("dom0 memory: %lu MiB wanted, %lu MiB there", pages >> 8, there >> 8);
    if (!wrong)
        wrong = dom0_layout_compute(notes, pages, initrd_size, 0, l);
    if (!wrong)
        wrong = create_domain(o, limit);
    if (wrong)
        return wrong;
    log_layout(l);

    memory.d = dom0;
    if (!dom0_memory_extend(&memory, l->fixed_pages))
        return "needs more memory than there is, for kernel and initial RAM disk";
    fill_memory(info, l, elf, notes);
    write_start_info(info, l, initrd_size);
    unpack_free(kernel);
    for (unsigned int i = 0; i < info->module_count; i++)
        free_module(&info->module[i]);

    if (!dom0_memory_extend(&memory, l->pages))
        return "dom0_mem= asks for more memory than the machine has free";
    dom0_memory_write_map(&memory, l->p2m_pfn);
    log_info("dom0 memory: %lu MiB in %u pieces, %u vCPUs", l->pages >> 8, memory.chunk_count, dom0->max_vcpus);
    return NULL;
}

const char *build_dom0(const struct boot_info *info, const struct boot_options *options, const char **subject)
{
    static struct unpacked kernel;
    static struct elf_image elf;
    static struct elf_notes notes;
    static struct dom0_layout layout;

    *subject = "dom0";
    if (info->module_count == 0 || info->module[0].size == 0)
        return "the boot loader gave no module: the kernel is the first, its initial RAM disk the second";
    if (info->module_count > 2)
        log_warning("%u boot modules: those after the second are ignored", info->module_count);

    *subject = "dom0 kernel";
    const char *wrong = open_kernel(&info->module[0], &kernel);
    if (!wrong)
        wrong = read_kernel(&kernel, &elf, &notes);
    if (wrong)
        return wrong;

    *subject = "dom0";
    wrong = build_memory(info, options, &kernel, &elf, &notes, &layout);
    if (wrong)
        return wrong;
    mfn_t top = dom0_tables_build(&layout, &memory);
    wrong = pin(top);
    return wrong ? wrong : start_vcpu(&layout, top);
}

void build_dom0_release(void)
{
    domain_unpause(dom0);
}
