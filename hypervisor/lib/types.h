/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Base types. Numbers that must not be mixed are one-member structs: a machine frame number (mfn_t) never becomes an
 * address or a guest's own frame number by accident. For a PV guest gfn == mfn; pfn is the guest's private numbering,
 * which the hypervisor only stores (machine-to-physical table).
 */
#ifndef HAVEN_LIB_TYPES_H
#define HAVEN_LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t n;
} mfn_t;

#define MFN(x)      ((mfn_t){(x)})
#define MFN_INVALID MFN(~0ULL)

static inline bool mfn_eq(mfn_t a, mfn_t b)
{
    return a.n == b.n;
}

typedef uint64_t paddr_t; /* machine (host physical) address */

#define PAGE_SHIFT 12
#define PAGE_SIZE  (1UL << PAGE_SHIFT)
#define PAGE_MASK  (~(PAGE_SIZE - 1))

#define KIB(n) ((uint64_t)(n) << 10)
#define MIB(n) ((uint64_t)(n) << 20)
#define GIB(n) ((uint64_t)(n) << 30)

#define ARRAY_SIZE(a)            (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)                ((a) < (b) ? (a) : (b))
#define MAX(a, b)                ((a) > (b) ? (a) : (b))
#define ALIGN_UP(x, a)           (((x) + ((a)-1)) & ~((__typeof__(x))(a)-1))
#define ALIGN_DOWN(x, a)         ((x) & ~((__typeof__(x))(a)-1))
#define CONTAINER_OF(p, type, m) ((type *)((char *)(p)-offsetof(type, m)))

#endif
