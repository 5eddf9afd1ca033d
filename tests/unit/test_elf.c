/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ELF files and the Xen notes in them: good ones, bad ones, and good ones damaged at random. Files are handed over in
 * memory of exactly their size, so that the sanitizer sees every byte read beyond.
 */
#include "boot/elf.h"
#include "boot/elf_notes.h"
#include "unit.h"
#include <elf.h>
#include <string.h>
#include <xen/elfnote.h>
#include <xen/features.h>

#define BASE 0xffffffff80000000

/* A file under construction: header, two program headers, then contents. */
static struct {
    union {
        uint8_t bytes[4096];
        struct {
            Elf64_Ehdr header;
            Elf64_Phdr segment[2];
        };
    };
    size_t size;
} file;

static void note(uint32_t type, const void *value, uint32_t size)
{
    Elf64_Nhdr h = {4, size, type};

    memcpy(file.bytes + file.size, &h, sizeof(h));
    memcpy(file.bytes + file.size + sizeof(h), "Xen", 4);
    memcpy(file.bytes + file.size + sizeof(h) + 4, value, size);
    size_t all = sizeof(h) + 4 + ((size + 3) & ~3u);
    file.size += all;
    file.segment[1].p_filesz += all;
}

static void note_text(uint32_t type, const char *text)
{
    note(type, text, (uint32_t)strlen(text) + 1);
}

static void note_number(uint32_t type, uint64_t v)
{
    note(type, &v, sizeof(v));
}

/* 256 bytes at physical 1 MiB, 1 MiB in memory, and the notes of a kernel that is all right. */
static void make(void)
{
    memset(&file, 0, sizeof(file));
    file.header = (Elf64_Ehdr){
        .e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_EXEC,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_entry = BASE + 0x100000,
        .e_phoff = sizeof(Elf64_Ehdr),
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = 2,
    };
    file.segment[0] =
        (Elf64_Phdr){.p_type = PT_LOAD, .p_offset = 512, .p_filesz = 256, .p_memsz = 0x100000, .p_paddr = 0x100000};
    file.size = 768;
    file.segment[1] = (Elf64_Phdr){.p_type = PT_NOTE, .p_offset = file.size};
    note_text(XEN_ELFNOTE_GUEST_OS, "linux");
    note_text(XEN_ELFNOTE_LOADER, "generic");
    note_text(XEN_ELFNOTE_XEN_VERSION, "xen-3.0");
    note_number(XEN_ELFNOTE_VIRT_BASE, BASE);
    note_number(XEN_ELFNOTE_PADDR_OFFSET, 0);
    note_number(XEN_ELFNOTE_ENTRY, BASE + 0x100040);
}

/* Everything a caller does with a file. NULL, or what was refused. */
static const char *use(size_t size, struct elf_image *e, struct elf_notes *n)
{
    uint8_t *copy = malloc(size ? size : 1);
    volatile uint64_t sum = 0;

    memcpy(copy, file.bytes, size);
    const char *wrong = elf_parse(e, copy, size);
    if (!wrong) {
        struct elf_segment s;
        for (unsigned int i = 0; i < e->phnum; i++)
            if (elf_segment(e, i, &s))
                for (uint64_t k = 0; k < s.file_size; k++)
                    sum += s.data[k];
        elf_notes_read(e, n);
        wrong = elf_notes_check(e, n, true);
    }
    free(copy);
    return wrong;
}

static void expect_refused(void)
{
    struct elf_image e;
    struct elf_notes n;

    CU_ASSERT_PTR_NOT_NULL(use(file.size, &e, &n));
}

static void test_good(void)
{
    struct elf_image e;
    struct elf_notes n;

    make();
    CU_ASSERT_PTR_NULL(use(file.size, &e, &n));
    CU_ASSERT_EQUAL(e.paddr_start, 0x100000);
    CU_ASSERT_EQUAL(e.paddr_end, 0x200000);
    CU_ASSERT_EQUAL(n.virt_start, BASE + 0x100000);
    CU_ASSERT_EQUAL(n.virt_end, BASE + 0x200000);
    CU_ASSERT_EQUAL(n.entry, BASE + 0x100040);
    CU_ASSERT_STRING_EQUAL(n.guest_os, "linux");
    CU_ASSERT_EQUAL(n.init_p2m, ELF_NOTES_UNSET);
    CU_ASSERT_FALSE(n.mod_start_pfn);

    note_number(XEN_ELFNOTE_INIT_P2M, 0x8000000000);
    uint32_t one = 1;
    note(XEN_ELFNOTE_MOD_START_PFN, &one, 4);
    uint32_t features = 1u << XENFEAT_dom0;
    note(XEN_ELFNOTE_SUPPORTED_FEATURES, &features, 4);
    CU_ASSERT_PTR_NULL(use(file.size, &e, &n));
    CU_ASSERT_EQUAL(n.init_p2m, 0x8000000000);
    CU_ASSERT_TRUE(n.mod_start_pfn);
}

static void test_bad_headers(void)
{
    make(), file.header.e_ident[0] = 0, expect_refused();
    make(), file.header.e_ident[EI_CLASS] = ELFCLASS32, expect_refused();
    make(), file.header.e_ident[EI_DATA] = ELFDATA2MSB, expect_refused();
    make(), file.header.e_machine = EM_AARCH64, expect_refused();
    make(), file.header.e_type = ET_REL, expect_refused();
    make(), file.header.e_phnum = 0, expect_refused();
    make(), file.header.e_phnum = 0xffff, expect_refused();
    make(), file.header.e_phoff = UINT64_MAX, expect_refused();
    make(), file.header.e_phoff = 4090, expect_refused();
    make(), file.header.e_phentsize = 32, expect_refused();
}

