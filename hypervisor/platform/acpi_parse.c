/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ACPI tables, as bytes (ACPI 6.4 chapter 5.2; HPET and MCFG have specifications of their own). Firmware is not trusted
 * to be right: each read says how much of the table it needs, and a table that is too short leaves fields at 0, which
 * everywhere means "not there".
 */
#include "platform/acpi_parse.h"
#include "lib/compiler.h"
#include "lib/string.h"

/* Little-endian number of 'size' bytes at an offset; 0 if it is beyond the end. */
static uint64_t __init read_number(const uint8_t *t, size_t length, size_t offset, unsigned int size)
{
    uint64_t v = 0;
    if (offset > length || length - offset < size)
        return 0;
    memcpy(&v, t + offset, size);
    return v;
}

bool __init acpi_checksum_ok(const uint8_t *p, size_t length)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < length; i++)
        sum = (uint8_t)(sum + p[i]);
    return sum == 0;
}

paddr_t __init acpi_parse_rsdp(const uint8_t *p, size_t available, bool *wide)
{
    if (available < 20 || memcmp(p, "RSD PTR ", 8) || !acpi_checksum_ok(p, 20))
        return 0;
    *wide = false;
    if (p[15] >= 2 && available >= ACPI_RSDP_SIZE && acpi_checksum_ok(p, ACPI_RSDP_SIZE)) {
        paddr_t xsdt = read_number(p, ACPI_RSDP_SIZE, 24, 8);
        if (xsdt) {
            *wide = true;
            return xsdt;
        }
    }
    return read_number(p, 20, 16, 4);
}

uint32_t __init acpi_table_length(const uint8_t header[ACPI_HEADER_SIZE], const char *signature)
{
    uint32_t length = (uint32_t)read_number(header, ACPI_HEADER_SIZE, 4, 4);
    if ((signature && memcmp(header, signature, 4)) || length < ACPI_HEADER_SIZE)
        return 0;
    return length;
}

unsigned int __init acpi_root_count(uint32_t length, bool wide)
{
    return length < ACPI_HEADER_SIZE ? 0 : (length - ACPI_HEADER_SIZE) / (wide ? 8 : 4);
}

paddr_t __init acpi_root_entry(const uint8_t *root, unsigned int i, bool wide)
{
    unsigned int size = wide ? 8 : 4;
    return read_number(root, ACPI_HEADER_SIZE + (size_t)(i + 1) * size, ACPI_HEADER_SIZE + (size_t)i * size, size);
}

/* ---- MADT (5.2.12): interrupt controllers ---- */

enum madt_type {
    MADT_LAPIC = 0,
    MADT_IOAPIC = 1,
    MADT_OVERRIDE = 2,
    MADT_LAPIC_ADDRESS = 5,
    MADT_X2APIC = 9,
};

static void __init madt_cpu(struct acpi_info *info, uint32_t apic_id, uint32_t acpi_id, uint32_t flags)
{
    if (!(flags & 1) || info->cpu_count == ACPI_CPUS_MAX)
        return;
    for (unsigned int i = 0; i < info->cpu_count; i++)
        if (info->cpu_apic_id[i] == apic_id)
            return; /* some firmware lists a CPU as local APIC and as x2APIC */
    info->cpu_apic_id[info->cpu_count] = apic_id;
    info->cpu_acpi_id[info->cpu_count++] = acpi_id;
}

static void __init madt_ioapic(struct acpi_info *info, uint32_t id, paddr_t address, uint32_t gsi_base)
{
    if (info->ioapic_count == ACPI_IOAPICS_MAX || !address)
        return;
    info->ioapic[info->ioapic_count].id = id;
    info->ioapic[info->ioapic_count].address = address;
    info->ioapic[info->ioapic_count++].gsi_base = gsi_base;
}

static void __init madt_override(struct acpi_info *info, uint8_t isa_irq, uint32_t gsi, uint16_t flags)
{
    if (info->override_count == ACPI_OVERRIDES_MAX || isa_irq > 15)
        return;
    /* Bits 0..1 polarity, 2..3 trigger; 3 is "low" and "level", 0 the bus's habit: ISA is edge, active high. */
    info->isa_override[info->override_count].isa_irq = isa_irq;
    info->isa_override[info->override_count].gsi = gsi;
    info->isa_override[info->override_count].active_low = (flags & 3) == 3;
    info->isa_override[info->override_count++].level = (flags >> 2 & 3) == 3;
}

