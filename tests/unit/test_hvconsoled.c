/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the console daemon that touch nothing but memory and files: ring, backlog, and the log and its form. */
#include "hvconsoled/backlog.h"
#include "hvconsoled/log_file.h"
#include "hvconsoled/log_format.h"
#include "hvconsoled/report.h"
#include "hvconsoled/ring.h"
#include "hvctl/console_log.h"
#include "unit.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned int reports;

void report(const char *format, ...)
{
    (void)format;
    reports++;
}

static struct xencons_interface page;

static void guest_prints(const char *text)
{
    for (; *text; text++)
        page.out[page.out_prod++ % sizeof(page.out)] = *text;
}

static void test_ring_output(void)
{
    char out[RING_OUTPUT];
    uint32_t next;

    /* Indices run freely and wrap at 2^32. */
    memset(&page, 0, sizeof(page));
    page.out_cons = page.out_prod = (uint32_t)-3;
    CU_ASSERT_EQUAL(ring_output(&page, out, &next), 0);
    guest_prints("hello");
    CU_ASSERT_EQUAL(ring_output(&page, out, &next), 5);
    CU_ASSERT_NSTRING_EQUAL(out, "hello", 5);
    /* Nothing is taken before it is said to be safe. */
    CU_ASSERT_EQUAL(page.out_cons, (uint32_t)-3);
    CU_ASSERT_EQUAL(ring_output(&page, out, &next), 5);
    ring_consume(&page, next);
    CU_ASSERT_EQUAL(page.out_cons, 2);
    CU_ASSERT_EQUAL(ring_output(&page, out, &next), 0);

    page.out_prod = page.out_cons + RING_OUTPUT;
    CU_ASSERT_EQUAL(ring_output(&page, out, &next), (int)RING_OUTPUT);
    page.out_prod++;
    CU_ASSERT_EQUAL(ring_output(&page, out, &next), -1);
    page.out_prod = page.out_cons - 1;
    CU_ASSERT_EQUAL(ring_output(&page, out, &next), -1);
}

static void test_ring_input(void)
{
    static char typed[2 * RING_INPUT];

    memset(&page, 0, sizeof(page));
    page.in_cons = page.in_prod = (uint32_t)-2;
    CU_ASSERT_EQUAL(ring_room(&page), (int)RING_INPUT);
    CU_ASSERT_EQUAL(ring_input(&page, "abcd", 4), 4);
    CU_ASSERT_EQUAL(page.in_prod, 2);
    CU_ASSERT_EQUAL(page.in[RING_INPUT - 2], 'a');
    CU_ASSERT_EQUAL(page.in[1], 'd');
    CU_ASSERT_EQUAL(ring_room(&page), (int)RING_INPUT - 4);
    CU_ASSERT_EQUAL(ring_input(&page, typed, sizeof(typed)), (int)RING_INPUT - 4);
    CU_ASSERT_EQUAL(page.in[RING_INPUT - 2], 'a');
    CU_ASSERT_EQUAL(ring_input(&page, typed, sizeof(typed)), 0);
    page.in_cons--;
    CU_ASSERT_EQUAL(ring_room(&page), -1);
    CU_ASSERT_EQUAL(ring_input(&page, typed, 1), -1);
    CU_ASSERT_EQUAL(page.in_prod, 2 + RING_INPUT - 4);
}

static void test_backlog(void)
{
    static struct backlog b;
    static char big[BACKLOG_SIZE + 10];
    const char *data;

    CU_ASSERT_EQUAL(backlog_peek(&b, &data), 0);
    CU_ASSERT_EQUAL(backlog_put(&b, "abc", 3), 0);
    CU_ASSERT_EQUAL(backlog_peek(&b, &data), 3);
    CU_ASSERT_NSTRING_EQUAL(data, "abc", 3);
    backlog_drop(&b, 2);
    CU_ASSERT_EQUAL(backlog_peek(&b, &data), 1);
    CU_ASSERT_EQUAL(*data, 'c');
    memset(big, 'x', sizeof(big));
    big[sizeof(big) - 1] = 'y';
    /* Of more than it holds, the last stays. */
    CU_ASSERT_EQUAL(backlog_put(&b, big, sizeof(big)), 11);
    CU_ASSERT_EQUAL(b.size, BACKLOG_SIZE);
    CU_ASSERT_EQUAL(backlog_put(&b, "ab", 2), 2);
    size_t total = 0, size;
    char last[3] = "";
    while ((size = backlog_peek(&b, &data)) > 0) {
        for (size_t i = 0; i < size; i++, total++)
            memmove(last, last + 1, 2), last[2] = data[i];
        backlog_drop(&b, size);
    }
    CU_ASSERT_EQUAL(total, BACKLOG_SIZE);
    CU_ASSERT_NSTRING_EQUAL(last, "yab", 3);
}

