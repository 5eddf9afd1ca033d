/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a kernel says about itself in its Xen notes (public/elfnote.h), as far as building its domain needs it. Pure. */
#ifndef HAVEN_BOOT_ELF_NOTES_H
#define HAVEN_BOOT_ELF_NOTES_H

#include "boot/elf.h"

#define ELF_NOTES_UNSET (~0ULL)

struct elf_notes {
    unsigned int count; /* Xen notes found */
    char guest_os[32], guest_version[32], loader[16], xen_version[16];
    uint64_t virt_base, paddr_offset, entry, init_p2m,
        hypercall_page; /* ELF_NOTES_UNSET: not said; see elf_notes_check */
    bool mod_start_pfn;
    bool has_supported_features;
    uint32_t supported_features, required_features; /* bits XENFEAT_* */
    bool unknown_required_feature;
    /* computed by elf_notes_check: where the kernel lies in its virtual address space */
    uint64_t virt_start, virt_end;
};

void elf_notes_read(const struct elf_image *e, struct elf_notes *n);

/* Fills in defaults. NULL, or why the kernel cannot be built as a 64-bit PV domain, dom0 or another. */
const char *elf_notes_check(const struct elf_image *e, struct elf_notes *n, bool dom0);

#endif
