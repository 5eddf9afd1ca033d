/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which MSRs a PV guest sees. Bases of FS and GS are real; KERNEL_GS_BASE in hardware holds the GS base of the guest
 * mode that does not run, thus the user's while its kernel asks (guest/pv/address_space.c). The rest is a table of
 * fixed or hardware values that kernels expect to find, and of writes that are taken without effect. All others raise
 * #GP.
 */
#include "guest/pv/msr_policy.h"
#include "cpu/features.h"
#include "cpu/x86.h"
#include "guest/pv/ops.h"

#define MSR_PLATFORM_ID     0x17
#define MSR_FEATURE_CONTROL 0x3a
#define MSR_UCODE_REV       0x8b
#define MSR_PLATFORM_INFO   0xce
#define MSR_ARCH_CAPS       0x10a
#define MSR_MISC_FEATURES   0x140
#define MSR_MCG_CAP         0x179
#define MSR_MCG_STATUS      0x17a
#define MSR_MISC_ENABLE     0x1a0
#define MSR_MC0_CTL         0x400
#define MSR_AMD_HWCR        0xc0010015
#define MSR_AMD_PERF_FIRST  0xc0010000 /* event selects 0-3, counters 0-3 */
#define MSR_AMD_PERF_LAST   0xc0010007
#define MSR_AMD_DE_CFG      0xc0011029

#define MCE_BANKS    2
#define VENDOR_ANY   0
#define VENDOR_AMD   1
#define VENDOR_INTEL 2

enum msr_write { WRITE_REFUSED, WRITE_IGNORED };

static const struct msr_rule {
    uint32_t first, last;
    uint8_t vendor;
    uint8_t write; /* enum msr_write */
    bool hardware; /* reads the CPU's own */
    uint64_t value;
} msr_rules[] = {
    /* clang-format off */
    {MSR_FS_BASE,         MSR_GS_BASE,         VENDOR_ANY,   WRITE_REFUSED, true,  0},
    {MSR_TSC,             MSR_TSC,             VENDOR_ANY,   WRITE_REFUSED, true,  0},
    {MSR_EFER,            MSR_EFER,            VENDOR_ANY,   WRITE_REFUSED, true,  0},
    {MSR_UCODE_REV,       MSR_UCODE_REV,       VENDOR_ANY,   WRITE_IGNORED, true,  0},
    {MSR_PAT,             MSR_PAT,             VENDOR_ANY,   WRITE_REFUSED, true,  0},
    {MSR_MCG_CAP,         MSR_MCG_CAP,         VENDOR_AMD,   WRITE_REFUSED, false, MCE_BANKS},
    {MSR_MCG_CAP,         MSR_MCG_CAP,         VENDOR_INTEL, WRITE_REFUSED, false, 0x1000c00 | MCE_BANKS},
    {MSR_MCG_STATUS,      MSR_MCG_STATUS,      VENDOR_ANY,   WRITE_IGNORED, false, 0},
    {MSR_AMD_HWCR,        MSR_AMD_HWCR,        VENDOR_AMD,   WRITE_IGNORED, false, 0},
    {MSR_AMD_PERF_FIRST,  MSR_AMD_PERF_LAST,   VENDOR_AMD,   WRITE_IGNORED, false, 0},
    {MSR_AMD_DE_CFG,      MSR_AMD_DE_CFG,      VENDOR_AMD,   WRITE_IGNORED, false, 2 /* LFENCE serialises */},
    {MSR_MISC_ENABLE,     MSR_MISC_ENABLE,     VENDOR_INTEL, WRITE_IGNORED, false, 0x801801},
    {MSR_ARCH_CAPS,       MSR_ARCH_CAPS,       VENDOR_INTEL, WRITE_REFUSED, false, 0},
    {MSR_FEATURE_CONTROL, MSR_FEATURE_CONTROL, VENDOR_INTEL, WRITE_REFUSED, false, 1 /* locked */},
    {MSR_PLATFORM_INFO,   MSR_PLATFORM_INFO,   VENDOR_INTEL, WRITE_REFUSED, false, 0},
    {MSR_MISC_FEATURES,   MSR_MISC_FEATURES,   VENDOR_INTEL, WRITE_IGNORED, false, 0},
    {MSR_PLATFORM_ID,     MSR_PLATFORM_ID,     VENDOR_INTEL, WRITE_REFUSED, true,  0},
    /* clang-format on */
};

static const struct msr_rule *rule_of(uint32_t msr)
{
    uint8_t vendor = cpu_features.amd ? VENDOR_AMD : VENDOR_INTEL;
    for (unsigned int i = 0; i < ARRAY_SIZE(msr_rules); i++) {
        const struct msr_rule *r = &msr_rules[i];
        if (msr >= r->first && msr <= r->last && (r->vendor == VENDOR_ANY || r->vendor == vendor))
            return r;
    }
    return NULL;
}

/* Machine-check banks: CTL reads all ones, the others zero. */
static bool is_mce_bank(uint32_t msr)
{
    return msr >= MSR_MC0_CTL && msr < MSR_MC0_CTL + 4 * MCE_BANKS;
}

bool msr_policy_read(struct vcpu *v, uint32_t msr, uint64_t *value)
{
    /* The hottest by far is first: a kernel reads the user's GS base at every context switch. */
    if (likely(msr == MSR_KERNEL_GS_BASE)) {
        *value = rdmsr(MSR_KERNEL_GS_BASE);
        return true;
    }
    if (msr == MSR_APIC_BASE) {
        *value = 0xfee00800 | (v->id == 0 ? 0x100 : 0); /* enabled; boot CPU */
        return true;
    }
    if (msr == MSR_TSC_AUX && cpu_features.rdtscp) {
        *value = v->pv.tsc_aux;
        return true;
    }
    if (is_mce_bank(msr)) {
        *value = (msr & 3) == 0 ? ~0ULL : 0;
        return true;
    }
    const struct msr_rule *r = rule_of(msr);
    if (!r)
        return false;
    *value = r->value;
    return !r->hardware || rdmsr_safe(msr, value) == 0;
}

bool msr_policy_write(struct vcpu *v, uint32_t msr, uint64_t value)
{
    if (msr == MSR_KERNEL_GS_BASE || msr == MSR_GS_BASE || msr == MSR_FS_BASE) {
        if (!address_is_canonical(value))
            return false;
        context_set_base(msr, value);
        return true;
    }
    if (msr == MSR_TSC_AUX && cpu_features.rdtscp && value == (uint32_t)value) {
        context_set_tsc_aux(v, (uint32_t)value);
        return true;
    }
    if (is_mce_bank(msr))
        return (msr & 3) == 0 || value == 0 || (msr & 3) == 1;
    const struct msr_rule *r = rule_of(msr);
    if (r && r->write == WRITE_IGNORED)
        return true;
    /* Writing back what is there anyway is harmless, and kernels do it. */
    uint64_t now;
    return msr_policy_read(v, msr, &now) && now == value && msr != MSR_TSC;
}
