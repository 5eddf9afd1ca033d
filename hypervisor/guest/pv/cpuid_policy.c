/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPUID as a PV guest's kernel sees it (user mode executes the instruction itself and sees the hardware's).
 *
 * A leaf is the hardware's answer through a mask of what a guest can use: features that need ring 0, page sizes or
 * control bits that PV does not offer are hidden. Leaves that are not in the table read zero. Bits are named in SDM
 * 2A CPUID and APM 3 appendix E; the set is the one Xen 4.17 offers to PV guests.
 */
#include "cpu/features.h"
#include "cpu/x86.h"
#include "domain/vcpu.h"
#include "guest/pv/cpu_policy.h"
#include "guest/pv/emulate.h"
#include "lib/bits.h"
#include "lib/compiler.h"
#include "mm/frame.h"
#include <xen/arch-x86/cpuid.h>
#include <xen/version.h>

#define BASIC_MAX    0xdu
#define EXTENDED_MAX 0x80000021u

/* Leaf 1. ECX: SSE3 PCLMUL SSSE3 FMA CX16 SSE4.1 SSE4.2 MOVBE POPCNT AES XSAVE AVX F16C RDRAND. */
#define LEAF1_ECX         0x76d83203u
#define LEAF1_ECX_OSXSAVE (1u << 27)
#define LEAF1_ECX_HV      (1u << 31)
/* EDX: FPU DE TSC MSR PAE MCE CX8 APIC MCA CMOV PAT CLFLUSH ACPI MMX FXSR SSE SSE2 SS HTT. */
#define LEAF1_EDX      0x1fc9c3f5u
#define LEAF1_EDX_MTRR (1u << 12)
/* Leaf 7 EBX: FSGSBASE BMI1 AVX2 BMI2 ERMS RDSEED ADX CLFLUSHOPT CLWB SHA; ECX: GFNI VAES VPCLMULQDQ. */
#define LEAF7_EBX 0x218c0329u
#define LEAF7_ECX 0x00000700u
/* Leaf 0xd.1 EAX: XSAVEOPT XGETBV1. */
#define LEAFD1_EAX   0x5u
#define XCR0_OFFERED 0x7u /* x87, SSE, AVX */
/* Leaf 0x80000001 ECX: LAHF CMP_LEGACY ABM SSE4A MISALIGNSSE 3DNOWPREFETCH XOP FMA4 TBM. */
#define EXTENDED1_ECX 0x002109e1u
/* EDX: as leaf 1's lower bits on AMD, and SYSCALL NX MMXEXT MMX FXSR RDTSCP LM 3DNOWEXT 3DNOW. */
#define EXTENDED1_EDX       0xe9d1cbf5u
#define EXTENDED1_EDX_INTEL 0x28100800u
#define EXTENDED7_EDX       (1u << 8) /* invariant TSC */
#define EXTENDED21_LFENCE   (1u << 2) /* LFENCE is serialising */

/* PV features offered in our own leaves. */
#define HV_LEAF_COUNT 5
#define HV_PAGES      1 /* hypercall pages, and the MSR that would fill one */
#define HV_MSR        0x40000000u

enum vendor { ANY, AMD, INTEL };

/* What of the hardware's leaves is shown. */
static const struct leaf_rule {
    uint32_t first, last;
    uint32_t eax, ebx, ecx, edx;
    uint8_t vendor; /* enum vendor */
} leaf_rules[] = {
    {0, 0, ~0u, ~0u, ~0u, ~0u, ANY},
    {1, 1, ~0u, 0xff00 /* CLFLUSH size */, LEAF1_ECX, LEAF1_EDX | LEAF1_EDX_MTRR, ANY},
    {2, 2, ~0u, ~0u, ~0u, ~0u, INTEL}, /* cache descriptors */
    {4, 4, ~0u, ~0u, ~0u, ~0u, INTEL},
    {7, 7, 0, LEAF7_EBX, LEAF7_ECX, 0, ANY},
    {0x80000000, 0x80000000, ~0u, ~0u, ~0u, ~0u, ANY},
    {0x80000001, 0x80000001, ~0u, 0, EXTENDED1_ECX, EXTENDED1_EDX | LEAF1_EDX_MTRR, AMD},
    {0x80000001, 0x80000001, ~0u, 0, EXTENDED1_ECX, EXTENDED1_EDX_INTEL, INTEL},
    {0x80000002, 0x80000006, ~0u, ~0u, ~0u, ~0u, ANY}, /* brand string, caches */
    {0x80000007, 0x80000007, 0, 0, 0, EXTENDED7_EDX, ANY},
    {0x80000008, 0x80000008, 0xffff, 0, 0, 0, ANY},
};

static struct cpuid_leaf leaf_hardware(uint32_t leaf, uint32_t subleaf)
{
    enum vendor vendor = cpu_features.amd ? AMD : INTEL;
    for (const struct leaf_rule *rule = leaf_rules; rule < leaf_rules + ARRAY_SIZE(leaf_rules); rule++) {
        if (leaf < rule->first || leaf > rule->last || (rule->vendor != ANY && rule->vendor != vendor))
            continue;
        struct cpuid_leaf r = cpuid(leaf, subleaf);
        return (struct cpuid_leaf){r.eax & rule->eax, r.ebx & rule->ebx, r.ecx & rule->ecx, r.edx & rule->edx};
    }
    return (struct cpuid_leaf){0};
}

