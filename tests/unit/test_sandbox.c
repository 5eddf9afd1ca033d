/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sandbox: what it allows, what it kills, and unpacking in it. Built without the sanitizers, whose run-time library
 * makes system calls of its own.
 */
#include "build/sandbox.h"
#include "build/unpack.h"
#include "unit.h"
#include <fcntl.h>
#include <lzma.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zstd.h>

#define PLAIN (4u << 20)

static uint8_t plain[PLAIN], packed[2 * PLAIN];

static void expect_unpacked(size_t size)
{
    uint8_t *out = mmap(NULL, PLAIN, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct failure failure = {""};
    size_t n = 0;

    CU_ASSERT_EQUAL(unpack(packed, size, out, PLAIN, &n, &failure), 0);
    CU_ASSERT_STRING_EQUAL(failure.text, "");
    CU_ASSERT_TRUE(n == PLAIN && memcmp(out, plain, PLAIN) == 0);
    CU_ASSERT_EQUAL(unpack(packed, size, out, PLAIN - 1, &n, &failure), -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(failure.text, "unpacks to more"));
    munmap(out, PLAIN);
}

static void test_unpacking(void)
{
    size_t n = 0;

    for (size_t i = 0; i < PLAIN; i++)
        plain[i] = i % 4096 < 2048 ? (uint8_t)(i >> 4) : (uint8_t)(unit_random() & 3);
    CU_ASSERT_EQUAL(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, plain, PLAIN, packed, &n, sizeof(packed)),
                    LZMA_OK);
    expect_unpacked(n);
    expect_unpacked(ZSTD_compress(packed, sizeof(packed), plain, PLAIN, 3));
}

/* A crash of the child is a failure of ours, with a reason. */
static void test_crash(void)
{
    uint8_t *out = mmap(NULL, PLAIN, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0); /* cannot be written */
    struct failure failure = {""};
    size_t n = 0, size = ZSTD_compress(packed, sizeof(packed), plain, PLAIN, 3);

    CU_ASSERT_EQUAL(unpack(packed, size, out, PLAIN, &n, &failure), -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(failure.text, "died of signal 11"));
    munmap(out, PLAIN);
}

/* In a child: enters the sandbox and does something. Returns the signal that ended it, or 0. */
static int signal_of(void (*act)(void))
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        if (sandbox_enter(64u << 20))
            _exit(1);
        act();
        _exit(0);
    }
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void act_compute(void)
{
    void *p = mmap(NULL, 1u << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        _exit(2);
    memset(p, 1, 1u << 20);
    munmap(p, 1u << 20);
}

static void act_open(void)
{
    (void)!open("/dev/null", O_RDONLY);
}

static void act_read(void)
{
    char c;
    (void)!read(0, &c, 0);
}

static void act_fork(void)
{
    (void)fork();
}

static void act_kill(void)
{
    kill(getppid(), 0);
}

static void act_exec_memory(void)
{
    mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void act_map_file(void)
{
    mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 0, 0);
}

static void test_sandbox(void)
{
    CU_ASSERT_EQUAL(signal_of(act_compute), 0);
    CU_ASSERT_EQUAL(signal_of(act_open), SIGSYS);
    CU_ASSERT_EQUAL(signal_of(act_read), SIGSYS);
    CU_ASSERT_EQUAL(signal_of(act_fork), SIGSYS);
    CU_ASSERT_EQUAL(signal_of(act_kill), SIGSYS);
    CU_ASSERT_EQUAL(signal_of(act_exec_memory), SIGSYS);
    CU_ASSERT_EQUAL(signal_of(act_map_file), SIGSYS);
}

int main(void)
{
    CU_TestInfo cases[] = {{"what it allows and what it kills", test_sandbox},
                           {"unpacking", test_unpacking},
                           {"a crash inside", test_crash},
                           CU_TEST_INFO_NULL};
    return unit_run("sandbox", cases);
}
