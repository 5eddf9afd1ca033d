/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers come as 4 or 8 bytes, strings with or without their NUL; anything else is ignored as if it were not there. A
 * later note of the same type wins.
 */
#include "boot/elf_notes.h"
#include "lib/string.h"
#include "mm/layout.h"
#include <xen/elfnote.h>
#include <xen/features.h>

static uint64_t note_number(const struct elf_note *n, uint64_t otherwise)
{
    uint64_t v = 0;

    if (n->value_size != 4 && n->value_size != 8)
        return otherwise;
    memcpy(&v, n->value, n->value_size); /* little endian */
    return v;
}

static void note_text(const struct elf_note *n, char *out, size_t size)
{
    size_t length = MIN((size_t)n->value_size, size - 1);

    memcpy(out, n->value, length);
    out[length] = 0;
}

static const struct {
    const char *name;
    unsigned int bit;
} feature_names[] = {
    {"writable_page_tables", XENFEAT_writable_page_tables},
    {"writable_descriptor_tables", XENFEAT_writable_descriptor_tables},
    {"auto_translated_physmap", XENFEAT_auto_translated_physmap},
    {"supervisor_mode_kernel", XENFEAT_supervisor_mode_kernel},
    {"pae_pgdir_above_4gb", XENFEAT_pae_pgdir_above_4gb},
    {"hvm_callback_vector", XENFEAT_hvm_callback_vector},
    {"dom0", XENFEAT_dom0},
};

static void add_feature(struct elf_notes *out, const char *name, size_t length, bool required)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(feature_names); i++) {
        if (strlen(feature_names[i].name) != length || memcmp(feature_names[i].name, name, length) != 0)
            continue;
        out->supported_features |= 1u << feature_names[i].bit;
        if (required)
            out->required_features |= 1u << feature_names[i].bit;
        return;
    }
    if (required)
        out->unknown_required_feature = true;
}

/* "!a|b": names separated by '|', '!' before those that the kernel cannot do without. */
static void note_features(const struct elf_note *n, struct elf_notes *out)
{
    const char *s = (const char *)n->value;
    size_t left = strnlen(s, n->value_size);

    while (left) {
        const char *bar = memchr(s, '|', left);
        size_t length = bar ? (size_t)(bar - s) : left;
        bool required = length && *s == '!';

        add_feature(out, s + required, length - required, required);
        s += length;
        left -= length;
        if (left) {
            s++;
            left--;
        }
    }
}

static bool take_note(const struct elf_note *n, void *arg)
{
    struct elf_notes *out = arg;

    if (n->name_size != 4 || memcmp(n->name, "Xen", 4) != 0)
        return true;
    out->count++;
    switch (n->type) {
    case XEN_ELFNOTE_GUEST_OS:
        note_text(n, out->guest_os, sizeof(out->guest_os));
        break;
    case XEN_ELFNOTE_GUEST_VERSION:
        note_text(n, out->guest_version, sizeof(out->guest_version));
        break;
    case XEN_ELFNOTE_LOADER:
        note_text(n, out->loader, sizeof(out->loader));
        break;
    case XEN_ELFNOTE_XEN_VERSION:
        note_text(n, out->xen_version, sizeof(out->xen_version));
        break;
    case XEN_ELFNOTE_VIRT_BASE:
        out->virt_base = note_number(n, out->virt_base);
        break;
    case XEN_ELFNOTE_PADDR_OFFSET:
        out->paddr_offset = note_number(n, out->paddr_offset);
        break;
    case XEN_ELFNOTE_ENTRY:
        out->entry = note_number(n, out->entry);
        break;
    case XEN_ELFNOTE_INIT_P2M:
        out->init_p2m = note_number(n, out->init_p2m);
        break;
    case XEN_ELFNOTE_HYPERCALL_PAGE:
        out->hypercall_page = note_number(n, out->hypercall_page);
        break;
    case XEN_ELFNOTE_MOD_START_PFN:
        out->mod_start_pfn = note_number(n, 0) != 0;
        break;
    case XEN_ELFNOTE_FEATURES:
        note_features(n, out);
        break;
    case XEN_ELFNOTE_SUPPORTED_FEATURES:
        out->has_supported_features = true;
        out->supported_features |= (uint32_t)note_number(n, 0);
        break;
    default:
        break;
    }
    return true;
}

void elf_notes_read(const struct elf_image *e, struct elf_notes *n)
{
    *n = (struct elf_notes){
        .virt_base = ELF_NOTES_UNSET,
        .paddr_offset = ELF_NOTES_UNSET,
        .entry = ELF_NOTES_UNSET,
        .init_p2m = ELF_NOTES_UNSET,
        .hypercall_page = ELF_NOTES_UNSET,
    };
    elf_for_each_note(e, take_note, n);
}

static const char *check_kind(const struct elf_notes *n, bool dom0)
{
    const uint32_t never = 1u << XENFEAT_auto_translated_physmap | 1u << XENFEAT_supervisor_mode_kernel;

    if (n->count == 0)
        return "has no Xen notes: it cannot run as a PV guest (CONFIG_XEN_PV is off?)";
    if (strcmp(n->loader, "generic") != 0 && strncmp(n->guest_os, "linux", 5) != 0)
        return "has Xen notes, but does not ask for the generic loader";
    if (strncmp(n->xen_version, "xen-3.0", 7) != 0)
        return "has Xen notes, but not for interface xen-3.0";
    if (dom0 && n->has_supported_features && !(n->supported_features & 1u << XENFEAT_dom0))
        return "says that it cannot run as dom0";
    if (n->unknown_required_feature || (n->required_features & never))
        return "requires a feature that PV guests cannot have";
    return NULL;
}

const char *elf_notes_check(const struct elf_image *e, struct elf_notes *n, bool dom0)
{
    const char *wrong = check_kind(n, dom0);

    if (wrong)
        return wrong;
    if (n->virt_base == ELF_NOTES_UNSET && n->paddr_offset != ELF_NOTES_UNSET)
        return "gives PADDR_OFFSET without VIRT_BASE in its Xen notes";
    if (n->virt_base == ELF_NOTES_UNSET)
        n->virt_base = 0;
    if (n->paddr_offset == ELF_NOTES_UNSET)
        n->paddr_offset = 0;
    if (n->entry == ELF_NOTES_UNSET)
        n->entry = e->entry;

    /* The base is where page 0 of the guest is mapped: whatever lies between it and the kernel is mapped too. */
    if (e->paddr_start < n->paddr_offset || e->paddr_end - n->paddr_offset > GIB(512) || n->virt_base % PAGE_SIZE)
        return "lies at impossible addresses by its Xen notes";
    n->virt_start = n->virt_base + (e->paddr_start - n->paddr_offset);
    n->virt_end = n->virt_base + (e->paddr_end - n->paddr_offset);
    if (n->virt_end < n->virt_base || n->entry < n->virt_start || n->entry >= n->virt_end)
        return "has its entry point outside of itself";
    if (n->virt_base < HV_VIRT_END && n->virt_end >= 0x800000000000ULL)
        return "wants to lie in the hypervisor's part of the address space";
    if (n->init_p2m != ELF_NOTES_UNSET && (n->init_p2m % PAGE_SIZE || !guest_address_ok(n->init_p2m) ||
                                           (n->init_p2m >= n->virt_base && n->init_p2m < n->virt_end)))
        return "wants its page map (INIT_P2M) at an impossible address";
    return NULL;
}
