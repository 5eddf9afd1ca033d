/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What hvd does about a guest that ended, and when it may restart it. */
#include "hvd/policy.h"
#include "unit.h"
#include <xen/sched.h>

static void test_nodes(void)
{
    CU_ASSERT_STRING_EQUAL(policy_node(SHUTDOWN_poweroff), "on_poweroff");
    CU_ASSERT_STRING_EQUAL(policy_node(SHUTDOWN_reboot), "on_reboot");
    CU_ASSERT_STRING_EQUAL(policy_node(SHUTDOWN_crash), "on_crash");
    CU_ASSERT_STRING_EQUAL(policy_node(SHUTDOWN_watchdog), "on_watchdog");
    CU_ASSERT_STRING_EQUAL(policy_node(77), "on_crash");
    CU_ASSERT_PTR_NULL(policy_node(SHUTDOWN_suspend));
}

static void test_actions(void)
{
    CU_ASSERT_TRUE(policy_restarts(GUEST_RESTART) && policy_restarts(GUEST_RENAME_RESTART));
    CU_ASSERT_TRUE(policy_restarts(GUEST_COREDUMP_RESTART) && policy_dumps(GUEST_COREDUMP_RESTART));
    CU_ASSERT_TRUE(!policy_restarts(GUEST_COREDUMP_DESTROY) && policy_dumps(GUEST_COREDUMP_DESTROY));
    CU_ASSERT_FALSE(policy_restarts(GUEST_DESTROY) || policy_restarts(GUEST_PRESERVE));
    CU_ASSERT_FALSE(policy_dumps(GUEST_DESTROY) || policy_dumps(GUEST_PRESERVE) || policy_dumps(GUEST_RESTART));
}

static void test_restarts(void)
{
    static const char *const bad[] = {"", " ", "1", "1 ", "x 1", "1 x", "1 2 3", "-1 2", "1 99999999999999999999"};
    struct policy_restarts r;
    CU_ASSERT_TRUE(policy_parse_restarts("7 1795346299", &r));
    CU_ASSERT_TRUE(r.count == 7 && r.last == 1795346299);
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CU_ASSERT_FALSE(policy_parse_restarts(bad[i], &r));
        CU_ASSERT_TRUE(r.count == 0 && r.last == 0);
    }
}

static void test_rate(void)
{
    struct policy_restarts never = {0, 0}, r = {3, 1000};
    CU_ASSERT_EQUAL(policy_restart_time(&never, 50), 50);
    CU_ASSERT_EQUAL(policy_restart_time(&r, 1000), 1000 + POLICY_RESTART_INTERVAL);
    CU_ASSERT_EQUAL(policy_restart_time(&r, 1001), 1000 + POLICY_RESTART_INTERVAL);
    CU_ASSERT_EQUAL(policy_restart_time(&r, 2000), 2000);
    CU_ASSERT_EQUAL(policy_restart_time(&r, 100), 100 + POLICY_RESTART_INTERVAL); /* the clock was set back */
}

int main(void)
{
    CU_TestInfo cases[] = {
        {"which policy", test_nodes},        {"actions", test_actions}, {"the count of restarts", test_restarts},
        {"the rate of restarts", test_rate}, CU_TEST_INFO_NULL,
    };
    return unit_run("hvd_policy", cases);
}
