/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the CPU can do, from CPUID. The boot CPU's answer is the machine's: control registers are set from it on every
 * CPU, and a CPU that lacks something faults there and does not come up.
 */
#include "cpu/features.h"
#include "cpu/x86.h"
#include "lib/compiler.h"
#include "lib/string.h"

#define XCR0_GUEST  0x07ULL /* x87, SSE, AVX */
#define XCR0_AVX512 0xe0ULL

struct cpu_features cpu_features;

static bool __init bit(uint32_t word, unsigned int nr)
{
    return word >> nr & 1;
}

static void __init read_vendor(struct cpu_features *f)
{
    struct cpuid_leaf l = cpuid(0, 0);

    memcpy(f->vendor, &l.ebx, 4);
    memcpy(f->vendor + 4, &l.edx, 4);
    memcpy(f->vendor + 8, &l.ecx, 4);
    f->vendor[12] = 0;
    f->amd = strcmp(f->vendor, "AuthenticAMD") == 0 || strcmp(f->vendor, "HygonGenuine") == 0;
}

static void __init read_basic(struct cpu_features *f)
{
    uint32_t max = cpuid(0, 0).eax;
    struct cpuid_leaf l = cpuid(1, 0);

    f->xsave = bit(l.ecx, 26);
    f->hypervisor = bit(l.ecx, 31);
    f->pge = bit(l.edx, 13);
    if (max >= 7) {
        l = cpuid(7, 0);
        f->fsgsbase = bit(l.ebx, 0);
        f->smep = bit(l.ebx, 7);
    }
    f->xsave = f->xsave && max >= 0xd;
}

static void __init read_extended(struct cpu_features *f)
{
    uint32_t max = cpuid(0x80000000, 0).eax;
    struct cpuid_leaf l;

    f->physical_bits = 36;
    if (max < 0x80000001)
        return;
    l = cpuid(0x80000001, 0);
    f->nx = bit(l.edx, 20);
    f->rdtscp = bit(l.edx, 27);
    if (max >= 0x80000007)
        f->invariant_tsc = bit(cpuid(0x80000007, 0).edx, 8);
    if (max >= 0x80000008)
        f->physical_bits = (uint8_t)cpuid(0x80000008, 0).eax;
}

static void __init choose_control_registers(struct cpu_features *f)
{
    f->cr4 = CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT;
    if (f->pge)
        f->cr4 |= CR4_PGE;
    if (f->fsgsbase)
        f->cr4 |= CR4_FSGSBASE;
    if (f->xsave)
        f->cr4 |= CR4_OSXSAVE;
    if (f->smep)
        f->cr4 |= CR4_SMEP;
}

/* The area's size depends on XCR0 as it is set: SDM 1 13.2. */
static void __init read_xsave(struct cpu_features *f)
{
    struct cpuid_leaf l;

    if (!f->xsave)
        return;
    l = cpuid(0xd, 0);
    f->xcr0_max = ((uint64_t)l.edx << 32 | l.eax) & (XCR0_GUEST | XCR0_AVX512);
    if ((f->xcr0_max & XCR0_AVX512) != XCR0_AVX512)
        f->xcr0_max &= XCR0_GUEST;
    f->xsaveopt = bit(cpuid(0xd, 1).eax, 0);
    write_cr4(read_cr4() | CR4_OSXSAVE);
    __asm__ volatile("xsetbv" : : "c"(0), "a"((uint32_t)f->xcr0_max), "d"(0));
    f->xsave_size = cpuid(0xd, 0).ebx;
}

void __init features_init(void)
{
    struct cpu_features *f = &cpu_features;

    read_vendor(f);
    read_basic(f);
    read_extended(f);
    choose_control_registers(f);
    read_xsave(f);
}

void __init features_apply(void)
{
    uint64_t efer = rdmsr(MSR_EFER) | EFER_SCE;

    if (cpu_features.nx)
        efer |= EFER_NX;
    wrmsr(MSR_EFER, efer);
    write_cr0(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG);
    write_cr4(cpu_features.cr4);
    wrmsr(MSR_PAT, PAT_XEN);
    if (cpu_features.xsave)
        __asm__ volatile("xsetbv" : : "c"(0), "a"((uint32_t)cpu_features.xcr0_max), "d"(0));
    write_dr7(0x400);
}
