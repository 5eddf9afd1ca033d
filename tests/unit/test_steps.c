/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of steps: a failure at each step, a cancel before each, and what is undone then. */
#include "guest/steps.h"
#include "unit.h"
#include <stdbool.h>
#include <string.h>

#define STEPS 5

/* What happened, one letter each: lower case performed, upper case undone. */
struct job {
    char trace[64];
    int fail_at; /* -1: nowhere */
    int cancel_at;
    int at;
    volatile sig_atomic_t cancelled;
};

static void note(struct job *j, char letter)
{
    size_t n = strlen(j->trace);

    CU_ASSERT_FATAL(n + 1 < sizeof(j->trace));
    j->trace[n] = letter;
    j->trace[n + 1] = 0;
}

static int perform(struct job *j, struct failure *failure, char letter)
{
    if (j->at == j->fail_at)
        return failure_set(failure, "%c is impossible", letter);
    note(j, letter);
    if (j->at++ == j->cancel_at)
        j->cancelled = 1;
    return 0;
}

#define PERFORM(letter)                                                                                                \
    static int perform_##letter(void *job, struct failure *failure)                                                    \
    {                                                                                                                  \
        return perform(job, failure, #letter[0]);                                                                      \
    }
#define UNDO(letter, capital)                                                                                          \
    static void undo_##letter(void *job)                                                                               \
    {                                                                                                                  \
        note(job, #capital[0]);                                                                                        \
    }

PERFORM(a)
PERFORM(b)
PERFORM(c)
PERFORM(d)
PERFORM(e)
UNDO(a, A)
UNDO(b, B)
UNDO(d, D)
UNDO(e, E)

static const struct step table[STEPS] = {{"a", perform_a, undo_a},
                                         {"b", perform_b, undo_b},
                                         {"c", perform_c, NULL}, /* nothing to undo */
                                         {"d", perform_d, undo_d},
                                         {"e", perform_e, undo_e}};

static int run(struct job *j, struct steps_options o, struct failure *failure)
{
    failure->text[0] = 0;
    return steps_run(table, STEPS, j, &o, failure);
}

static void test_good(void)
{
    struct job j = {.fail_at = -1, .cancel_at = -1};
    struct step_span spans[STEPS];
    unsigned used = 0;
    struct failure failure;

    CU_ASSERT_EQUAL(run(&j, (struct steps_options){.spans = spans, .spans_used = &used}, &failure), 0);
    CU_ASSERT_STRING_EQUAL(j.trace, "abcde");
    CU_ASSERT_STRING_EQUAL(failure.text, "");
    CU_ASSERT_EQUAL(used, STEPS);
    CU_ASSERT_STRING_EQUAL(spans[3].name, "d");
    steps_undo(table, STEPS, &j);
    CU_ASSERT_STRING_EQUAL(j.trace, "abcdeEDBA");
}

static const char *const undone[STEPS + 1] = {"", "aA", "abBA", "abcBA", "abcdDBA", "abcdeEDBA"};

static void test_failure_at_each(void)
{
    for (int i = 0; i < STEPS; i++) {
        struct job j = {.fail_at = i, .cancel_at = -1};
        struct failure failure;
        char why[32];

        CU_ASSERT_EQUAL(run(&j, (struct steps_options){0}, &failure), -1);
        CU_ASSERT_STRING_EQUAL(j.trace, undone[i]);
        snprintf(why, sizeof(why), "%c is impossible", 'a' + i);
        CU_ASSERT_STRING_EQUAL(failure.text, why);
    }
}

static void test_failure_after_each(void)
{
    for (int i = 0; i < STEPS; i++) {
        struct job j = {.fail_at = -1, .cancel_at = -1};
        struct failure failure;

        CU_ASSERT_EQUAL(run(&j, (struct steps_options){.fail_after = table[i].name}, &failure), -1);
        CU_ASSERT_STRING_EQUAL(j.trace, undone[i + 1]);
        CU_ASSERT_PTR_NOT_NULL(strstr(failure.text, table[i].name));
    }
}

static void test_cancelled(void)
{
    for (int i = 0; i < STEPS; i++) {
        struct job j = {.fail_at = -1, .cancel_at = i};
        struct failure failure;
        bool whole = i == STEPS - 1; /* too late */

        CU_ASSERT_EQUAL(run(&j, (struct steps_options){.cancelled = &j.cancelled}, &failure), whole ? 0 : -1);
        CU_ASSERT_STRING_EQUAL(j.trace, whole ? "abcde" : undone[i + 1]);
    }
}

/* The first reason is what a person sees, whatever fails afterwards. */
static void test_first_reason(void)
{
    struct failure failure = {""};

    failure_set(&failure, "first");
    failure_set(&failure, "second");
    CU_ASSERT_STRING_EQUAL(failure.text, "first");
}

int main(void)
{
    CU_TestInfo cases[] = {{"all goes well", test_good},
                           {"a failure at each step", test_failure_at_each},
                           {"a failure after each step", test_failure_after_each},
                           {"cancelled before each step", test_cancelled},
                           {"the first reason stays", test_first_reason},
                           CU_TEST_INFO_NULL};
    return unit_run("steps", cases);
}
