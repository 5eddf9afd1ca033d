/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a worker can still do when it gave up its rights, each tried in a child of its own. The filter and the user are
 * the kernel's to enforce, so they are tried on it. Needs root; says so and passes without.
 */
#include "common/rights.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define DOMID 7u

static const int own_calls[] = {SYS_getppid, -1};
static const unsigned long own_ioctls[] = {FIONREAD, 0};
static const struct rights rights = {
    .system_calls = own_calls, .ioctls = own_ioctls, .files = 32, .threads = 1, .slot = 1};
static int ends[2]; /* a socket that stays open */

/* The wait status of a child that drops its rights and then does it; its exit status is what it returns. */
static int status_of(int (*what)(void))
{
    pid_t pid = fork();
    int status = -1;
    if (!pid) {
        const char *step;
        signal(SIGSYS, SIG_DFL);
        _exit(rights_drop(&rights, DOMID, &step) ? 99 : what());
    }
    CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
    return status;
}

static bool killed(int (*what)(void))
{
    int status = status_of(what);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

static bool works(int (*what)(void))
{
    return status_of(what) == 0;
}

static int reads_and_writes(void)
{
    char byte = 1;
    return write(ends[1], &byte, 1) == 1 && read(ends[0], &byte, 1) == 1 ? 0 : 1;
}

static int maps_memory(void)
{
    void *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED || munmap(p, 1 << 20) ? 1 : 0;
}

static int receives_a_file(void)
{
    char byte, space[CMSG_SPACE(sizeof(int))];
    struct iovec bytes = {&byte, 1};
    struct msghdr in = {.msg_iov = &bytes, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space)};
    return recvmsg(ends[0], &in, 0) == 1 && CMSG_FIRSTHDR(&in) ? 0 : 1;
}

static int calls_what_its_kind_may(void)
{
    int waiting;
    return syscall(SYS_getppid) > 0 && !ioctl(ends[0], FIONREAD, &waiting) ? 0 : 1;
}

static int maps_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
}

static int makes_code(void)
{
    static char page[8192] __attribute__((aligned(4096)));
    return mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
}

static int opens(void)
{
    return open("/", O_RDONLY);
}

static int connects(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0);
}

static int executes(void)
{
    return execl("/bin/true", "true", (char *)NULL);
}

static int forks(void)
{
    return (int)syscall(SYS_fork);
}

static int makes_a_ring(void)
{
    struct io_uring_params p = {.flags = 0};
    return (int)syscall(SYS_io_uring_setup, 1, &p);
}

static int other_ioctl(void)
{
    return ioctl(ends[0], FIONBIO, &(int){0});
}

static int becomes_root(void)
{
    return setuid(0);
}

static void test_allowed(void)
{
    const char byte = 0;
    char space[CMSG_SPACE(sizeof(int))] = "";
    struct iovec bytes = {(void *)(uintptr_t)&byte, 1};
    struct msghdr out = {.msg_iov = &bytes, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space)};
    *CMSG_FIRSTHDR(&out) =
        (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(CMSG_FIRSTHDR(&out)), &ends[1], sizeof(int));
    CU_ASSERT_TRUE(works(reads_and_writes));
    CU_ASSERT_TRUE(works(maps_memory));
    CU_ASSERT_TRUE(works(calls_what_its_kind_may));
    CU_ASSERT_EQUAL(sendmsg(ends[1], &out, 0), 1);
    CU_ASSERT_TRUE(works(receives_a_file));
}

static void test_forbidden(void)
{
    CU_ASSERT_TRUE(killed(maps_code));
    CU_ASSERT_TRUE(killed(makes_code));
    CU_ASSERT_TRUE(killed(opens));
    CU_ASSERT_TRUE(killed(connects));
    CU_ASSERT_TRUE(killed(executes));
    CU_ASSERT_TRUE(killed(forks));
    CU_ASSERT_TRUE(killed(makes_a_ring));
    CU_ASSERT_TRUE(killed(other_ioctl));
    CU_ASSERT_TRUE(killed(becomes_root));
}

/* Seen from outside, as the child may not look. */
static void test_who_it_is(void)
{
    char path[64], link[64] = "", text[4096] = "";
    const char *step;
    struct stat facts;
    char byte;
    pid_t pid = fork();
    if (!pid) {
        if (!rights_drop(&rights, DOMID, &step) && write(ends[1], "", 1) == 1)
            while (read(ends[1], &byte, 1) < 0)
                ;
        _exit(0);
    }
    CU_ASSERT_EQUAL(read(ends[0], &byte, 1), 1);
    snprintf(path, sizeof(path), "/proc/%d/root", (int)pid);
    CU_ASSERT_TRUE(readlink(path, link, sizeof(link) - 1) > 0);
    CU_ASSERT_STRING_EQUAL(link, "/run/haven/empty");
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    CU_ASSERT_EQUAL(stat(path, &facts), 0);
    int file = open(path, O_RDONLY);
    CU_ASSERT_TRUE(read(file, text, sizeof(text) - 1) > 0);
    close(file);
    char uid[64];
    snprintf(uid, sizeof(uid), "Uid:\t%1$u\t%1$u\t%1$u\t%1$u\n", RIGHTS_UID_BASE + RIGHTS_UIDS_EACH * DOMID + 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, uid));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "Groups:\t \n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "CapPrm:\t0000000000000000\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "NoNewPrivs:\t1\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "Seccomp:\t2\n"));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

int main(void)
{
    CU_TestInfo cases[] = {
        {"what a worker may do", test_allowed},
        {"what kills it", test_forbidden},
        {"who it is", test_who_it_is},
        CU_TEST_INFO_NULL,
    };
    if (geteuid() || (prctl(PR_GET_SECCOMP) < 0 && errno == EINVAL)) {
        puts("without root a worker's rights can't be given up: nothing tested");
        return 77;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
        return 2;
    return unit_run("rights of workers", cases);
}
