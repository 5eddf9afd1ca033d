/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor's part of every address space: top-level slots 256..271, the same entries in every top-level table.
 *
 *   0xffff800000000000  slot 256  machine-to-physical table, read-only for guests (8 bytes per frame)
 *   0xffff808000000000  slot 257  machine-to-physical table, writable
 *   0xffff820000000000  slot 260  CPU windows: per CPU 2 MiB, GDT (16 pages), LDT (16 pages), see below
 *   0xffff828000000000  slot 261  MMIO and other dynamic mappings (hv_map)
 *   0xffff82d040000000            hypervisor image (text, data); 1 GiB
 *   0xffff82d080000000            CPU stack blocks, 64 KiB apart (within 2 GiB of the text)
 *   0xffff82e000000000            frame table (32 bytes per frame)
 *   0xffff830000000000  slots 262..271  direct map of all memory, 5 TiB
 */
#ifndef HAVEN_MM_LAYOUT_H
#define HAVEN_MM_LAYOUT_H

#define HV_VIRT_START 0xffff800000000000
#define HV_VIRT_END   0xffff880000000000
#define HV_SLOT_FIRST 256
#define HV_SLOT_LAST  271

#define M2P_RO_VIRT         0xffff800000000000
#define M2P_RO_VIRT_END     0xffff804000000000
#define M2P_RW_VIRT         0xffff808000000000
#define CPU_WINDOW_VIRT     0xffff820000000000
#define HV_MAP_VIRT         0xffff828000000000
#define IMAGE_VIRT          0xffff82d040000000
#define IMAGE_PHYS          0x200000 /* the image is linked to be loaded here */
#define CPU_STACK_VIRT      0xffff82d080000000
#define CPU_STACK_STRIDE    0x10000
#define FRAME_TABLE_VIRT    0xffff82e000000000
#define DIRECT_MAP_VIRT     0xffff830000000000
#define DIRECT_MAP_VIRT_END 0xffff880000000000

#define CPU_WINDOW_STRIDE 0x200000
#define CPU_WINDOW_GDT    0x00000 /* 16 pages: 14 of the guest, page 14 the hypervisor's */
#define CPU_WINDOW_LDT    0x10000 /* 16 pages of the current vCPU's LDT */

#ifndef __ASSEMBLER__
#include "lib/types.h"

static inline uint64_t cpu_window_gdt(unsigned int cpu)
{
    return CPU_WINDOW_VIRT + (uint64_t)cpu * CPU_WINDOW_STRIDE + CPU_WINDOW_GDT;
}

static inline uint64_t cpu_window_ldt(unsigned int cpu)
{
    return CPU_WINDOW_VIRT + (uint64_t)cpu * CPU_WINDOW_STRIDE + CPU_WINDOW_LDT;
}

#ifdef HAVEN_HOSTED
extern uint64_t direct_map_start; /* supplied by mm/frame.c, set by the test */
#else
#define direct_map_start DIRECT_MAP_VIRT
#endif

static inline void *direct_map(paddr_t p)
{
    return (void *)(direct_map_start + p);
}

static inline void *direct_map_mfn(mfn_t m)
{
    return (void *)(direct_map_start + (m.n << PAGE_SHIFT));
}

static inline paddr_t direct_map_phys(const void *va)
{
    return (uint64_t)va - direct_map_start;
}

static inline mfn_t direct_map_to_mfn(const void *va)
{
    return MFN(direct_map_phys(va) >> PAGE_SHIFT);
}

static inline paddr_t image_phys(const void *va)
{
    return (uint64_t)va - IMAGE_VIRT + IMAGE_PHYS;
}

/* May a guest name this address in a hypercall: canonical, and not the hypervisor's. */
static inline bool guest_address_ok(uint64_t va)
{
    return va < 0x800000000000ULL || va >= HV_VIRT_END;
}

#define M2P_INVALID_ENTRY (~0ULL)
#endif
#endif
