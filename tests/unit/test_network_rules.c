/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Networks for guests: arithmetic of IPv4 networks, and the rules that go to nft. */
#include "manager/antispoof.h"
#include "network/nat.h"
#include "network/subnet.h"
#include "unit.h"

#include <string.h>

static void test_subnet(void)
{
    struct subnet s, t;
    char text[SUBNET_TEXT];
    CU_ASSERT(subnet_parse("10.1.2.3/24", &s) && s.network == 0x0a010200 && s.prefix == 24);
    subnet_format(&s, text);
    CU_ASSERT_STRING_EQUAL(text, "10.1.2.0/24");
    CU_ASSERT(subnet_gateway(&s) == 0x0a010201 && subnet_broadcast(&s) == 0x0a0102ff);
    const char *bad[] = {"",          "10.0.0.0",    "10.0.0.0/29", "10.0.0.0/7",  "256.0.0.0/8",
                         "10.0.0/24", "1.2.3.4/24x", "0.0.0.0/8",   "224.0.0.0/8", "10.0.0.0/-1"};
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CU_ASSERT(!subnet_parse(bad[i], &t));
    CU_ASSERT(subnet_parse("10.1.0.0/16", &t) && subnet_overlaps(&s, &t) && subnet_overlaps(&t, &s));
    CU_ASSERT(subnet_parse("10.2.0.0/16", &t) && !subnet_overlaps(&s, &t));
    t = (struct subnet){.network = 0x0a010207, .prefix = 32};
    CU_ASSERT(subnet_overlaps(&s, &t));
    unsigned n = 0;
    while (subnet_candidate(n, &t))
        CU_ASSERT(t.network >> 16 == 0xc0a8 && n++ < 100);
}

static void test_antispoof(void)
{
    struct antispoof a = {
        .domid = 3, .id = 1, .interface = "vif3.1", .addresses = "", .mac = {0, 0x16, 0x3e, 1, 2, 0xaa}};
    struct failure failure = {.text = ""};
    char text[4096];
    CU_ASSERT(!antispoof_format(&a, text, sizeof(text), &failure));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "ether saddr != 00:16:3e:01:02:aa drop"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "iifname != \"vif3.1\" accept"));
    CU_ASSERT_PTR_NULL(strstr(text, "ip saddr"));
    a.addresses = " 10.0.0.2 2001:db8::2, 10.0.0.3";
    CU_ASSERT(!antispoof_format(&a, text, sizeof(text), &failure));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "  ip saddr != { 0.0.0.0, 10.0.0.2, 10.0.0.3 } drop"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "ip6 saddr != { ::, fe80::/10, 2001:db8::2 } drop"));
    /* What is no address never gets to nft. */
    a.addresses = "10.0.0.2 }; flush ruleset";
    CU_ASSERT(antispoof_format(&a, text, sizeof(text), &failure) == -1 && strstr(failure.text, "'}"));
    a.addresses = "10.0.0.2";
    CU_ASSERT_EQUAL(antispoof_format(&a, text, 200, &failure), -1);
}

static void test_nat(void)
{
    struct subnet s = {.network = 0x0a000000, .prefix = 24};
    char text[512];
    nat_format("xenbr0", &s, text, sizeof(text));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(text, "ip saddr 10.0.0.0/24 ip daddr != 10.0.0.0/24 oifname != \"xenbr0\" masquerade"));
}

int main(void)
{
    CU_TestInfo cases[] = {{"networks", test_subnet},
                           {"rules against spoofing", test_antispoof},
                           {"rules for masquerading", test_nat},
                           CU_TEST_INFO_NULL};
    return unit_run("network rules", cases);
}
