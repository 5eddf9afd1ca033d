/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See rights.h. The filter is a seccomp BPF program (seccomp(2)) that is put together here: architecture, the calls
 * that are allowed as they are, ioctl by its request, mmap and mprotect without PROT_EXEC. A forbidden call kills the
 * process (SIGSYS), which the manager reports: it is a bug of ours or an attack, and both must be seen.
 *
 * The order matters: chroot and setgroups need root, which setresuid gives up; the signal for the parent's death is
 * forgotten by setresuid, so it comes after; the filter is last, since it forbids the steps before it.
 */
#include "common/rights.h"

#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xen/xen.h>

#include <xen/sys/evtchn.h>
#include <xen/sys/gntdev.h>

#define EMPTY_ROOT   "/run/haven/empty"
#define MEMLOCK_MAX  (64u << 20) /* buffers that io_uring keeps */
#define PROGRAM_MAX  256
#define LOAD(field)  BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define LOAD_ARG(i)  BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + 8 * (i))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_##what)

static const int common_calls[] = {
    SYS_read,
    SYS_write,
    SYS_readv,
    SYS_writev,
    SYS_close,
    SYS_recvmsg,
    SYS_sendmsg,
    SYS_epoll_wait,
    SYS_epoll_pwait,
    SYS_epoll_pwait2,
    SYS_epoll_ctl,
    SYS_clock_gettime,
    SYS_clock_nanosleep,
    SYS_nanosleep,
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_brk,
    SYS_fstat,
    SYS_newfstatat,
    SYS_futex,
    SYS_getrandom,
    SYS_getpid,
    SYS_gettid,
    SYS_tgkill,
    SYS_rt_sigreturn,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_restart_syscall,
    SYS_exit,
    SYS_exit_group,
    SYS_gettimeofday,
    SYS_sched_yield,
    -1,
};

static const unsigned long common_ioctls[] = {
    IOCTL_EVTCHN_BIND_INTERDOMAIN, IOCTL_EVTCHN_UNBIND,
    IOCTL_EVTCHN_NOTIFY,           IOCTL_GNTDEV_MAP_GRANT_REF,
    IOCTL_GNTDEV_UNMAP_GRANT_REF,  IOCTL_GNTDEV_GET_OFFSET_FOR_VADDR,
    IOCTL_GNTDEV_GRANT_COPY,       0,
};

struct program {
    struct sock_filter code[PROGRAM_MAX];
    unsigned length;
    bool overflow;
};

static void emit(struct program *p, struct sock_filter instruction)
{
    if (p->length < PROGRAM_MAX)
        p->code[p->length++] = instruction;
    else
        p->overflow = true;
}

/* Allowed if the accumulator holds value. */
static void allow_if(struct program *p, unsigned long value)
{
    emit(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)value, 0, 1));
    emit(p, (struct sock_filter)RETURN(ALLOW));
}

/* mmap and mprotect: their third argument may not have PROT_EXEC. */
static void allow_without_exec(struct program *p, int call)
{
    emit(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 4));
    emit(p, (struct sock_filter)LOAD_ARG(2));
    emit(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1));
    emit(p, (struct sock_filter)RETURN(KILL_PROCESS));
    emit(p, (struct sock_filter)RETURN(ALLOW));
}

static void build_filter(struct program *p, const struct rights *rights)
{
    emit(p, (struct sock_filter)LOAD(arch));
    emit(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0));
    emit(p, (struct sock_filter)RETURN(KILL_PROCESS));
    emit(p, (struct sock_filter)LOAD(nr));
    /* The kind's first: they are the frequent ones. */
    for (const int *call = rights->system_calls; call && *call >= 0; call++)
        allow_if(p, (unsigned long)*call);
    for (const int *call = common_calls; *call >= 0; call++)
        allow_if(p, (unsigned long)*call);
    allow_without_exec(p, SYS_mmap);
    allow_without_exec(p, SYS_mprotect);
    emit(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 1, 0));
    emit(p, (struct sock_filter)RETURN(KILL_PROCESS));
    emit(p, (struct sock_filter)LOAD_ARG(1));
    for (const unsigned long *request = common_ioctls; *request; request++)
        allow_if(p, *request);
    for (const unsigned long *request = rights->ioctls; request && *request; request++)
        allow_if(p, *request);
    emit(p, (struct sock_filter)RETURN(KILL_PROCESS));
}

/* At most value; what is lower stays, since raising it may be forbidden. */
static int set_limit(int resource, rlim_t value)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit))
        return -1;
    if (limit.rlim_max > value)
        limit.rlim_max = value;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(resource, &limit);
}

static int set_limits(const struct rights *rights)
{
    return set_limit(RLIMIT_CORE, 0) || set_limit(RLIMIT_MEMLOCK, MEMLOCK_MAX) ||
                   set_limit(RLIMIT_NOFILE, rights->files) || set_limit(RLIMIT_NPROC, rights->threads)
               ? -1
               : 0;
}

static int enter_empty_root(void)
{
    mkdir("/run/haven", 0755); /* usually there: hvctl host and the manager make it */
    if (mkdir(EMPTY_ROOT, 0555) && errno != EEXIST)
        return -1;
    return chroot(EMPTY_ROOT) || chdir("/") ? -1 : 0;
}

int rights_drop(const struct rights *rights, unsigned domid, const char **step)
{
    static struct program program;
    uid_t id = RIGHTS_UID_BASE + RIGHTS_UIDS_EACH * domid + rights->slot;

    *step = "an empty root directory (" EMPTY_ROOT ")";
    if (enter_empty_root())
        return -1;
    *step = "limits";
    if (set_limits(rights))
        return -1;
    *step = "another user";
    if (setgroups(0, NULL) || setresgid(id, id, id) || setresuid(id, id, id))
        return -1;
    *step = "the filter of system calls";
    build_filter(&program, rights);
    const struct sock_fprog filter = {(unsigned short)program.length, program.code};
    if (program.overflow) {
        errno = E2BIG;
        return -1;
    }
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) || prctl(PR_SET_DUMPABLE, 0) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return -1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}
