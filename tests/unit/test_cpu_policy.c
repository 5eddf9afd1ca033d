/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain's list of CPUID leaves: what it may contain, and that it only ever takes away. The offered leaves are this
 * test's own, so that the results are known.
 */
#include "guest/pv/cpu_policy.h"
#include "guest/pv/emulate.h"
#include "lib/errno.h"
#include "mm/heap.h"
#include "unit.h"

#define NO_SUBLEAF XEN_CPUID_NO_SUBLEAF

struct cpuid_leaf cpuid_policy_read(struct vcpu *v, uint32_t leaf, uint32_t subleaf)
{
    CU_ASSERT_PTR_NULL(v);
    switch (leaf) {
    case 0:
        return (struct cpuid_leaf){.eax = 0xd};
    case 1:
        return (struct cpuid_leaf){.eax = 0x600, .ebx = 0x800, .ecx = 0xff00ff00, .edx = 0x00ff00ff};
    case 7:
        return subleaf ? (struct cpuid_leaf){0} : (struct cpuid_leaf){.ebx = 0xf0f0};
    case 0xd:
        return subleaf == 0 ? (struct cpuid_leaf){.eax = 7, .ebx = 576, .ecx = 832} : (struct cpuid_leaf){.eax = 5};
    case 0x80000000:
        return (struct cpuid_leaf){.eax = 0x80000008};
    case 0x80000001:
        return (struct cpuid_leaf){.ecx = 0x21, .edx = 0x20100800};
    default:
        return (struct cpuid_leaf){0};
    }
}

void *heap_alloc(size_t size)
{
    return calloc(1, size);
}

void heap_free(void *p)
{
    free(p);
}

static const xen_cpuid_leaf_t *find(const xen_cpuid_leaf_t *l, unsigned int count, uint32_t leaf, uint32_t subleaf)
{
    for (unsigned int i = 0; i < count; i++)
        if (l[i].leaf == leaf && l[i].subleaf == subleaf)
            return &l[i];
    return NULL;
}

static void test_list(void)
{
    xen_cpuid_leaf_t l[CPU_POLICY_LEAVES];
    unsigned int n = cpu_policy_leaves(NULL, false, l);

    CU_ASSERT(n > 20 && n < CPU_POLICY_LEAVES);
    for (unsigned int i = 1; i < n; i++) /* tools search it */
        CU_ASSERT(l[i - 1].leaf < l[i].leaf || (l[i - 1].leaf == l[i].leaf && l[i - 1].subleaf < l[i].subleaf));
    CU_ASSERT_PTR_NOT_NULL_FATAL(find(l, n, 1, NO_SUBLEAF));
    CU_ASSERT_EQUAL(find(l, n, 1, NO_SUBLEAF)->d, 0x00ff00ff);
    CU_ASSERT_PTR_NOT_NULL(find(l, n, 7, 0));
    CU_ASSERT_PTR_NULL(find(l, n, 7, 1));
    CU_ASSERT_PTR_NOT_NULL(find(l, n, 0xd, 2));
    CU_ASSERT_PTR_NULL(find(l, n, 0xd, 3));
    CU_ASSERT_PTR_NOT_NULL(find(l, n, 0x80000008, NO_SUBLEAF));
    CU_ASSERT_PTR_NULL(find(l, n, 0x80000009, NO_SUBLEAF));
}

static void test_hardware_list(void)
{
    xen_cpuid_leaf_t l[CPU_POLICY_LEAVES];
    unsigned int n = cpu_policy_leaves(NULL, true, l);

    CU_ASSERT(n > 4 && n <= CPU_POLICY_LEAVES);
}

static void test_features(void)
{
    uint32_t w[CPU_POLICY_FEATURES];

    cpu_policy_features(false, w);
    CU_ASSERT_EQUAL(w[0], 0x00ff00ff);
    CU_ASSERT_EQUAL(w[1], 0xff00ff00);
    CU_ASSERT_EQUAL(w[2], 0x20100800);
    CU_ASSERT_EQUAL(w[4], 5);
    CU_ASSERT_EQUAL(w[5], 0xf0f0);
    CU_ASSERT_EQUAL(w[10], 0); /* a subleaf that is not there */
    CU_ASSERT_EQUAL(w[16], 0); /* no leaf at all */
}

