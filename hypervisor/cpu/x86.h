/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instructions, control registers and MSRs that C has no words for. Bits cite the SDM's names. */
#ifndef HAVEN_CPU_X86_H
#define HAVEN_CPU_X86_H

#include "lib/compiler.h"
#include "lib/types.h"

#define CR0_PE 0x1UL
#define CR0_MP 0x2UL
#define CR0_EM 0x4UL
#define CR0_TS 0x8UL
#define CR0_ET 0x10UL
#define CR0_NE 0x20UL
#define CR0_WP 0x10000UL
#define CR0_AM 0x40000UL
#define CR0_PG 0x80000000UL

#define CR4_TSD        0x4UL
#define CR4_DE         0x8UL
#define CR4_PAE        0x20UL
#define CR4_MCE        0x40UL
#define CR4_PGE        0x80UL
#define CR4_OSFXSR     0x200UL
#define CR4_OSXMMEXCPT 0x400UL
#define CR4_FSGSBASE   0x10000UL
#define CR4_OSXSAVE    0x40000UL
#define CR4_SMEP       0x100000UL
#define CR4_SMAP       0x200000UL

#define MSR_TSC            0x10
#define MSR_APIC_BASE      0x1b
#define MSR_PAT            0x277
#define MSR_EFER           0xc0000080
#define MSR_STAR           0xc0000081
#define MSR_LSTAR          0xc0000082
#define MSR_CSTAR          0xc0000083
#define MSR_FMASK          0xc0000084
#define MSR_FS_BASE        0xc0000100
#define MSR_GS_BASE        0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define MSR_TSC_AUX        0xc0000103
#define MSR_SYSENTER_CS    0x174
#define MSR_SYSENTER_ESP   0x175
#define MSR_SYSENTER_EIP   0x176

#define EFER_SCE 0x1UL
#define EFER_LME 0x100UL
#define EFER_LMA 0x400UL
#define EFER_NX  0x800UL

/* PAT as the Xen ABI promises it to guests: WB WT UC- UC WC WP UC UC. */
#define PAT_XEN 0x0000050100070406ULL

#define X86_READ_REG(name, reg)                                                                                        \
    static inline uint64_t name(void)                                                                                  \
    {                                                                                                                  \
        uint64_t v;                                                                                                    \
        __asm__ volatile("mov %%" reg ", %0" : "=r"(v));                                                               \
        return v;                                                                                                      \
    }
#define X86_WRITE_REG(name, reg)                                                                                       \
    static inline void name(uint64_t v)                                                                                \
    {                                                                                                                  \
        __asm__ volatile("mov %0, %%" reg : : "r"(v) : "memory");                                                      \
    }

X86_READ_REG(read_cr0, "cr0")
X86_READ_REG(read_cr2, "cr2")
X86_READ_REG(read_cr3, "cr3")
X86_READ_REG(read_cr4, "cr4")
X86_WRITE_REG(write_cr0, "cr0")
X86_WRITE_REG(write_cr3, "cr3")
X86_WRITE_REG(write_cr4, "cr4")
X86_READ_REG(read_dr6, "dr6")
X86_WRITE_REG(write_dr0, "dr0")
X86_WRITE_REG(write_dr1, "dr1")
X86_WRITE_REG(write_dr2, "dr2")
X86_WRITE_REG(write_dr3, "dr3")
X86_WRITE_REG(write_dr6, "dr6")
X86_WRITE_REG(write_dr7, "dr7")

static inline uint64_t rdmsr(uint32_t msr)
{
    uint32_t lo, hi;
    __asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
    return (uint64_t)hi << 32 | lo;
}

static inline void wrmsr(uint32_t msr, uint64_t v)
{
    __asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
}

/* Survive a #GP: 0, or -EFAULT when the CPU refused the register or the value. */
int rdmsr_safe(uint32_t msr, uint64_t *value);
int wrmsr_safe(uint32_t msr, uint64_t value);

struct cpuid_leaf {
    uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid_leaf cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid_leaf r;
    __asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
    return r;
}

static inline uint64_t rdtsc(void)
{
    uint32_t lo, hi;
    __asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
    return (uint64_t)hi << 32 | lo;
}

/* Not moved before earlier loads (SDM 2B RDTSC). */
static inline uint64_t rdtsc_ordered(void)
{
    __asm__ volatile("lfence" ::: "memory");
    return rdtsc();
}

#define X86_PORT_IO(suffix, type)                                                                                      \
    static inline type in##suffix(uint16_t port)                                                                       \
    {                                                                                                                  \
        type v;                                                                                                        \
        __asm__ volatile("in" #suffix " %1, %0" : "=a"(v) : "Nd"(port));                                               \
        return v;                                                                                                      \
    }                                                                                                                  \
    static inline void out##suffix(uint16_t port, type v)                                                              \
    {                                                                                                                  \
        __asm__ volatile("out" #suffix " %0, %1" : : "a"(v), "Nd"(port));                                              \
    }
X86_PORT_IO(b, uint8_t)
X86_PORT_IO(w, uint16_t)
X86_PORT_IO(l, uint32_t)

/* size: 1, 2 or 4 bytes. */
static inline uint32_t port_read(uint16_t port, unsigned int size)
{
    return size == 1 ? inb(port) : size == 2 ? inw(port) : inl(port);
}

static inline void port_write(uint16_t port, unsigned int size, uint32_t v)
{
    if (size == 1)
        outb(port, (uint8_t)v);
    else if (size == 2)
        outw(port, (uint16_t)v);
    else
        outl(port, v);
}

/* For good. */
static inline __noreturn_ void cpu_halt(void)
{
    for (;;)
        __asm__ volatile("cli; hlt");
}

static inline void cpu_pause(void)
{
    __asm__ volatile("pause");
}

static inline void irq_enable(void)
{
    __asm__ volatile("sti" ::: "memory");
}

static inline void irq_disable(void)
{
    __asm__ volatile("cli" ::: "memory");
}

static inline uint64_t irq_save(void)
{
    uint64_t flags;
    __asm__ volatile("pushfq; pop %0; cli" : "=r"(flags) : : "memory");
    return flags;
}

static inline void irq_restore(uint64_t flags)
{
    if (flags & 0x200)
        irq_enable();
}

static inline void invlpg(uint64_t va)
{
    __asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

static inline bool address_is_canonical(uint64_t va)
{
    return (int64_t)(va << 16) >> 16 == (int64_t)va;
}

/* Without CR4.FSGSBASE these are invalid opcodes: guest/pv/context.c. */
#define X86_SEGMENT_BASE(segment)                                                                                      \
    static inline uint64_t rd##segment##base(void)                                                                     \
    {                                                                                                                  \
        uint64_t v;                                                                                                    \
        __asm__ volatile("rd" #segment "base %0" : "=r"(v));                                                           \
        return v;                                                                                                      \
    }                                                                                                                  \
    static inline void wr##segment##base(uint64_t v)                                                                   \
    {                                                                                                                  \
        __asm__ volatile("wr" #segment "base %0" : : "r"(v));                                                          \
    }
X86_SEGMENT_BASE(fs)
X86_SEGMENT_BASE(gs)

/* Exchanges the GS base with KERNEL_GS_BASE, which holds the base of the guest mode (kernel or user) that is not
 * running. */
static inline void swapgs(void)
{
    __asm__ volatile("swapgs" ::: "memory");
}

#endif
