/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where everything lies in the address space of a PV domain (dom0, or one that the tools build) at its first
 * instruction. Pure.
 *
 * Virtual, all page-aligned:                      Pseudo-physical (page frame numbers from 0):
 *   v_start      VIRT_BASE                          0 ..               what v_start..v_end maps, in order
 *   kernel       its segments                       initrd_pfn ..      the module, if it is not mapped
 *   initrd       unless MOD_START_PFN               p2m_tables_pfn ..  tables that map the page map at INIT_P2M
 *   page map     unless INIT_P2M                    p2m_pfn ..         the page map, if at INIT_P2M
 *   start_info   and dom0_vga_console_info          fixed_pages ..     the rest of its memory, not mapped
 *   rings        of store and console, not dom0's
 *   page tables  the first one is the top level
 *   boot stack   one page
 *   v_end        rounded up to 4 MiB, with 512 KiB at least to spare
 *
 * The public header (xen.h, "Start-of-day memory layout") makes this order an ABI.
 */
#ifndef HAVEN_BOOT_DOM0_LAYOUT_H
#define HAVEN_BOOT_DOM0_LAYOUT_H

#include "boot/elf_notes.h"
#include <xen/xen.h>

struct dom0_layout {
    uint64_t v_start, v_end;
    uint64_t kernel_start, kernel_end;
    uint64_t initrd_start, initrd_end; /* virtual; equal: not mapped */
    uint64_t p2m_start, p2m_end;
    uint64_t start_info, rings;
    uint64_t tables_start, tables_end;
    uint64_t stack_start, stack_end;
    uint64_t entry;

    uint64_t pages; /* all of dom0's memory */
    uint64_t initrd_pfn, initrd_pages;
    uint64_t p2m_tables_pfn, p2m_tables; /* number 0: the page map lies within v_start..v_end */
    uint64_t p2m_pfn, p2m_pages;
    uint64_t fixed_pages; /* frame numbers up to here are named above */
};

/* ring_pages: for the rings. NULL, or why it cannot be. */
const char *dom0_layout_compute(const struct elf_notes *n, uint64_t pages, uint64_t initrd_size,
                                unsigned int ring_pages, struct dom0_layout *out);

/* Writes into start_info what the layout decides: module (initrd_size 0: none), tables, page map. */
void dom0_layout_describe(const struct dom0_layout *l, uint64_t initrd_size, start_info_t *si);

#endif
