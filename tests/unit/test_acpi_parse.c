/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ACPI tables made by hand: good ones are read right, cut and garbled ones are survived. */
#include "platform/acpi_parse.h"
#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

static void put(uint8_t *t, size_t at, uint64_t value, unsigned int size)
{
    memcpy(t + at, &value, size);
}

static void fix_checksum(uint8_t *t, size_t length, size_t at)
{
    uint8_t sum = 0;
    t[at] = 0;
    for (size_t i = 0; i < length; i++)
        sum = (uint8_t)(sum + t[i]);
    t[at] = (uint8_t)-sum;
}

static void make_rsdp(uint8_t p[ACPI_RSDP_SIZE], uint8_t revision, uint64_t xsdt)
{
    memset(p, 0, ACPI_RSDP_SIZE);
    memcpy(p, "RSD PTR ", 8);
    p[15] = revision;
    put(p, 16, 0x1000, 4);
    put(p, 20, ACPI_RSDP_SIZE, 4);
    put(p, 24, xsdt, 8);
    fix_checksum(p, 20, 8);
    fix_checksum(p, ACPI_RSDP_SIZE, 32);
}

static void test_rsdp(void)
{
    uint8_t p[ACPI_RSDP_SIZE];
    bool wide;
    make_rsdp(p, 0, 0x2000);
    CU_ASSERT_EQUAL(acpi_parse_rsdp(p, sizeof(p), &wide), 0x1000);
    CU_ASSERT_FALSE(wide);
    make_rsdp(p, 2, 0x200000000);
    CU_ASSERT_EQUAL(acpi_parse_rsdp(p, sizeof(p), &wide), 0x200000000);
    CU_ASSERT_TRUE(wide);
    CU_ASSERT_EQUAL(acpi_parse_rsdp(p, 20, &wide), 0x1000); /* the rest is not there to be looked at */
    CU_ASSERT_FALSE(wide);
    make_rsdp(p, 2, 0);
    CU_ASSERT_EQUAL(acpi_parse_rsdp(p, sizeof(p), &wide), 0x1000);
    p[33] ^= 1; /* second checksum wrong: the old half still counts */
    CU_ASSERT_EQUAL(acpi_parse_rsdp(p, sizeof(p), &wide), 0x1000);
    p[17] ^= 1;
    CU_ASSERT_EQUAL(acpi_parse_rsdp(p, sizeof(p), &wide), 0);
    CU_ASSERT_EQUAL(acpi_parse_rsdp(p, 19, &wide), 0);
}

static void test_header(void)
{
    uint8_t h[ACPI_HEADER_SIZE] = "APIC";
    put(h, 4, 100, 4);
    CU_ASSERT_EQUAL(acpi_table_length(h, "APIC"), 100);
    CU_ASSERT_EQUAL(acpi_table_length(h, NULL), 100);
    CU_ASSERT_EQUAL(acpi_table_length(h, "FACP"), 0);
    put(h, 4, ACPI_HEADER_SIZE - 1, 4);
    CU_ASSERT_EQUAL(acpi_table_length(h, "APIC"), 0);
}

static void test_root_entries(void)
{
    uint8_t root[ACPI_HEADER_SIZE + 16];
    memset(root, 0, sizeof(root));
    put(root, ACPI_HEADER_SIZE, 0x1122334455667788, 8);
    put(root, ACPI_HEADER_SIZE + 8, 0x99, 8);
    CU_ASSERT_EQUAL(acpi_root_count(sizeof(root), true), 2);
    CU_ASSERT_EQUAL(acpi_root_count(sizeof(root), false), 4);
    CU_ASSERT_EQUAL(acpi_root_count(sizeof(root) - 1, true), 1);
    CU_ASSERT_EQUAL(acpi_root_count(0, true), 0);
    CU_ASSERT_EQUAL(acpi_root_entry(root, 0, true), 0x1122334455667788);
    CU_ASSERT_EQUAL(acpi_root_entry(root, 1, false), 0x11223344);
    CU_ASSERT_EQUAL(acpi_root_entry(root, 1, true), 0x99);
}

