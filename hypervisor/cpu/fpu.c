/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * FPU and extended state of vCPUs.
 *
 * Whatever a vCPU's XCR0 says, all components that the CPU offers to guests are saved and restored: a component that a
 * guest has switched off again keeps its contents in the registers, and must neither be lost nor seen by the next one.
 * So XCR0 is cpu_features.xcr0_max around both, which is what a guest normally has itself: then XSETBV is not executed.
 *
 * Each area belongs to one vCPU and is touched only by the CPU that switches it, or while it does not run.
 */
#include "cpu/fpu.h"
#include "cpu/cpu_local.h"
#include "cpu/extable.h"
#include "cpu/features.h"
#include "cpu/x86.h"
#include "lib/errno.h"
#include "lib/string.h"

#define XCR0_X87    0x1ULL
#define XCR0_SSE    0x2ULL
#define XCR0_AVX    0x4ULL
#define XCR0_AVX512 0xe0ULL

/* Legacy image (SDM 1 table 10-2) and the XSAVE header behind it (13.4.2). */
#define LEGACY_SIZE  512
#define FCW_OFFSET   0
#define MXCSR_OFFSET 24
#define XSTATE_BV    512
#define HEADER_SIZE  64
#define FCW_RESET    0x37f
#define MXCSR_RESET  0x1f80

static uint64_t loaded_xcr0[CPU_MAX]; /* this CPU's XCR0; 0: not known yet */

static void set_xcr0(uint64_t value)
{
    uint64_t *loaded = &loaded_xcr0[cpu_id()];

    if (*loaded == value)
        return;
    __asm__ volatile("xsetbv" : : "c"(0), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
    *loaded = value;
}

void fpu_state_reset(struct fpu_state *s)
{
    uint16_t fcw = FCW_RESET;
    uint32_t mxcsr = MXCSR_RESET;

    memset(s->area, 0, cpu_features.xsave ? cpu_features.xsave_size : LEGACY_SIZE);
    memcpy((char *)s->area + FCW_OFFSET, &fcw, sizeof(fcw));
    memcpy((char *)s->area + MXCSR_OFFSET, &mxcsr, sizeof(mxcsr));
    s->xcr0 = XCR0_X87;
}

void fpu_state_set_legacy(struct fpu_state *s, const void *image)
{
    uint64_t components = XCR0_X87 | XCR0_SSE;

    memcpy(s->area, image, LEGACY_SIZE);
    if (!cpu_features.xsave)
        return;
    memset((char *)s->area + LEGACY_SIZE, 0, cpu_features.xsave_size - LEGACY_SIZE);
    memcpy((char *)s->area + XSTATE_BV, &components, sizeof(components));
}

void fpu_state_get_legacy(const struct fpu_state *s, void *image)
{
    memcpy(image, s->area, LEGACY_SIZE);
}

void fpu_save(struct fpu_state *s)
{
    if (!cpu_features.xsave) {
        __asm__ volatile("fxsave64 (%0)" : : "r"(s->area) : "memory");
        return;
    }
    set_xcr0(cpu_features.xcr0_max);
    if (cpu_features.xsaveopt)
        __asm__ volatile("xsaveopt64 (%0)" : : "r"(s->area), "a"(~0u), "d"(~0u) : "memory");
    else
        __asm__ volatile("xsave64 (%0)" : : "r"(s->area), "a"(~0u), "d"(~0u) : "memory");
}

static bool restore(struct fpu_state *s)
{
    bool ok = true;

    if (cpu_features.xsave)
        __asm__ volatile("1: xrstor64 (%1)\n\t"
                         "jmp 3f\n"
                         "2: xor %0, %0\n"
                         "3:\n\t" EXTABLE("1b", "2b")
                         : "+r"(ok)
                         : "r"(s->area), "a"(~0u), "d"(~0u)
                         : "memory");
    else
        __asm__ volatile("1: fxrstor64 (%1)\n\t"
                         "jmp 3f\n"
                         "2: xor %0, %0\n"
                         "3:\n\t" EXTABLE("1b", "2b")
                         : "+r"(ok)
                         : "r"(s->area)
                         : "memory");
    return ok;
}

void fpu_load(struct fpu_state *s)
{
    if (cpu_features.xsave)
        set_xcr0(cpu_features.xcr0_max);
    if (!restore(s)) {
        uint64_t xcr0 = s->xcr0;

        fpu_state_reset(s);
        s->xcr0 = xcr0;
        restore(s);
    }
    if (cpu_features.xsave)
        set_xcr0(s->xcr0);
}

bool fpu_xcr0_ok(uint64_t xcr0)
{
    if (!cpu_features.xsave || (xcr0 & ~cpu_features.xcr0_max) || !(xcr0 & XCR0_X87))
        return false;
    /* SDM 2A XSETBV: AVX needs SSE; the three AVX-512 components come together and need AVX. */
    if ((xcr0 & XCR0_AVX) && !(xcr0 & XCR0_SSE))
        return false;
    return !(xcr0 & XCR0_AVX512) || ((xcr0 & XCR0_AVX512) == XCR0_AVX512 && (xcr0 & XCR0_AVX));
}

int fpu_set_xcr0(struct fpu_state *s, uint64_t xcr0)
{
    if (!fpu_xcr0_ok(xcr0))
        return -EINVAL;
    s->xcr0 = xcr0;
    set_xcr0(xcr0);
    return 0;
}
