/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptor tables of a CPU. The GDT's first 14 pages are the guest's (mapped from the guest's frames at each context
 * switch); page 14 (selectors from 0xe000) is the hypervisor's, as the Xen ABI says. Each CPU has its own fixed virtual
 * window for GDT and LDT (mm/layout.h), so LGDT is executed once.
 */
#ifndef HAVEN_CPU_DESC_H
#define HAVEN_CPU_DESC_H

#include "lib/types.h"

#define GDT_GUEST_PAGES    14
#define GDT_RESERVED_START 0xe000
#define SEL_HV_CS          0xe008
#define SEL_HV_DS          0xe010
#define SEL_GUEST_CS32     0xe023 /* FLAT_RING3_CS32; SYSRET: STAR[63:48] = 0xe023, +8 = SS, +16 = CS64 */
#define SEL_GUEST_SS       0xe02b
#define SEL_GUEST_CS64     0xe033
#define SEL_TSS            0xe040 /* 16 bytes */
#define RPL_USER           3      /* both the guest's kernel and its user mode */
#define SEL_LDT            0xe050 /* 16 bytes; LDTR is reloaded when the current vCPU's LDT changes */

struct tss64 {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t iopb; /* beyond the limit: every ring-3 port access traps (the emulator decides) */
} __attribute__((packed));
_Static_assert(sizeof(struct tss64) == 104, "SDM 3A figure 8-11");

enum ist { IST_NONE, IST_DF, IST_NMI, IST_MC, IST_DB };

/*
 * What a CPU's descriptor tables consist of; allocated and mapped by cpu_local_create (mm/cpu_memory.c), filled by
 * desc.c.
 */
struct cpu_tables {
    uint64_t *gdt_page; /* page 14, at any writable address */
    uint64_t gdt_virt;  /* the CPU's window: what GDTR points at */
    uint64_t ldt_virt;
    uint8_t *stubs;           /* page of SYSCALL stubs, at a writable address */
    uint64_t stubs_virt;      /* where it is executed: within 2 GiB of text and stack */
    unsigned int ldt_entries; /* loaded in LDTR */
    struct tss64 tss;
};

/*
 * Boot CPU, first of all: loads a static GDT and the IDT, so that a fault while booting says where it was. The gates
 * were set by desc_set_gate before.
 */
void desc_init_early(void);

/* Gate of the IDT that all CPUs share. The stack table entry is used once desc_init_cpu has given the CPUs their TSS.
 */
void desc_set_gate(unsigned int vector, const void *entry, enum ist ist, unsigned int dpl);

/* Where SYSCALL (64-bit, compatibility mode) and SYSENTER go on. The first two are entered with RSP = &guest.rsp,
 * already stored. */
void desc_set_syscall_entries(const void *syscall, const void *compat, const void *sysenter);

/* Builds page 14, TSS and IDT use for this CPU, loads GDTR, IDTR, TR, segment registers, and the SYSCALL MSRs. */
void desc_init_cpu(void);

/* Writes an LDT descriptor over the CPU's LDT window for 'entries' entries and loads LDTR; 0 entries loads a null LDTR.
 */
void desc_load_ldt(unsigned int entries);

#endif