#define MADT_MAX 4096

struct madt {
    uint8_t bytes[MADT_MAX];
    size_t length;
};

static void madt_start(struct madt *m)
{
    memset(m, 0, sizeof(*m));
    put(m->bytes, 36, 0xfee00000, 4);
    put(m->bytes, 40, 1, 4);
    m->length = 44;
}

static uint8_t *madt_add(struct madt *m, uint8_t type, uint8_t length)
{
    uint8_t *e = m->bytes + m->length;
    e[0] = type;
    e[1] = length;
    m->length += length;
    return e;
}

static void madt_add_cpu(struct madt *m, uint8_t apic_id, uint8_t acpi_id, uint32_t flags)
{
    uint8_t *e = madt_add(m, 0, 8);
    e[2] = acpi_id;
    e[3] = apic_id;
    put(e, 4, flags, 4);
}

static void madt_add_override(struct madt *m, uint8_t irq, uint32_t gsi, uint16_t flags)
{
    uint8_t *e = madt_add(m, 2, 10);
    e[3] = irq;
    put(e, 4, gsi, 4);
    put(e, 8, flags, 2);
}

/* Parses from a heap block of exactly the length, so that the sanitizer sees any byte beyond. */
static struct acpi_info parse_madt(const uint8_t *bytes, size_t length)
{
    struct acpi_info info;
    uint8_t *copy = malloc(length ? length : 1);
    memset(&info, 0, sizeof(info));
    memcpy(copy, bytes, length);
    acpi_parse_madt(copy, length, &info);
    free(copy);
    return info;
}

static void test_madt(void)
{
    struct madt m;
    madt_start(&m);
    madt_add_cpu(&m, 0, 1, 1);
    madt_add_cpu(&m, 2, 2, 0); /* disabled */
    madt_add_cpu(&m, 4, 3, 1);
    uint8_t *x2 = madt_add(&m, 9, 16);
    put(x2, 4, 4, 4); /* the same CPU again */
    put(x2, 8, 1, 4);
    x2 = madt_add(&m, 9, 16);
    put(x2, 4, 300, 4);
    put(x2, 8, 1, 4);
    put(x2, 12, 7, 4);
    uint8_t *io = madt_add(&m, 1, 12);
    io[2] = 8;
    put(io, 4, 0xfec00000, 4);
    put(io, 8, 24, 4);
    madt_add_override(&m, 0, 2, 0);
    madt_add_override(&m, 9, 9, 0xd);   /* high, level */
    madt_add_override(&m, 11, 11, 0xf); /* low, level */
    madt_add(&m, 0x7f, 20);             /* unknown: skipped */
    uint8_t *lapic = madt_add(&m, 5, 12);
    put(lapic, 4, 0x1fee00000, 8);

    struct acpi_info i = parse_madt(m.bytes, m.length);
    CU_ASSERT_EQUAL(i.cpu_count, 3);
    CU_ASSERT_EQUAL(i.cpu_apic_id[1], 4);
    CU_ASSERT_EQUAL(i.cpu_acpi_id[1], 3);
    CU_ASSERT_EQUAL(i.cpu_apic_id[2], 300);
    CU_ASSERT_EQUAL(i.cpu_acpi_id[2], 7);
    CU_ASSERT_EQUAL(i.lapic_address, 0x1fee00000);
    CU_ASSERT_EQUAL(i.ioapic_count, 1);
    CU_ASSERT_EQUAL(i.ioapic[0].gsi_base, 24);
    CU_ASSERT_EQUAL(i.ioapic[0].address, 0xfec00000);
    CU_ASSERT_EQUAL(i.override_count, 3);
    CU_ASSERT_EQUAL(i.isa_override[0].gsi, 2);
    CU_ASSERT_FALSE(i.isa_override[0].level);
    CU_ASSERT_TRUE(i.isa_override[1].level && !i.isa_override[1].active_low);
    CU_ASSERT_TRUE(i.isa_override[2].level && i.isa_override[2].active_low);
}

