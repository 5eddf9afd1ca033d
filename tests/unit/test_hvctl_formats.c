/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What hvctl prints and reads without asking anybody: lines of lists (as xl prints them), amounts of memory, and what
 * happened between two lists of domains. */
#include "hvctl/domain_life.h"
#include "hvctl/list_format.h"
#include "hvctl/size_parse.h"
#include "unit.h"
#include <string.h>
#include <xen/sched.h>

int domain_shutdown_code(const domain_info *info)
{
    return info->flags & XEN_DOMINF_shutdown ? (int)(info->flags >> XEN_DOMINF_shutdownshift & 255) : -1;
}

void domain_format_uuid(const uint8_t uuid[16], char out[DOMAIN_UUID_SIZE])
{
    snprintf(out, DOMAIN_UUID_SIZE, "%02x000000-0000-0000-0000-000000000000", uuid[0]);
}

static void expect_line(const struct list_columns *columns, const domain_info *info, const char *name, const char *want)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    list_print_line(out, columns, info, name);
    fclose(out);
    CU_ASSERT_STRING_EQUAL(text, want);
    free(text);
}

static void test_list(void)
{
    struct list_columns plain = {0}, all = {true, true, true, true};
    domain_info info = {.domain = 0,
                        .flags = XEN_DOMINF_running,
                        .tot_pages = 768 * 256,
                        .nr_online_vcpus = 2,
                        .cpu_time = 50840000000};
    expect_line(&plain, &info, "Domain-0",
                "Domain-0                                     0   768     2     r-----      50.8\n");
    info = (domain_info){.domain = 3,
                         .flags = XEN_DOMINF_blocked | XEN_DOMINF_paused,
                         .tot_pages = 128 * 256,
                         .outstanding_pages = 256,
                         .nr_online_vcpus = 1,
                         .cpu_time = 14760000000};
    expect_line(&plain, &info, NULL,
                "(null)                                       3   129     1     -bp---      14.8\n");
    info.flags = XEN_DOMINF_shutdown | XEN_DOMINF_dying | SHUTDOWN_crash << XEN_DOMINF_shutdownshift;
    info.handle[0] = 0xab;
    expect_line(&all, &info, "u1",
                "u1                                           3   129     1     ---scd      14.8 "
                "ab000000-0000-0000-0000-000000000000        3                -          Pool-0 all\n");
}

static void test_uptime(void)
{
    char text[LIST_UPTIME_SIZE];
    list_format_uptime(69, false, text);
    CU_ASSERT_STRING_EQUAL(text, " 0:01:09");
    list_format_uptime(69, true, text);
    CU_ASSERT_STRING_EQUAL(text, " 0:01");
    list_format_uptime(86400 + 13 * 3600 + 59, false, text);
    CU_ASSERT_STRING_EQUAL(text, "1 day, 13:00:59");
    list_format_uptime(UINT64_MAX, false, text);
    CU_ASSERT_TRUE(strlen(text) < LIST_UPTIME_SIZE);
}

static void check_size(const char *text, uint64_t want)
{
    uint64_t kib = 0;
    CU_ASSERT_TRUE(size_parse_kib(text, &kib));
    CU_ASSERT_EQUAL(kib, want);
}

static void test_sizes(void)
{
    static const char *const bad[] = {"",
                                      "m",
                                      "-1",
                                      "1x",
                                      "1mm",
                                      " 1",
                                      "1 m",
                                      "0x10",
                                      "1.5g",
                                      "18446744073709551616",
                                      "18014398509481985m",
                                      "18446744073709551615g"};
    uint64_t kib;
    check_size("512", 512 * 1024);
    check_size("512M", 512 * 1024);
    check_size("3k", 3);
    check_size("1025b", 2);
    check_size("2g", 2 << 20);
    check_size("1T", 1 << 30);
    check_size("0", 0);
    check_size("18446744073709551615k", UINT64_MAX);
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CU_ASSERT_FALSE(size_parse_kib(bad[i], &kib));
}

static char told[400];

static void tell(void *context, enum domain_event event, const domain_info *info)
{
    (void)context;
    size_t used = strlen(told);
    snprintf(told + used, sizeof(told) - used, "%u %s;", info->domain, domain_event_name(event));
}

static domain_info domain(domid_t id, uint8_t handle, uint32_t flags)
{
    return (domain_info){.domain = id, .handle = {handle}, .flags = flags, .shared_info_frame = handle};
}

static void expect_events(const domain_info *old, int olds, const domain_info *now, int nows, const char *want)
{
    told[0] = 0;
    domain_life_compare(old, olds, now, nows, tell, NULL);
    CU_ASSERT_STRING_EQUAL(told, want);
}

static void test_events(void)
{
    domain_info a[] = {domain(0, 0, 0), domain(1, 1, 0), domain(2, 2, XEN_DOMINF_paused), domain(5, 5, 0)};
    domain_info b[] = {domain(0, 0, XEN_DOMINF_running), domain(2, 2, 0), domain(3, 3, XEN_DOMINF_paused),
                       domain(5, 6, XEN_DOMINF_shutdown | XEN_DOMINF_dying)};
    expect_events(a, 4, a, 4, "");
    expect_events(NULL, 0, a, 2, "0 created;1 created;");
    expect_events(a, 2, NULL, 0, "0 destroyed;1 destroyed;");
    expect_events(a, 4, b, 4, "1 destroyed;2 unpaused;3 created;3 paused;5 destroyed;5 created;5 shutdown;5 dying;");
    domain_info kept = a[1];
    kept.handle[0] = 9;
    kept.flags = XEN_DOMINF_shutdown;
    expect_events(&a[1], 1, &kept, 1, "1 renamed;1 shutdown;");
}

int main(void)
{
    CU_TestInfo cases[] = {
        {"lines of the list", test_list},          {"uptimes", test_uptime}, {"amounts of memory", test_sizes},
        {"events between two lists", test_events}, CU_TEST_INFO_NULL,
    };
    return unit_run("hvctl_formats", cases);
}