/* Bytes of a non-compacted save area for a set of components: SDM 1 13.4.3. */
static uint32_t xsave_size(uint64_t xcr0)
{
    uint32_t size = 576; /* legacy area and header */
    for (unsigned int i = 2; i < 63; i++) {
        if (!(xcr0 >> i & 1))
            continue;
        struct cpuid_leaf c = cpuid(0xd, i);
        size = MAX(size, c.ebx + c.eax);
    }
    return size;
}

static struct cpuid_leaf leaf_xsave(const struct vcpu *v, uint32_t subleaf)
{
    uint64_t offered = cpu_features.xcr0_max & XCR0_OFFERED;
    struct cpuid_leaf r = {0};
    if (!cpu_features.xsave)
        return r;
    if (subleaf == 0) {
        r.eax = (uint32_t)offered;
        r.ebx = xsave_size(v ? v->fpu.xcr0 : offered);
        r.ecx = xsave_size(offered);
    } else if (subleaf == 1) {
        r.eax = cpuid(0xd, 1).eax & LEAFD1_EAX;
    } else if (subleaf < 63 && (offered >> subleaf & 1)) {
        r = cpuid(0xd, subleaf);
        r.ecx = r.edx = 0;
    }
    return r;
}

static struct cpuid_leaf leaf_hypervisor(uint32_t leaf)
{
    switch (leaf) {
    case 0x40000000:
        return (struct cpuid_leaf){0x40000000 + HV_LEAF_COUNT, XEN_CPUID_SIGNATURE_EBX, XEN_CPUID_SIGNATURE_ECX,
                                   XEN_CPUID_SIGNATURE_EDX};
    case 0x40000001:
        return (struct cpuid_leaf){.eax = 0x00040011};
    case 0x40000002:
        return (struct cpuid_leaf){HV_PAGES, HV_MSR, XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD, 0};
    case 0x40000003:
        return (struct cpuid_leaf){.eax = cpu_features.rdtscp ? 4 : 0};
    case 0x40000005: /* address bits that this host's memory needs */
        return (struct cpuid_leaf){.ebx = bits_order(frame_table_max << PAGE_SHIFT)};
    default:
        return (struct cpuid_leaf){0};
    }
}

/*
 * The architecture would have OSXSAVE follow CR4. But kernels ask for it by the forced CPUID before they set that, to
 * learn whether the hypervisor has XSAVE: part of the ABI by now.
 */
static bool shows_osxsave(const struct vcpu *v)
{
    return (v->pv.cr4_guest & CR4_OSXSAVE) ||
           (cpu_features.xsave && v->pv.kernel_mode && v == current && guest_regs()->vector == VECTOR_UD);
}

/* v NULL: what any domain is offered. */
static struct cpuid_leaf leaf_offered(const struct vcpu *v, uint32_t leaf, uint32_t subleaf)
{
    /* dom0's kernel may look at the MTRRs; its user space and other domains must not. */
    uint32_t hidden = v && v->domain->privileged && v->pv.kernel_mode ? 0 : LEAF1_EDX_MTRR;
    struct cpuid_leaf r = {0};
    if (leaf > 0x80000000 && leaf > cpuid(0x80000000, 0).eax && leaf != EXTENDED_MAX)
        return r;
    if (leaf != 7 || subleaf == 0)
        r = leaf_hardware(leaf, subleaf);
    switch (leaf) {
    case 0:
        r.eax = MIN(r.eax, BASIC_MAX);
        break;
    case 1:
        r.ebx |= v ? (uint32_t)v->id * 2 << 24 : 0; /* initial APIC id */
        r.ecx |= LEAF1_ECX_HV | (v && shows_osxsave(v) ? LEAF1_ECX_OSXSAVE : 0);
        r.edx &= ~hidden;
        break;
    case 0xd:
        return leaf_xsave(v, subleaf);
    case 0x80000000:
        r.eax = cpu_features.amd ? EXTENDED_MAX : MIN(r.eax, EXTENDED_MAX);
        break;
    case 0x80000001:
        r.edx &= ~hidden;
        break;
    case EXTENDED_MAX:
        r.eax = cpu_features.amd ? EXTENDED21_LFENCE : 0;
        break;
    default:
        break;
    }
    return r;
}

struct cpuid_leaf cpuid_policy_read(struct vcpu *v, uint32_t leaf, uint32_t subleaf)
{
    if (leaf - 0x40000000 <= HV_LEAF_COUNT)
        return leaf_hypervisor(leaf);
    struct cpuid_leaf r = leaf_offered(v, leaf, subleaf);
    if (v && unlikely(v->domain->cpu_policy))
        cpu_policy_limit(v->domain->cpu_policy, leaf, subleaf, &r);
    return r;
}

uint64_t cpuid_policy_cr4_allowed(struct vcpu *v)
{
    (void)v;
    return CR4_DE | CR4_TSD | (cpu_features.fsgsbase ? CR4_FSGSBASE : 0) | (cpu_features.xsave ? CR4_OSXSAVE : 0);
}