static void test_madt_too_many(void)
{
    struct madt m;
    madt_start(&m);
    for (unsigned int i = 0; i < 200; i++)
        madt_add_cpu(&m, (uint8_t)i, 0, 1);
    for (unsigned int i = 0; i < 40; i++) {
        madt_add_override(&m, (uint8_t)(i % 16), i, 0);
        put(madt_add(&m, 1, 12), 4, 0xfec00000, 4);
    }
    struct acpi_info i = parse_madt(m.bytes, m.length);
    CU_ASSERT_EQUAL(i.cpu_count, ACPI_CPUS_MAX);
    CU_ASSERT_EQUAL(i.override_count, ACPI_OVERRIDES_MAX);
    CU_ASSERT_EQUAL(i.ioapic_count, ACPI_IOAPICS_MAX);
}

/* Entries that end beyond the table, have no length, or are shorter than their type needs. */
static void test_madt_bad_entries(void)
{
    struct madt m;
    madt_start(&m);
    madt_add_cpu(&m, 0, 1, 1);
    madt_add(&m, 0, 4); /* a local APIC of four bytes */
    madt_add_cpu(&m, 1, 2, 1);
    struct acpi_info i = parse_madt(m.bytes, m.length);
    CU_ASSERT_EQUAL(i.cpu_count, 2);
    i = parse_madt(m.bytes, m.length - 1);
    CU_ASSERT_EQUAL(i.cpu_count, 1);
    m.bytes[44 + 1] = 0; /* would loop for ever */
    i = parse_madt(m.bytes, m.length);
    CU_ASSERT_EQUAL(i.cpu_count, 0);
    for (size_t length = 0; length <= m.length; length++)
        parse_madt(m.bytes, length);
}

static void test_madt_garbage(void)
{
    uint8_t bytes[512];
    srand(1);
    for (unsigned int round = 0; round < 20000; round++) {
        size_t length = (size_t)rand() % sizeof(bytes);
        for (size_t i = 0; i < length; i++)
            bytes[i] = (uint8_t)(rand() % 4 ? rand() % 16 : rand());
        struct acpi_info i = parse_madt(bytes, length);
        CU_ASSERT_TRUE(i.cpu_count <= ACPI_CPUS_MAX && i.ioapic_count <= ACPI_IOAPICS_MAX);
        CU_ASSERT_TRUE(i.override_count <= ACPI_OVERRIDES_MAX);
    }
}

static void make_fadt(uint8_t t[276])
{
    memset(t, 0, 276);
    put(t, 36, 0x7ffe0000, 4);
    put(t, 46, 9, 2);
    put(t, 48, 0xb2, 4);
    t[52] = 0xf1;
    put(t, 56, 0x600, 4);
    put(t, 64, 0x604, 4);
    put(t, 76, 0x608, 4);
    t[91] = 4;
    put(t, 112, 1u << 8 | 1u << 10, 4);
    t[116] = 1;
    put(t, 120, 0xcf9, 8);
    t[128] = 6;
}

static void test_fadt(void)
{
    uint8_t t[276];
    struct acpi_info i = {0};
    make_fadt(t);
    acpi_parse_fadt(t, 129, &i);
    CU_ASSERT_EQUAL(i.pm_timer_port, 0x608);
    CU_ASSERT_TRUE(i.pm_timer_32bit);
    CU_ASSERT_EQUAL(i.pm1a_control, 0x604);
    CU_ASSERT_EQUAL(i.pm1b_control, 0);
    CU_ASSERT_TRUE(i.reset.valid && i.reset.io);
    CU_ASSERT_EQUAL(i.reset.address, 0xcf9);
    CU_ASSERT_EQUAL(i.reset.value, 6);
}

static void test_fadt_newer_fields_win(void)
{
    uint8_t t[276];
    struct acpi_info i = {0};
    make_fadt(t);
    t[172] = 1; /* X_PM1a_CNT in I/O space */
    put(t, 176, 0x1804, 8);
    t[208] = 0; /* X_PM_TMR in memory: the old field stays */
    put(t, 212, 0xfed00000, 8);
    acpi_parse_fadt(t, sizeof(t), &i);
    CU_ASSERT_EQUAL(i.pm1a_control, 0x1804);
    CU_ASSERT_EQUAL(i.pm_timer_port, 0x608);
}

