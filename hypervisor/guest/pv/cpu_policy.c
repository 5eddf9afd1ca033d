/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPU policies: lists of CPUID leaves that the toolstack reads, changes and hands back for a domain, and sends along
 * with it to another host.
 *
 * A domain's list can only take away: of the leaves that carry feature bits it keeps those bits that its list has, and
 * the highest leaf numbers may become smaller. All else comes from the host (cpuid_policy.c). A domain without a list
 * has all that is offered. The list is set before the domain runs and constant after that.
 */
#include "guest/pv/cpu_policy.h"
#include "guest/pv/emulate.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/heap.h"

struct cpu_policy {
    unsigned int count;
    xen_cpuid_leaf_t leaf[CPU_POLICY_LEAVES];
};

#define NO_SUBLEAF   XEN_CPUID_NO_SUBLEAF
#define BASIC_MAX    0xdu
#define EXTENDED_MAX 0x80000021u
#define A            0
#define B            1
#define C            2
#define D            3

/* Feature words in their order. Leaf 0: not a CPUID leaf (an MSR that PV domains do not have). */
static const struct feature_word {
    uint32_t leaf, subleaf;
    uint8_t reg;
} feature_words[CPU_POLICY_FEATURES] = {
    {1, NO_SUBLEAF, D},
    {1, NO_SUBLEAF, C},
    {0x80000001, NO_SUBLEAF, D},
    {0x80000001, NO_SUBLEAF, C},
    {0xd, 1, A},
    {7, 0, B},
    {7, 0, C},
    {0x80000007, NO_SUBLEAF, D},
    {0x80000008, NO_SUBLEAF, B},
    {7, 0, D},
    {7, 1, A},
    {0x80000021, NO_SUBLEAF, A},
    {7, 1, B},
    {7, 2, D},
    {7, 1, C},
    {7, 1, D},
    {0, 0, A},
    {0, 0, D},
    {0x80000021, NO_SUBLEAF, C},
};

static struct cpuid_leaf leaf_read(bool hardware, uint32_t leaf, uint32_t subleaf)
{
    return hardware ? cpuid(leaf, subleaf) : cpuid_policy_read(NULL, leaf, subleaf);
}

struct leaf_list {
    bool hardware;
    unsigned int count;
    xen_cpuid_leaf_t *out;
};

static struct cpuid_leaf add_leaf(struct leaf_list *l, uint32_t leaf, uint32_t subleaf)
{
    struct cpuid_leaf r = leaf_read(l->hardware, leaf, subleaf == NO_SUBLEAF ? 0 : subleaf);

    l->out[l->count++] = (xen_cpuid_leaf_t){leaf, subleaf, r.eax, r.ebx, r.ecx, r.edx};
    return r;
}

/* A basic leaf with all its subleaves; how many there are says each such leaf in its own way. */
static void add_basic(struct leaf_list *l, uint32_t leaf)
{
    struct cpuid_leaf r;
    uint32_t sub = 0;

    switch (leaf) {
    case 4: /* caches, to one of type 0 */
        do
            r = add_leaf(l, leaf, sub++);
        while ((r.eax & 0x1f) && sub < 6);
        break;
    case 7: /* up to the number in eax of the first */
        r = add_leaf(l, leaf, 0);
        for (uint32_t last = MIN(r.eax, 2u); sub++ < last;)
            add_leaf(l, leaf, sub);
        break;
    case 0xb: /* topology, to a level of type 0 */
        do
            r = add_leaf(l, leaf, sub++);
        while ((r.ecx & 0xff00) && sub < 2);
        break;
    case 0xd: { /* 0 and 1, then one for each state component */
        r = add_leaf(l, leaf, 0);
        uint64_t components = ((uint64_t)r.edx << 32 | r.eax) & ((1ULL << 63) - 1);
        add_leaf(l, leaf, 1);
        for (sub = 2; components >> sub; sub++)
            add_leaf(l, leaf, sub);
        break;
    }
    default:
        add_leaf(l, leaf, NO_SUBLEAF);
        break;
    }
}

unsigned int cpu_policy_leaves(const struct domain *d, bool hardware, xen_cpuid_leaf_t *out)
{
    struct leaf_list l = {.hardware = hardware, .out = out};

    if (d && d->cpu_policy) {
        memcpy(out, d->cpu_policy->leaf, d->cpu_policy->count * sizeof(*out));
        return d->cpu_policy->count;
    }
    uint32_t basic = MIN(leaf_read(hardware, 0, 0).eax, BASIC_MAX);
    for (uint32_t leaf = 0; leaf <= basic; leaf++)
        add_basic(&l, leaf);
    out[l.count++] = (xen_cpuid_leaf_t){.leaf = 0x40000000, .subleaf = NO_SUBLEAF};
    out[l.count++] = (xen_cpuid_leaf_t){.leaf = 0x40000100, .subleaf = NO_SUBLEAF};
    uint32_t extended = MIN(leaf_read(hardware, 0x80000000, 0).eax, EXTENDED_MAX);
    for (uint32_t leaf = 0x80000000; leaf <= extended; leaf++)
        add_leaf(&l, leaf, NO_SUBLEAF);
    return l.count;
}

