/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See sandbox.h. The filter is a seccomp BPF program written out by hand (seccomp(2)): a list of numbers, no library.
 */
#include "build/sandbox.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define LOAD(field)     BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define LOAD_ARG_LOW(i) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + 8 * (i))
#define ALLOW           BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define KILL            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)
/* Two instructions: allowed if the accumulator holds n. */
#define ALLOW_CALL(n) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (n), 0, 1), ALLOW

static struct sock_filter filter[] = {
    LOAD(arch),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
    KILL,
    LOAD(nr),
    ALLOW_CALL(SYS_write),
    ALLOW_CALL(SYS_exit_group),
    ALLOW_CALL(SYS_exit),
    ALLOW_CALL(SYS_brk),
    ALLOW_CALL(SYS_munmap),
    ALLOW_CALL(SYS_mremap),
    ALLOW_CALL(SYS_madvise),
    ALLOW_CALL(SYS_rt_sigreturn),
    /* mmap: no file, and nothing that could be executed */
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 1, 0),
    KILL,
    LOAD_ARG_LOW(4),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xffffffff, 1, 0),
    KILL,
    LOAD_ARG_LOW(2),
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),
    KILL,
    ALLOW,
};

static int set_limit(int resource, rlim_t value)
{
    struct rlimit limit = {value, value};

    return setrlimit(resource, &limit);
}

static size_t mapped_bytes(void)
{
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");

    if (!f)
        return 0;
    if (fscanf(f, "%lu", &pages) != 1)
        pages = 0;
    fclose(f);
    return pages * 4096;
}

int sandbox_enter(size_t memory)
{
    const struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};
    size_t mapped = mapped_bytes();

    if (mapped && set_limit(RLIMIT_AS, mapped + memory))
        return -1;
    if (set_limit(RLIMIT_CORE, 0) || set_limit(RLIMIT_NOFILE, 0) || set_limit(RLIMIT_NPROC, 0))
        return -1;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) || prctl(PR_SET_DUMPABLE, 0))
        return -1;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return -1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}
