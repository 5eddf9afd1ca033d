/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See server_rights.h. The order: mounts need root; the bounding set shrinks while CAP_SETPCAP is there; the change of
 * the user drops capabilities from the effective set, so the one that stays is put back after it, and made ambient to
 * survive the exec. The filter is last. It names what is forbidden, not what is allowed, for the server is a program
 * that we do not know in all its parts; what is forbidden fails with EPERM.
 */
#include "manager/server_rights.h"

#include "common/rights.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define UID_SLOT  3 /* of a domain's: common/rights.h */
#define X32_CALLS 0x40000000u

static const int forbidden[] = {
    SYS_socket,
    SYS_connect,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kill,
    SYS_pidfd_getfd,
    SYS_pidfd_open,
    SYS_mount,
    SYS_umount2,
    SYS_move_mount,
    SYS_open_tree,
    SYS_fsopen,
    SYS_mount_setattr,
    SYS_pivot_root,
    SYS_chroot,
    SYS_unshare,
    SYS_setns,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_open_by_handle_at,
    SYS_kexec_load,
    SYS_init_module,
    SYS_finit_module,
    SYS_mknod,
    SYS_mknodat,
    SYS_io_uring_setup,
    SYS_personality,
    SYS_swapon,
    SYS_reboot,
    SYS_setuid,
};
#define FORBIDDEN (sizeof(forbidden) / sizeof(forbidden[0]))

/* A file that keeps its rights has a mount of its own, on top of the one that loses them. */
static int put_back(int tree, const char *path, bool read_only)
{
    struct mount_attr lenient = {.attr_clr = MOUNT_ATTR_NODEV | (read_only ? 0 : MOUNT_ATTR_RDONLY)};

    return mount_setattr(tree, "", AT_EMPTY_PATH, &lenient, sizeof(lenient)) ||
                   move_mount(tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS) || close(tree)
               ? -1
               : 0;
}

/* QEMU finds out by /dev/null whether it can lock images. */
static int confine_mounts(const char *const *files, unsigned count, bool read_only)
{
    int trees[SERVER_FILES_MAX];
    struct mount_attr strict = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID};

    if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC) || mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL))
        return -1;
    for (unsigned i = 0; i < count; i++) {
        trees[i] = open_tree(AT_FDCWD, files[i], OPEN_TREE_CLONE | O_CLOEXEC);
        if (trees[i] < 0)
            return -1;
    }
    int null = open_tree(AT_FDCWD, "/dev/null", OPEN_TREE_CLONE | O_CLOEXEC);
    if (null < 0 || mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &strict, sizeof(strict)))
        return -1;
    for (unsigned i = 0; i < count; i++)
        if (put_back(trees[i], files[i], read_only))
            return -1;
    return put_back(null, "/dev/null", false);
}

static int set_capabilities(uint32_t mask)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{.effective = mask, .permitted = mask, .inheritable = mask}};

    return (int)syscall(SYS_capset, &header, data);
}

static int change_user(unsigned domid)
{
    uid_t id = RIGHTS_UID_BASE + RIGHTS_UIDS_EACH * domid + UID_SLOT;

    for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
        if (capability != CAP_DAC_OVERRIDE && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0))
            return -1;
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) || setgroups(0, NULL) || setresgid(id, id, id) || setresuid(id, id, id))
        return -1;
    return set_capabilities(1u << CAP_DAC_OVERRIDE) ||
                   prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)
               ? -1
               : 0;
}

#define RETURN(what, value) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_##what | (value))

/* Threads are made with clone, whose arguments can be looked at: the C library tries it when there is no clone3. */
static int forbid_calls(void)
{
    static const struct sock_filter head[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
        RETURN(KILL_PROCESS, 0),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_CALLS, 0, 1),
        RETURN(ERRNO, ENOSYS),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
        RETURN(ERRNO, ENOSYS),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 4),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_NEWUSER, 0, 1),
        RETURN(ERRNO, EPERM),
        RETURN(ALLOW, 0),
    };
    struct sock_filter code[sizeof(head) / sizeof(head[0]) + 2 * FORBIDDEN + 1];
    struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};
    struct sock_filter *at = code + sizeof(head) / sizeof(head[0]);

    memcpy(code, head, sizeof(head));
    for (unsigned i = 0; i < FORBIDDEN; i++) {
        *at++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)forbidden[i], 0, 1);
        *at++ = (struct sock_filter)RETURN(ERRNO, EPERM);
    }
    *at = (struct sock_filter)RETURN(ALLOW, 0);
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) ? -1 : 0;
}

int server_rights_drop(unsigned domid, const char *const *files, unsigned count, bool read_only, const char **step)
{
    *step = "read-only mounts";
    if (confine_mounts(files, count, read_only))
        return -1;
    *step = "another user";
    if (change_user(domid))
        return -1;
    *step = "the filter of system calls";
    return prctl(PR_SET_PDEATHSIG, SIGKILL) ? -1 : forbid_calls(); /* the change of the user has it forgotten */
}
