/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors that a guest may have in its GDT and LDT pages (SDM 3A 3.4.5). Pure.
 *
 * Code and data segments of any base and limit are harmless at privilege level 3, which they get. What is not present
 * faults when used. System descriptors (LDT, TSS, gates) could change the privilege level or tables under the
 * hypervisor's feet: refused, except type 0, which the CPU refuses itself. Xen lets call gates stand and emulates them;
 * no 64-bit kernel has any.
 */
#include "guest/pv/descriptor_tables.h"

#define DESCRIPTOR_TYPE    (0xfULL << 40)
#define DESCRIPTOR_S       (1ULL << 44) /* code or data */
#define DESCRIPTOR_DPL     (3ULL << 45)
#define DESCRIPTOR_PRESENT (1ULL << 47)

bool descriptor_check(uint64_t *descriptor)
{
    uint64_t d = *descriptor;

    if (!(d & DESCRIPTOR_PRESENT))
        return true;
    if (!(d & DESCRIPTOR_S))
        return !(d & DESCRIPTOR_TYPE);
    *descriptor = d | DESCRIPTOR_DPL;
    return true;
}