#define STAMP "[2026-11-22 11:15:00.007] "

static const struct timespec when = {.tv_sec = 1795346100, .tv_nsec = 7999999};

static void formats_to(const char *text, const char *log)
{
    char out[LOG_FORMAT_MAX(200)];
    bool line_start = true;
    size_t length = log_format(text, strlen(text), &when, &line_start, out);

    out[length] = '\0';
    CU_ASSERT_STRING_EQUAL(out, log);
}

static void test_log_format(void)
{
    setenv("TZ", "UTC", 1);
    formats_to("", "");
    formats_to("one\n", STAMP "one\n");
    formats_to("one\r\n\ntwo", STAMP "one\r\n" STAMP "\n" STAMP "two");
    /* A carriage return at the start of a line would hide the stamp: it stands before. */
    formats_to("a\n\r\rb", STAMP "a\n\r\r" STAMP "b");
    /* A guest can't write what the daemon writes. */
    formats_to("=== begin domain 5", STAMP "=== begin domain 5");

    char out[LOG_FORMAT_MAX(20)];
    bool line_start = true;
    CU_ASSERT_EQUAL(log_format("ab", 2, &when, &line_start, out), LOG_STAMP_LENGTH + 2);
    CU_ASSERT_FALSE(line_start);
    CU_ASSERT_EQUAL(log_format("c\n", 2, &when, &line_start, out), 2);
    CU_ASSERT_TRUE(line_start);
}

static void test_log_reader(void)
{
    const char *log = "=== 2026-11-22 11:15:00.007 begin domain 5 (x) ===\n" STAMP "one\r\n" STAMP "[two]\n\r" STAMP
                      "=== three\n=== note ===\n" STAMP "\n" STAMP "end";
    const char *want = "one\r\n[two]\n\r=== three\n\nend";
    char out[256];

    /* In pieces of every size. */
    for (size_t piece = 1; piece <= strlen(log); piece++) {
        struct log_reader reader = {.state = LOG_READER_START};
        size_t length = 0;

        for (size_t at = 0; at < strlen(log); at += piece)
            length += log_reader_feed(&reader, log + at, strnlen(log + at, piece), out + length);
        out[length] = '\0';
        CU_ASSERT_STRING_EQUAL(out, want);
    }
}

static char dir[] = "/tmp/haven-test-XXXXXX";

static void slurp(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY);
    ssize_t got = fd < 0 ? 0 : read(fd, out, size - 1);

    out[got > 0 ? got : 0] = '\0';
    if (fd >= 0)
        close(fd);
}

static void path_of(const char *name, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/%s", dir, name);
}

static bool there(const char *name)
{
    char path[PATH_MAX];

    path_of(name, path);
    return access(path, F_OK) == 0;
}

/* What hvctl console --since-boot shows. */
static void replays(const char *name, const char *want)
{
    char path[PATH_MAX], out[4096];
    struct console_log log;

    path_of("replay", path);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    CU_ASSERT_EQUAL(console_log_replay(&log, dir, name, fd), 0);
    close(fd);
    console_log_close(&log);
    slurp(path, out, sizeof(out));
    CU_ASSERT_STRING_EQUAL(out, want);
}

