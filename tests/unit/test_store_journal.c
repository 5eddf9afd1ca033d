/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The journal alone: what counts and what does not, both areas, growing, other boots and damaged files. */
#include "unit.h"
#include "xenstore/journal.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[] = "/tmp/haven-test-journal-XXXXXX";

/* The state: so many numbered values of so many bytes; a record sets one of them. */
static struct state {
    uint32_t count, size;
    uint8_t value[20000];
} state, played;
static struct journal *journal;
static unsigned written;

static void put(uint32_t number, uint8_t value)
{
    static char bytes[4096];

    memset(bytes, value, sizeof(bytes));
    journal_put(journal, RECORD_WRITE, value, &number, sizeof(number), bytes, state.size);
}

static void write_state(void *context)
{
    (void)context;
    written++;
    for (uint32_t i = 0; i < state.count; i++)
        put(i, state.value[i]);
}

static void set(uint32_t number, uint8_t value)
{
    state.value[number] = value;
    put(number, value);
}

static bool play(void *context, const struct journal_record *record)
{
    uint32_t number;
    (void)context;

    if (record->type != RECORD_WRITE || record->a_length != sizeof(number) || record->b_length != state.size)
        return false;
    memcpy(&number, record->a, sizeof(number));
    if (number >= sizeof(played.value))
        return false;
    for (uint32_t i = 0; i < record->b_length; i++)
        if ((uint8_t)record->b[i] != (uint8_t)record->domid)
            return false;
    played.value[number] = record->domid;
    return true;
}

static void open_as(const char *boot, bool expect_found)
{
    bool found = false;

    journal = journal_open(path, boot, write_state, NULL, &found);
    CU_ASSERT_PTR_NOT_NULL_FATAL(journal);
    CU_ASSERT_EQUAL_FATAL(found, expect_found);
}

static void begin(uint32_t count, uint32_t size)
{
    unlink(path);
    memset(&state, 0, sizeof(state));
    state.count = count;
    state.size = size;
    open_as("boot", false);
    journal_compact(journal);
}

/* The server dies, with what it has put and not committed; the next one must find the committed state. */
static void expect_after_death(const struct state *committed)
{
    journal_close(journal);
    open_as("boot", true);
    memset(&played, 0, sizeof(played));
    CU_ASSERT_TRUE_FATAL(journal_play(journal, play, NULL));
    CU_ASSERT_TRUE(!memcmp(played.value, committed->value, sizeof(played.value)));
}

static void end(void)
{
    journal_close(journal);
    unlink(path);
}

static void test_commit(void)
{
    struct state committed;

    begin(10, 3);
    CU_ASSERT_EQUAL(journal_life(journal), 1);
    set(1, 11);
    set(2, 12);
    journal_commit(journal);
    committed = state;
    set(1, 13);
    set(9, 14);
    expect_after_death(&committed);
    CU_ASSERT_EQUAL(journal_life(journal), 2);
    end();
}

/* Far more than an area holds is written, a thousand times over the same; the file stays small. */
static void test_areas(void)
{
    struct stat st;

    begin(100, 1000);
    written = 0;
    for (unsigned i = 0; i < 20000; i++) {
        set(unit_random_below(100), i);
        if (unit_random_below(3))
            journal_commit(journal);
        if (i % 1000 == 0) {
            journal_commit(journal);
            struct state committed = state;
            set(5, i + 1);
            expect_after_death(&committed);
            state = committed;
        }
    }
    CU_ASSERT_TRUE(written > 10 && written < 60);
    CU_ASSERT_TRUE(stat(path, &st) == 0 && st.st_size < 3 * 1024 * 1024);
    end();
}

/* A state that outgrows the file; and one request that does so at once. */
static void test_growth(void)
{
    struct stat st;

    begin(0, 1000);
    for (uint32_t i = 0; i < 5000; i++) {
        state.count = i + 1;
        set(i, i % 251);
        journal_commit(journal);
    }
    struct state committed = state;
    set(7, 99);
    expect_after_death(&committed);
    CU_ASSERT_TRUE(stat(path, &st) == 0 && st.st_size > 10 * 1024 * 1024);
    state = committed;
    for (uint32_t i = 5000; i < 20000; i++) { /* one commit for all */
        state.count = i + 1;
        set(i, i % 251);
    }
    journal_commit(journal);
    committed = state;
    expect_after_death(&committed);
    end();
}

/* A full file system, which a limit on files' sizes plays: nothing is kept, and nobody finds an old state; the server
 * goes on, and keeps its state again when there is space. */
static void test_full(void)
{
    struct rlimit limit, old;

    signal(SIGXFSZ, SIG_IGN);
    begin(0, 1000);
    getrlimit(RLIMIT_FSIZE, &old);
    limit = (struct rlimit){.rlim_cur = 3 * 1024 * 1024, .rlim_max = old.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
    for (uint32_t i = 0; i < 3000; i++) {
        state.count = i + 1;
        set(i, i % 251);
        journal_commit(journal);
    }
    CU_ASSERT_EQUAL(access(path, F_OK), -1);
    setrlimit(RLIMIT_FSIZE, &old);
    for (uint32_t i = 0; i < 300; i++) {
        set(i, i % 7);
        journal_commit(journal);
    }
    struct state committed = state;
    set(7, 99);
    expect_after_death(&committed);
    end();
}

static void test_second_server(void)
{
    bool found;

    begin(1, 1);
    CU_ASSERT_PTR_NULL(journal_open(path, "boot", write_state, NULL, &found));
    CU_ASSERT_EQUAL(errno, EWOULDBLOCK);
    end();
}

static void test_other_boot(void)
{
    begin(1, 1);
    set(0, 5);
    journal_commit(journal);
    journal_close(journal);
    open_as("another boot", false);
    CU_ASSERT_EQUAL(journal_life(journal), 1);
    end();
}

/* Whatever bytes the file has got, playing it ends, and reads nothing beyond it. */
static void test_damaged(void)
{
    unsigned refused = 0;

    for (unsigned round = 0; round < 300; round++) {
        begin(20, 50);
        for (unsigned i = 0; i < 20; i++)
            set(i, i);
        journal_commit(journal);
        journal_close(journal);
        int fd = open(path, O_RDWR);
        uint64_t value = unit_random();
        off_t at = round % 3 ? 4096 + 1024 * 1024 + (off_t)unit_random_below(2800) /* the second area */
                             : (off_t)unit_random_below(32);
        CU_ASSERT_TRUE(pwrite(fd, &value, 1 + unit_random_below(8), at) > 0);
        close(fd);
        bool found = false;
        journal = journal_open(path, "boot", write_state, NULL, &found);
        CU_ASSERT_PTR_NOT_NULL_FATAL(journal);
        refused += !found || !journal_play(journal, play, NULL);
        end();
    }
    CU_ASSERT_TRUE(refused > 100);
}

int main(void)
{
    close(mkstemp(path));
    CU_TestInfo cases[] = {{"what is committed counts", test_commit},
                           {"both areas", test_areas},
                           {"growth", test_growth},
                           {"a full file system", test_full},
                           {"a second server", test_second_server},
                           {"another boot", test_other_boot},
                           {"damaged files", test_damaged},
                           CU_TEST_INFO_NULL};
    return unit_run("store journal", cases);
}