static void __init madt_entry(const uint8_t *e, size_t length, struct acpi_info *info)
{
    switch (e[0]) {
    case MADT_LAPIC:
        if (length >= 8)
            madt_cpu(info, e[3], e[2], (uint32_t)read_number(e, length, 4, 4));
        return;
    case MADT_X2APIC:
        if (length >= 16)
            madt_cpu(info, (uint32_t)read_number(e, length, 4, 4), (uint32_t)read_number(e, length, 12, 4),
                     (uint32_t)read_number(e, length, 8, 4));
        return;
    case MADT_IOAPIC:
        if (length >= 12)
            madt_ioapic(info, e[2], read_number(e, length, 4, 4), (uint32_t)read_number(e, length, 8, 4));
        return;
    case MADT_OVERRIDE:
        if (length >= 10 && e[2] == 0)
            madt_override(info, e[3], (uint32_t)read_number(e, length, 4, 4), (uint16_t)read_number(e, length, 8, 2));
        return;
    case MADT_LAPIC_ADDRESS:
        if (length >= 12)
            info->lapic_address = read_number(e, length, 4, 8);
        return;
    }
}

void __init acpi_parse_madt(const uint8_t *t, size_t length, struct acpi_info *info)
{
    info->lapic_address = read_number(t, length, 36, 4);
    for (size_t at = 44; at + 2 <= length;) {
        size_t size = t[at + 1];
        if (size < 2 || size > length - at)
            return;
        madt_entry(t + at, size, info);
        at += size;
    }
}

/* ---- FADT (5.2.9): power management registers ---- */

enum {
    FADT_PM1A_CONTROL = 64,
    FADT_PM1B_CONTROL = 68,
    FADT_PM_TIMER = 76,
    FADT_PM_TIMER_LENGTH = 91,
    FADT_FLAGS = 112,
    FADT_RESET_REGISTER = 116,
    FADT_RESET_VALUE = 128,
    FADT_X_PM1A_CONTROL = 172,
    FADT_X_PM1B_CONTROL = 184,
    FADT_X_PM_TIMER = 208,
};

#define FADT_FLAG_PM_TIMER_32BIT (1u << 8)
#define FADT_FLAG_RESET          (1u << 10)

/* Generic address structure (5.2.3.2): byte 0 is the space (0 memory, 1 I/O), the address is at byte 4. */
#define GAS_MEMORY  0
#define GAS_IO      1
#define GAS_ADDRESS 4

/* The port of a register that has an old 32-bit field and a newer generic one, which wins when it is set. */
static uint16_t __init fadt_port(const uint8_t *t, size_t length, size_t old, size_t generic)
{
    uint64_t port = read_number(t, length, generic + GAS_ADDRESS, 8);
    if (!port || read_number(t, length, generic, 1) != GAS_IO)
        port = read_number(t, length, old, 4);
    return port <= UINT16_MAX ? (uint16_t)port : 0;
}

void __init acpi_parse_fadt(const uint8_t *t, size_t length, struct acpi_info *info)
{
    uint32_t flags = (uint32_t)read_number(t, length, FADT_FLAGS, 4);
    info->pm1a_control = fadt_port(t, length, FADT_PM1A_CONTROL, FADT_X_PM1A_CONTROL);
    info->pm1b_control = fadt_port(t, length, FADT_PM1B_CONTROL, FADT_X_PM1B_CONTROL);
    if (read_number(t, length, FADT_PM_TIMER_LENGTH, 1) == 4)
        info->pm_timer_port = fadt_port(t, length, FADT_PM_TIMER, FADT_X_PM_TIMER);
    info->pm_timer_32bit = flags & FADT_FLAG_PM_TIMER_32BIT;
    uint64_t space = read_number(t, length, FADT_RESET_REGISTER, 1);
    paddr_t reset = read_number(t, length, FADT_RESET_REGISTER + GAS_ADDRESS, 8);
    if ((flags & FADT_FLAG_RESET) && reset && (space == GAS_MEMORY || (space == GAS_IO && reset <= UINT16_MAX))) {
        info->reset.valid = true;
        info->reset.io = space == GAS_IO;
        info->reset.address = reset;
        info->reset.value = (uint8_t)read_number(t, length, FADT_RESET_VALUE, 1);
    }
}

void __init acpi_parse_hpet(const uint8_t *t, size_t length, struct acpi_info *info)
{
    if (read_number(t, length, 40, 1) == GAS_MEMORY)
        info->hpet_address = read_number(t, length, 44, 8);
}

void __init acpi_parse_mcfg(const uint8_t *t, size_t length, struct acpi_info *info)
{
    for (size_t at = 44; at + 16 <= length && info->mcfg_count < ACPI_MCFG_MAX; at += 16) {
        unsigned int i = info->mcfg_count;
        info->mcfg[i].base = read_number(t, length, at, 8);
        info->mcfg[i].segment = (uint16_t)read_number(t, length, at + 8, 2);
        info->mcfg[i].bus_first = t[at + 10];
        info->mcfg[i].bus_last = t[at + 11];
        if (info->mcfg[i].base && info->mcfg[i].bus_first <= info->mcfg[i].bus_last)
            info->mcfg_count++;
    }
}
