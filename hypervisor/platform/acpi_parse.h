/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading of ACPI tables (pure). Tables are bytes at any alignment with a length that acpi_table_length has checked;
 * nothing beyond it is read, and entries that do not fit end the table.
 */
#ifndef HAVEN_PLATFORM_ACPI_PARSE_H
#define HAVEN_PLATFORM_ACPI_PARSE_H

#include "lib/types.h"
#include "platform/acpi.h"

#define ACPI_HEADER_SIZE 36
#define ACPI_RSDP_SIZE   36 /* revision 2; the first 20 bytes are revision 0 */

/* Address of the root table, or 0 if these bytes are no root pointer. *wide: 64-bit entries (XSDT). */
paddr_t acpi_parse_rsdp(const uint8_t *p, size_t available, bool *wide);

/* Length that the header of a table tells, 0 if it is not 'signature' (NULL: any) or shorter than its header. */
uint32_t acpi_table_length(const uint8_t header[ACPI_HEADER_SIZE], const char *signature);
bool acpi_checksum_ok(const uint8_t *p, size_t length);

/* Entries of the root table. */
unsigned int acpi_root_count(uint32_t length, bool wide);
paddr_t acpi_root_entry(const uint8_t *root, unsigned int i, bool wide);

/* Each fills its part of info. */
void acpi_parse_madt(const uint8_t *t, size_t length, struct acpi_info *info);
void acpi_parse_fadt(const uint8_t *t, size_t length, struct acpi_info *info);
void acpi_parse_hpet(const uint8_t *t, size_t length, struct acpi_info *info);
void acpi_parse_mcfg(const uint8_t *t, size_t length, struct acpi_info *info);

#endif