static uint32_t *leaf_register(xen_cpuid_leaf_t *l, unsigned int reg)
{
    return reg == A ? &l->a : reg == B ? &l->b : reg == C ? &l->c : &l->d;
}

void cpu_policy_features(bool hardware, uint32_t *words)
{
    for (unsigned int i = 0; i < CPU_POLICY_FEATURES; i++) {
        const struct feature_word *w = &feature_words[i];
        struct cpuid_leaf r = leaf_read(hardware, w->leaf, w->subleaf == NO_SUBLEAF ? 0 : w->subleaf);
        xen_cpuid_leaf_t l = {.a = r.eax, .b = r.ebx, .c = r.ecx, .d = r.edx};
        bool there = w->leaf && w->leaf <= leaf_read(hardware, w->leaf & 0x80000000, 0).eax &&
                     (w->leaf != 7 || w->subleaf <= leaf_read(hardware, 7, 0).eax);

        words[i] = there ? *leaf_register(&l, w->reg) : 0;
    }
}

static const xen_cpuid_leaf_t *leaf_find(const struct cpu_policy *p, uint32_t leaf, uint32_t subleaf)
{
    for (unsigned int i = 0; i < p->count; i++)
        if (p->leaf[i].leaf == leaf && (p->leaf[i].subleaf == NO_SUBLEAF || p->leaf[i].subleaf == subleaf))
            return &p->leaf[i];
    return NULL;
}

void cpu_policy_limit(const struct cpu_policy *p, uint32_t leaf, uint32_t subleaf, struct cpuid_leaf *r)
{
    uint32_t *const reg[] = {&r->eax, &r->ebx, &r->ecx, &r->edx};
    const xen_cpuid_leaf_t *l = leaf_find(p, leaf, subleaf);

    if (leaf == 0 || leaf == 0x80000000) {
        r->eax = MIN(r->eax, l->a);
        return;
    }
    for (unsigned int i = 0; i < CPU_POLICY_FEATURES; i++) {
        const struct feature_word *w = &feature_words[i];
        if (w->leaf != leaf || (w->subleaf != NO_SUBLEAF && w->subleaf != subleaf))
            continue;
        const uint32_t allowed[] = {l ? l->a : 0, l ? l->b : 0, l ? l->c : 0, l ? l->d : 0};
        *reg[w->reg] &= allowed[w->reg];
    }
}

/* Is there a leaf of that number in any list? Those that can be, but that the host does not have, are let pass. */
static bool leaf_exists(const xen_cpuid_leaf_t *l)
{
    static const struct {
        uint32_t leaf, subleaves;
    } with_subleaves[] = {{4, 6}, {7, 3}, {0xb, 2}, {0xd, 63}};

    for (unsigned int i = 0; i < ARRAY_SIZE(with_subleaves); i++)
        if (l->leaf == with_subleaves[i].leaf)
            return l->subleaf < with_subleaves[i].subleaves;
    return l->subleaf == NO_SUBLEAF && (l->leaf <= BASIC_MAX || l->leaf == 0x40000000 || l->leaf == 0x40000100 ||
                                        (l->leaf >= 0x80000000 && l->leaf <= EXTENDED_MAX));
}

/* A number of leaves or subleaves that the host does not have. */
static bool leaf_exceeds(const xen_cpuid_leaf_t *l)
{
    bool numbers = l->leaf == 0 || l->leaf == 0x80000000 || (l->leaf == 7 && l->subleaf == 0);

    return numbers && l->a > leaf_read(false, l->leaf, 0).eax;
}

int cpu_policy_set(struct domain *d, const xen_cpuid_leaf_t *leaves, unsigned int count, xen_cpuid_leaf_t *bad)
{
    struct cpu_policy *p = heap_alloc(sizeof(*p));
    int error = 0;

    if (!p)
        return -ENOMEM;
    p->count = cpu_policy_leaves(d, false, p->leaf);
    for (unsigned int i = 0; i < count && !error; i++) {
        xen_cpuid_leaf_t *mine = (xen_cpuid_leaf_t *)leaf_find(p, leaves[i].leaf, leaves[i].subleaf);

        *bad = leaves[i];
        if (!leaf_exists(&leaves[i]))
            error = -ERANGE;
        else if (leaf_exceeds(&leaves[i]))
            error = -EINVAL;
        else if (mine)
            *mine = leaves[i];
    }
    if (error) {
        heap_free(p);
        return error;
    }
    cpu_policy_free(d);
    d->cpu_policy = p;
    return 0;
}

void cpu_policy_free(struct domain *d)
{
    heap_free(d->cpu_policy);
    d->cpu_policy = NULL;
}