static void test_log_paths(void)
{
    char path[PATH_MAX], name[300];

    log_path("/d", "web", path);
    CU_ASSERT_STRING_EQUAL(path, "/d/web.log");
    log_path("/d", "../../etc/x", path);
    CU_ASSERT_STRING_EQUAL(path, "/d/_._.._etc_x.log");
    log_path("/d", ".hidden\n", path);
    CU_ASSERT_STRING_EQUAL(path, "/d/_hidden_.log");
    memset(name, 'n', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    log_path("/d", name, path);
    CU_ASSERT_EQUAL(strlen(path), 3 + 200 + 4);
}

static void test_log_file(void)
{
    const struct log_options options = {.dir = dir, .rotate_size = 300, .keep = 2};
    struct log_file log;
    char text[4096], path[PATH_MAX];

    log_file_open(&log, &options, "g");
    log_file_note(&log, "begin domain %d (uuid)", 1);
    log_file_write(&log, "old boot\n", 9);
    log_file_note(&log, "begin domain %d (uuid)", 2);
    log_file_write(&log, "first\npart", 10);
    log_file_close(&log);

    /* A daemon that comes later goes on in the middle of the line. */
    log_file_open(&log, &options, "g");
    CU_ASSERT_FALSE(log.line_start);
    log_file_write(&log, "ly\n", 3);
    path_of("g.log", path);
    slurp(path, text, sizeof(text));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "] first\n["));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "] partly\n"));
    replays("g", "first\npartly\n");

    /* A note in the middle of a line ends it. */
    log_file_write(&log, "half", 4);
    log_file_note(&log, "note");
    CU_ASSERT_TRUE(log.line_start);
    log_file_write(&log, "more\n", 5);
    replays("g", "first\npartly\nhalf\nmore\n");

    /* Rotation: the boot is in an older file, then gone. */
    CU_ASSERT_FALSE(there("g.log.1"));
    log_file_write(&log, "rotated\n", 8);
    CU_ASSERT_TRUE(there("g.log.1"));
    replays("g", "first\npartly\nhalf\nmore\nrotated\n");
    for (int i = 0; i < 40; i++)
        log_file_write(&log, "filler\n", 7);
    CU_ASSERT_TRUE(there("g.log.2"));
    CU_ASSERT_FALSE(there("g.log.3"));
    slurp(path, text, sizeof(text));
    CU_ASSERT_TRUE(strlen(text) < 400);

    /* The last line of a full file ends there. */
    log_file_write(&log, "be", 2);
    while (log.size < 300)
        log_file_write(&log, "-", 1);
    log_file_write(&log, "fore\nafter\n", 11);
    slurp(path, text, sizeof(text));
    CU_ASSERT_EQUAL(strlen(text), LOG_STAMP_LENGTH + 6);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "] after\n"));
    CU_ASSERT_TRUE(log.line_start);

    /* A line without end does not keep the log from rotating; the next file starts with a stamp. */
    for (int i = 0; i < 20000; i++)
        log_file_write(&log, "xxxx", 4);
    struct stat st;
    CU_ASSERT_EQUAL(stat(path, &st), 0);
    CU_ASSERT_TRUE(st.st_size < 17000);
    slurp(path, text, sizeof(text));
    CU_ASSERT_EQUAL(text[0], '[');
    log_file_close(&log);
}

static void test_follow(void)
{
    const struct log_options options = {.dir = dir, .rotate_size = 200, .keep = 3};
    char path[PATH_MAX], out[4096];
    struct console_log reader;
    struct log_file log;

    log_file_open(&log, &options, "f");
    log_file_note(&log, "begin domain 7 (uuid)");
    log_file_write(&log, "a\n", 2);
    path_of("followed", path);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    CU_ASSERT_EQUAL(console_log_replay(&reader, dir, "f", fd), 0);
    char want[1024] = "a\n";
    for (int i = 0; i < 30; i++) {
        char line[16];
        int length = snprintf(line, sizeof(line), "line %d\n", i);

        log_file_write(&log, line, (size_t)length);
        strcat(want, line);
        CU_ASSERT_EQUAL(console_log_follow(&reader, fd), 0);
    }
    CU_ASSERT_TRUE(there("f.log.3"));
    slurp(path, out, sizeof(out));
    CU_ASSERT_STRING_EQUAL(out, want);
    close(fd);
    console_log_close(&reader);
    log_file_close(&log);
    CU_ASSERT_EQUAL(console_log_replay(&reader, dir, "nobody", 1), -1);
}

/* What can't be written is told about once, and tried again. */
static void test_log_that_fails(void)
{
    char nowhere[PATH_MAX];
    path_of("not/yet", nowhere);
    const struct log_options options = {.dir = nowhere, .rotate_size = 200, .keep = 3};
    struct log_file log;

    reports = 0;
    log_file_open(&log, &options, "g");
    log_file_write(&log, "a\n", 2);
    log_file_write(&log, "b\n", 2);
    CU_ASSERT_EQUAL(reports, 1);
    path_of("not", nowhere);
    mkdir(nowhere, 0700);
    path_of("not/yet", nowhere);
    mkdir(nowhere, 0700);
    log_file_write(&log, "c\n", 2);
    CU_ASSERT_TRUE(there("not/yet/g.log"));
    log_file_close(&log);
}

static CU_TestInfo cases[] = {
    {"output of a ring", test_ring_output},
    {"input of a ring", test_ring_input},
    {"backlog", test_backlog},
    {"form of the log", test_log_format},
    {"taking the log apart", test_log_reader},
    {"paths of logs", test_log_paths},
    {"log file, restart and rotation", test_log_file},
    {"following a log that rotates", test_follow},
    {"a log that can't be written", test_log_that_fails},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    char command[64];

    if (!mkdtemp(dir))
        return 2;
    int failed = unit_run("hvconsoled", cases);
    snprintf(command, sizeof(command), "rm -r %s", dir);
    return system(command) != 0 || failed;
}