static void test_fadt_reset_register(void)
{
    uint8_t t[276];
    struct acpi_info i = {0};
    make_fadt(t);
    put(t, 120, 0x10000, 8); /* no such port */
    acpi_parse_fadt(t, sizeof(t), &i);
    CU_ASSERT_FALSE(i.reset.valid);
    make_fadt(t);
    t[116] = 2; /* PCI configuration space: not offered */
    acpi_parse_fadt(t, sizeof(t), &i);
    CU_ASSERT_FALSE(i.reset.valid);
    make_fadt(t);
    put(t, 112, 0, 4);
    acpi_parse_fadt(t, sizeof(t), &i);
    CU_ASSERT_FALSE(i.reset.valid);
}

static void test_fadt_cut(void)
{
    uint8_t t[276];
    make_fadt(t);
    for (size_t length = 0; length <= sizeof(t); length++) {
        struct acpi_info i = {0};
        uint8_t *copy = malloc(length ? length : 1);
        memcpy(copy, t, length);
        acpi_parse_fadt(copy, length, &i);
        CU_ASSERT_EQUAL(i.pm_timer_port, length >= 92 ? 0x608 : 0);
        free(copy);
    }
}

static void test_hpet(void)
{
    uint8_t t[56] = {0};
    struct acpi_info i = {0};
    put(t, 44, 0xfed00000, 8);
    acpi_parse_hpet(t, sizeof(t), &i);
    CU_ASSERT_EQUAL(i.hpet_address, 0xfed00000);
    i.hpet_address = 0;
    acpi_parse_hpet(t, 44, &i);
    CU_ASSERT_EQUAL(i.hpet_address, 0);
    t[40] = 1; /* in I/O space */
    acpi_parse_hpet(t, sizeof(t), &i);
    CU_ASSERT_EQUAL(i.hpet_address, 0);
}

static void test_mcfg(void)
{
    uint8_t t[44 + 3 * 16];
    struct acpi_info i = {0};
    memset(t, 0, sizeof(t));
    put(t, 44, 0xb0000000, 8);
    t[55] = 0xff;
    put(t, 60, 0xc0000000, 8);
    t[70] = 5; /* first bus behind the last */
    put(t, 76, 0xd0000000, 8);
    put(t, 84, 1, 2);
    acpi_parse_mcfg(t, sizeof(t), &i);
    CU_ASSERT_EQUAL(i.mcfg_count, 2);
    CU_ASSERT_EQUAL(i.mcfg[0].base, 0xb0000000);
    CU_ASSERT_EQUAL(i.mcfg[0].bus_last, 0xff);
    CU_ASSERT_EQUAL(i.mcfg[1].segment, 1);
    i.mcfg_count = 0;
    acpi_parse_mcfg(t, 59, &i);
    CU_ASSERT_EQUAL(i.mcfg_count, 0);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("acpi_parse", NULL, NULL);
    CU_add_test(s, "root pointer", test_rsdp);
    CU_add_test(s, "table header", test_header);
    CU_add_test(s, "root table entries", test_root_entries);
    CU_add_test(s, "MADT", test_madt);
    CU_add_test(s, "MADT with more than fits", test_madt_too_many);
    CU_add_test(s, "MADT with bad entries", test_madt_bad_entries);
    CU_add_test(s, "MADT of garbage", test_madt_garbage);
    CU_add_test(s, "FADT", test_fadt);
    CU_add_test(s, "FADT: newer fields win", test_fadt_newer_fields_win);
    CU_add_test(s, "FADT: reset register", test_fadt_reset_register);
    CU_add_test(s, "FADT cut at each length", test_fadt_cut);
    CU_add_test(s, "HPET", test_hpet);
    CU_add_test(s, "MCFG", test_mcfg);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    return CU_get_number_of_failures() || CU_get_error() ? 1 : 0;
}
