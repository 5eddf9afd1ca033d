/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who makes the store's server eager, and who does not. */
#include "unit.h"
#include "xenstore/pace.h"

static const char one, other;

static unsigned wake(struct pace *pace, const void *alone, unsigned times)
{
    unsigned changes = 0;

    while (times--)
        changes += pace_note(pace, alone);
    return changes;
}

static void one_client_that_waits(void)
{
    struct pace pace = {0};

    CU_ASSERT_EQUAL(wake(&pace, &one, PACE_STREAK), 0); /* the first of them follows nobody */
    CU_ASSERT_EQUAL(wake(&pace, &one, 1), 1);
    CU_ASSERT_TRUE(pace.eager);
    CU_ASSERT_EQUAL(wake(&pace, &one, 1000), 0);
    /* An event between, as a watch or a domain now and then, changes nothing. */
    for (int i = 0; i < 100; i++) {
        wake(&pace, NULL, 1);
        wake(&pace, &one, 2);
    }
    CU_ASSERT_TRUE(pace.eager);
}

static void many_clients(void)
{
    struct pace pace = {0};

    wake(&pace, &one, 100);
    for (int i = 0; i < 100; i++)
        wake(&pace, i % 2 ? &one : &other, 1);
    CU_ASSERT_FALSE(pace.eager);
}

static void domains_and_crowds(void)
{
    struct pace pace = {0};

    wake(&pace, NULL, 1000);
    CU_ASSERT_FALSE(pace.eager);
    wake(&pace, &one, 100);
    CU_ASSERT_EQUAL(wake(&pace, NULL, PACE_STREAK - 1), 0);
    CU_ASSERT_EQUAL(wake(&pace, NULL, 1), 1);
    CU_ASSERT_FALSE(pace.eager);
}

int main(void)
{
    CU_TestInfo cases[] = {
        {"one client that waits", one_client_that_waits},
        {"many clients", many_clients},
        {"domains and crowds", domains_and_crowds},
        CU_TEST_INFO_NULL,
    };
    return unit_run("the store's pace", cases);
}
