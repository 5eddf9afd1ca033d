/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lives of worker processes, with shell scripts in their place: one that serves, one that fails, one that is
 * killed.
 */
#include "manager/workers.h"
#include "unit.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MS INT64_C(1000000)

static struct event_loop loop;
static struct workers all;
static char folder[] = "/tmp/haven-workers-XXXXXX";
static const char program[] = "hvtest";
static unsigned deaths, starts;
static char last_how[64];

static void message(struct worker_process *w, const struct worker_message *m)
{
    (void)w;
    (void)m;
    CU_FAIL("a message");
}

/* As the manager does: what died is asked for again. */
static void want(struct worker_process *w)
{
    struct failure failure = {""};
    int running = worker_process_run(w, &failure);
    starts += !running;
    if (running < 0)
        event_loop_end(&loop);
}

static void died(struct worker_process *w, const char *how)
{
    deaths++;
    snprintf(last_how, sizeof(last_how), "%s", how);
    want(w);
}

static void time_over(struct event_timer *timer)
{
    (void)timer;
    event_loop_end(&loop);
}

static void run_for(int64_t ns)
{
    struct event_timer end = {.fired = time_over};
    loop.ended = false;
    event_timer_set(&loop, &end, event_loop_now_ns() + ns);
    CU_ASSERT_EQUAL(event_loop_run(&loop), 0);
    event_timer_stop(&loop, &end);
}

static void script(const char *text)
{
    char path[64];
    snprintf(path, sizeof(path), "%s/hvtest", folder);
    unlink(path); /* the old one may still be read */
    FILE *f = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    fprintf(f, "#!/bin/sh\n%s\n", text);
    fclose(f);
    chmod(path, 0755);
}

static struct worker_process *begin(const char *text)
{
    CU_ASSERT_EQUAL(event_loop_open(&loop), 0);
    all = (struct workers){.loop = &loop, .folder = folder, .message = message, .died = died, .may_start = want};
    deaths = starts = 0;
    script(text);
    struct worker_process *w = workers_get(&all, program, 5);
    CU_ASSERT_PTR_NOT_NULL_FATAL(w);
    CU_ASSERT_PTR_EQUAL(workers_get(&all, program, 5), w);
    CU_ASSERT_PTR_NULL(workers_find(&all, program, 6));
    CU_ASSERT_PTR_NULL(workers_find(&all, "hvtest-nbd", 5));
    return w;
}

static void finish(void)
{
    workers_end(&all);
    for (struct worker_process *w; (w = all.first);) {
        w->pid = 0;
        worker_process_forget(w);
    }
    event_loop_close(&loop);
}

static void test_serves(void)
{
    struct worker_process *w = begin("exec sleep 100");
    want(w);
    CU_ASSERT_EQUAL(starts, 1);
    pid_t first = w->pid;
    CU_ASSERT_TRUE(first > 0);
    want(w);
    CU_ASSERT_EQUAL(w->pid, first); /* it runs */
    worker_process_link(w);
    worker_process_link(w);
    worker_process_unlink(w);
    run_for(50 * MS);
    CU_ASSERT_EQUAL(deaths, 0);
    worker_process_unlink(w);                                         /* the last device */
    CU_ASSERT_EQUAL(worker_process_run(w, &(struct failure){""}), 1); /* not while the old one is there */
    run_for(500 * MS);
    CU_ASSERT_EQUAL(deaths, 1);
    CU_ASSERT_TRUE(w->pid > 0 && w->pid != first); /* and then at once: that was no fault */
    finish();
}

static void test_fails_again_and_again(void)
{
    struct worker_process *w = begin("exit 3");
    int64_t begun = event_loop_now_ns();
    want(w);
    run_for(30000 * MS);
    CU_ASSERT_EQUAL(deaths, 5);
    CU_ASSERT_EQUAL(starts, 5);
    CU_ASSERT_TRUE(event_loop_now_ns() - begun >= 350 * MS); /* 0 + 50 + 100 + 200 */
    CU_ASSERT_STRING_EQUAL(last_how, "status 3");
    CU_ASSERT_PTR_NOT_NULL(strstr(w->broken, "hvtest of domain 5 ended 5 times"));
    struct failure failure = {""};
    CU_ASSERT_EQUAL(worker_process_run(w, &failure), -1);
    CU_ASSERT_STRING_EQUAL(failure.text, w->broken);
    worker_process_forgive(w); /* one more try, not five */
    want(w);
    run_for(30000 * MS);
    CU_ASSERT_EQUAL(deaths, 6);
    CU_ASSERT_TRUE(w->broken[0]);
    finish();
}

/* From outside: it is started for ever, with pauses. */
static void test_killed_again_and_again(void)
{
    struct worker_process *w = begin("kill -9 $$");
    want(w);
    run_for(1500 * MS);
    for (unsigned second = 0; second < 30 && deaths < 2; second++) /* the host is busy */
        run_for(1000 * MS);
    CU_ASSERT_FALSE(w->broken[0]);
    CU_ASSERT_TRUE(deaths >= 2 && deaths <= 7);
    CU_ASSERT_STRING_EQUAL(last_how, "signal 9 (Killed)");
    finish();
}

static void test_missing(void)
{
    struct worker_process *w = begin("exit 0");
    struct failure failure = {""};
    all.folder = "/nonexistent";
    CU_ASSERT_EQUAL(worker_process_run(w, &failure), -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(failure.text, "/nonexistent/hvtest"));
    CU_ASSERT_FALSE(w->broken[0]); /* that is for the tools to mend */
    finish();
}

/* What a worker has open: its socket, which ends when the manager's end does, and nothing else of ours. */
static void test_what_it_has(void)
{
    char text[160], path[64];
    int secret = dup(STDIN_FILENO); /* without close-on-exec */
    snprintf(text, sizeof(text), "ls /proc/self/fd > %s/list; echo $1 >> %s/list; exec sleep 100", folder, folder);
    struct worker_process *w = begin(text);
    want(w);
    snprintf(path, sizeof(path), "%s/list", folder);
    char found[256] = "";
    for (unsigned i = 0; i < 200 && !strchr(found, '5'); i++) {
        run_for(20 * MS);
        FILE *f = fopen(path, "r");
        if (f && !fread(found, 1, sizeof(found) - 1, f))
            found[0] = 0;
        if (f)
            fclose(f);
    }
    CU_ASSERT_STRING_EQUAL(found, "0\n1\n2\n3\n4\n5\n"); /* 4 is ls's own look, 5 the domain */
    unlink(path);
    close(secret);
    finish();
}

int main(void)
{
    CU_TestInfo cases[] = {
        {"serves", test_serves},
        {"fails again and again", test_fails_again_and_again},
        {"killed again and again", test_killed_again_and_again},
        {"missing", test_missing},
        {"what it has", test_what_it_has},
        CU_TEST_INFO_NULL,
    };
    if (!mkdtemp(folder))
        return 2;
    int status = unit_run("workers", cases);
    char path[64];
    snprintf(path, sizeof(path), "%s/hvtest", folder);
    unlink(path);
    rmdir(folder);
    return status;
}