static void test_bad_segments(void)
{
    make(), file.segment[0].p_offset = UINT64_MAX, expect_refused();
    make(), file.segment[0].p_filesz = UINT64_MAX, expect_refused();
    make(), file.segment[0].p_filesz = 0x100001, expect_refused();
    make(), file.segment[0].p_paddr = UINT64_MAX - 10, expect_refused();
    make(), file.segment[0].p_memsz = UINT64_MAX, expect_refused();
    make(), file.segment[0].p_memsz = 1ULL << 50, expect_refused();
    make(), file.segment[0].p_type = PT_NULL, expect_refused();
}

static void test_bad_notes(void)
{
    make(), file.segment[1].p_type = PT_NULL, expect_refused();
    make(), note_text(XEN_ELFNOTE_XEN_VERSION, "xen-2.0"), expect_refused();
    make(), note_text(XEN_ELFNOTE_FEATURES, "!supervisor_mode_kernel"), expect_refused();
    make(), note_text(XEN_ELFNOTE_FEATURES, "a|!no_such_feature|b"), expect_refused();
    make(), note_number(XEN_ELFNOTE_SUPPORTED_FEATURES, 1), expect_refused();
    make(), note_number(XEN_ELFNOTE_ENTRY, BASE), expect_refused();
    make(), note_number(XEN_ELFNOTE_ENTRY, BASE + 0x200000), expect_refused();
    make(), note_number(XEN_ELFNOTE_VIRT_BASE, 0xffff800000000000), expect_refused();
    make(), note_number(XEN_ELFNOTE_VIRT_BASE, BASE + 1), expect_refused();
    make(), note_number(XEN_ELFNOTE_PADDR_OFFSET, 0x100001), expect_refused();
    make(), note_number(XEN_ELFNOTE_INIT_P2M, 0xffff810000000000), expect_refused();
    make(), note_number(XEN_ELFNOTE_INIT_P2M, BASE + 0x100000), expect_refused();
    make(), note_number(XEN_ELFNOTE_INIT_P2M, 0x8000000001), expect_refused();
}

/* What only dom0 must be able to do. */
static void test_guest(void)
{
    struct elf_image e;
    struct elf_notes n;

    make(), note_number(XEN_ELFNOTE_SUPPORTED_FEATURES, 1);
    CU_ASSERT_PTR_NULL(elf_parse(&e, file.bytes, file.size));
    elf_notes_read(&e, &n);
    CU_ASSERT_PTR_NOT_NULL(elf_notes_check(&e, &n, true));
    CU_ASSERT_PTR_NULL(elf_notes_check(&e, &n, false));
}

static void test_features(void)
{
    struct elf_image e;
    struct elf_notes n;

    make();
    note_text(XEN_ELFNOTE_FEATURES, "!writable_page_tables|pae_pgdir_above_4gb||unheard_of|");
    CU_ASSERT_PTR_NULL(use(file.size, &e, &n));
    CU_ASSERT_EQUAL(n.required_features, 1u << XENFEAT_writable_page_tables);
    CU_ASSERT_EQUAL(n.supported_features, 1u << XENFEAT_writable_page_tables | 1u << XENFEAT_pae_pgdir_above_4gb);
}

/* Values that are not as long as they should be are as if they were not there. */
static void test_odd_sizes(void)
{
    struct elf_image e;
    struct elf_notes n;

    make();
    note(XEN_ELFNOTE_INIT_P2M, "abc", 3);
    note(XEN_ELFNOTE_GUEST_OS, "", 0);
    note(XEN_ELFNOTE_GUEST_VERSION, "0123456789012345678901234567890123456789", 40);
    CU_ASSERT_PTR_NULL(use(file.size, &e, &n));
    CU_ASSERT_EQUAL(n.init_p2m, ELF_NOTES_UNSET);
    CU_ASSERT_EQUAL(strlen(n.guest_version), 31);
}

static void test_truncated(void)
{
    struct elf_image e;
    struct elf_notes n;

    make();
    for (size_t size = 0; size < file.size; size++)
        (void)use(size, &e, &n);
    CU_ASSERT_PTR_NOT_NULL(use(file.size - 12, &e, &n));
}

static void test_damaged(void)
{
    struct elf_image e;
    struct elf_notes n;

    for (unsigned int round = 0; round < 20000; round++) {
        make();
        note_number(XEN_ELFNOTE_INIT_P2M, 0x8000000000);
        for (uint64_t hits = 1 + unit_random_below(4); hits; hits--) {
            size_t at = unit_random_below(2) ? unit_random_below(176) : 768 + unit_random_below(file.size - 768);
            file.bytes[at] = (uint8_t)unit_random();
        }
        if (!use(file.size, &e, &n))
            CU_ASSERT_TRUE(n.virt_start <= n.entry && n.entry < n.virt_end);
    }
}

int main(void)
{
    CU_TestInfo cases[] = {{"a good kernel", test_good},
                           {"bad headers", test_bad_headers},
                           {"bad segments", test_bad_segments},
                           {"bad notes", test_bad_notes},
                           {"guests need not be able to be dom0", test_guest},
                           {"features", test_features},
                           {"values of odd sizes", test_odd_sizes},
                           {"truncated anywhere", test_truncated},
                           {"damaged at random", test_damaged},
                           CU_TEST_INFO_NULL};
    return unit_run("elf", cases);
}