static void test_takes_away_only(void)
{
    struct domain d = {.cpu_policy = NULL};
    xen_cpuid_leaf_t bad, mine[] = {{1, NO_SUBLEAF, 0, 0, ~0u, 0x0000000f}, {0, NO_SUBLEAF, 7, 0, 0, 0}};
    struct cpuid_leaf r = cpuid_policy_read(NULL, 1, 0);

    CU_ASSERT_EQUAL_FATAL(cpu_policy_set(&d, mine, 2, &bad), 0);
    cpu_policy_limit(d.cpu_policy, 1, 0, &r);
    CU_ASSERT_EQUAL(r.edx, 0x0000000f);
    CU_ASSERT_EQUAL(r.ecx, 0xff00ff00);
    CU_ASSERT_EQUAL(r.eax, 0x600); /* no feature word */
    r = cpuid_policy_read(NULL, 0, 0);
    cpu_policy_limit(d.cpu_policy, 0, 0, &r);
    CU_ASSERT_EQUAL(r.eax, 7);
    r = cpuid_policy_read(NULL, 7, 0);
    cpu_policy_limit(d.cpu_policy, 7, 0, &r); /* untouched by the list */
    CU_ASSERT_EQUAL(r.ebx, 0xf0f0);

    /* A second list changes the first. */
    xen_cpuid_leaf_t more = {7, 0, 0, 0x0030, 0, 0}, all[CPU_POLICY_LEAVES];
    CU_ASSERT_EQUAL(cpu_policy_set(&d, &more, 1, &bad), 0);
    r = cpuid_policy_read(NULL, 7, 0);
    cpu_policy_limit(d.cpu_policy, 7, 0, &r);
    CU_ASSERT_EQUAL(r.ebx, 0x0030);
    unsigned int n = cpu_policy_leaves(&d, false, all);
    CU_ASSERT_EQUAL(find(all, n, 1, NO_SUBLEAF)->d, 0x0000000f);
    cpu_policy_free(&d);
    CU_ASSERT_PTR_NULL(d.cpu_policy);
}

static void test_refused(void)
{
    static const struct {
        xen_cpuid_leaf_t leaf;
        int error;
    } cases[] = {
        {{0x12345678, NO_SUBLEAF, 0, 0, 0, 0}, -ERANGE},
        {{1, 0, 0, 0, 0, 0}, -ERANGE},
        {{7, 3, 0, 0, 0, 0}, -ERANGE},
        {{7, NO_SUBLEAF, 0, 0, 0, 0}, -ERANGE},
        {{0xd, 63, 0, 0, 0, 0}, -ERANGE},
        {{0x80000022, NO_SUBLEAF, 0, 0, 0, 0}, -ERANGE},
        {{0, NO_SUBLEAF, 0xe, 0, 0, 0}, -EINVAL},
        {{0x80000000, NO_SUBLEAF, 0x80000009, 0, 0, 0}, -EINVAL},
        {{7, 0, 1, 0, 0, 0}, -EINVAL},
        {{0x80000020, NO_SUBLEAF, 1, 1, 1, 1}, 0},
        {{0xb, 1, 0, 0, 0, 0}, 0},
        {{0x40000000, NO_SUBLEAF, 0, 0, 0, 0}, 0},
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
        struct domain d = {.cpu_policy = NULL};
        xen_cpuid_leaf_t bad = {0};

        CU_ASSERT_EQUAL(cpu_policy_set(&d, &cases[i].leaf, 1, &bad), cases[i].error);
        if (cases[i].error) {
            CU_ASSERT_EQUAL(bad.leaf, cases[i].leaf.leaf);
            CU_ASSERT_PTR_NULL(d.cpu_policy);
        }
        cpu_policy_free(&d);
    }
}

int main(void)
{
    CU_TestInfo cases[] = {{"list", test_list},         {"hardware", test_hardware_list},
                           {"features", test_features}, {"takes away only", test_takes_away_only},
                           {"refused", test_refused},   CU_TEST_INFO_NULL};
    return unit_run("cpu policy", cases);
}
