/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the ACPI tables in memory and has them parsed (acpi_parse.c). Only while booting. */
#include "platform/acpi.h"
#include "lib/compiler.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/hv_map.h"
#include "platform/acpi_parse.h"

struct acpi_info acpi_info;

#define TABLE_SIZE_MAX MIB(16) /* the DSDT of a big server is about one; more is garbage */

#define BIOS_AREA      0xe0000
#define BIOS_AREA_SIZE 0x20000
#define EBDA_POINTER   0x40e

static paddr_t __init rsdp_search_area(paddr_t start, size_t size, paddr_t *root, bool *wide)
{
    const uint8_t *p = hv_map_mmio(start, size, HV_CACHE_WB);
    paddr_t found = 0;
    if (!p)
        return 0;
    /* The structure lies on a 16-byte boundary (ACPI 5.2.5.1). */
    for (size_t at = 0; at + ACPI_RSDP_SIZE <= size && !found; at += 16) {
        *root = acpi_parse_rsdp(p + at, size - at, wide);
        if (*root)
            found = start + at;
    }
    hv_unmap_mmio((void *)p, size);
    return found;
}

static paddr_t __init rsdp_search(paddr_t *root, bool *wide)
{
    const uint16_t *pointer = hv_map_mmio(EBDA_POINTER, 2, HV_CACHE_WB);
    paddr_t ebda = pointer ? (paddr_t)*pointer << 4 : 0;
    if (pointer)
        hv_unmap_mmio((void *)pointer, 2);
    paddr_t found = ebda >= 0x400 && ebda < 0xa0000 ? rsdp_search_area(ebda, 1024, root, wide) : 0;
    return found ? found : rsdp_search_area(BIOS_AREA, BIOS_AREA_SIZE, root, wide);
}

/* Maps a whole table whose checksum holds; NULL if it is not one. Unmap with its length. */
static const uint8_t *__init table_map(paddr_t at, const char *signature, uint32_t *length)
{
    const uint8_t *t = hv_map_mmio(at, ACPI_HEADER_SIZE, HV_CACHE_WB);
    if (!t)
        return NULL;
    *length = acpi_table_length(t, signature);
    hv_unmap_mmio((void *)t, ACPI_HEADER_SIZE);
    if (!*length || *length > TABLE_SIZE_MAX)
        return NULL;
    t = hv_map_mmio(at, *length, HV_CACHE_WB);
    if (!t || acpi_checksum_ok(t, *length))
        return t;
    log_warning("ACPI: table at %#lx has a wrong checksum, ignored", at);
    hv_unmap_mmio((void *)t, *length);
    return NULL;
}

#define PARSER_MADT 0

static const struct {
    char signature[5];
    void (*parse)(const uint8_t *t, size_t length, struct acpi_info *info);
} parsers[] __initconst = {
    [PARSER_MADT] = {"APIC", acpi_parse_madt},
    {"FACP", acpi_parse_fadt},
    {"HPET", acpi_parse_hpet},
    {"MCFG", acpi_parse_mcfg},
};

static bool __init table_read(paddr_t at)
{
    uint32_t length;
    const uint8_t *t = table_map(at, NULL, &length);
    if (!t)
        return false;
    bool is_madt = false;
    for (unsigned int i = 0; i < ARRAY_SIZE(parsers); i++) {
        if (memcmp(t, parsers[i].signature, 4))
            continue;
        parsers[i].parse(t, length, &acpi_info);
        is_madt = i == PARSER_MADT;
    }
    log_debug("ACPI: %.4s %#lx, %u bytes", (const char *)t, at, length);
    hv_unmap_mmio((void *)t, length);
    return is_madt;
}

bool __init acpi_init(paddr_t rsdp)
{
    paddr_t root = 0;
    bool wide = false, madt = false;
    uint32_t length;

    if (rsdp)
        rsdp = rsdp_search_area(rsdp, ACPI_RSDP_SIZE, &root, &wide);
    if (!rsdp)
        rsdp = rsdp_search(&root, &wide);
    if (!rsdp) {
        log_error("ACPI: no root pointer found");
        return false;
    }
    const uint8_t *t = table_map(root, wide ? "XSDT" : "RSDT", &length);
    if (!t) {
        log_error("ACPI: no root table at %#lx", root);
        return false;
    }
    for (unsigned int i = 0; i < acpi_root_count(length, wide); i++)
        madt |= table_read(acpi_root_entry(t, i, wide));
    hv_unmap_mmio((void *)t, length);
    if (!madt || !acpi_info.cpu_count || !acpi_info.ioapic_count) {
        log_error("ACPI: no usable MADT (%u CPUs, %u IO-APICs)", acpi_info.cpu_count, acpi_info.ioapic_count);
        return false;
    }
    log_info("ACPI: root pointer %#lx, %u CPUs, %u IO-APICs, PM timer %#x, HPET %#lx, %u MMCONFIG areas", rsdp,
             acpi_info.cpu_count, acpi_info.ioapic_count, acpi_info.pm_timer_port, acpi_info.hpet_address,
             acpi_info.mcfg_count);
    return true;
}
