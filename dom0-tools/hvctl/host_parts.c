/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See host_parts.h. The same on Haven and on Xen, with a full system or a busybox; where another tool set's console
 * daemon runs already (xenconsoled), it is left to its work, since two would tear guests' output apart.
 */
#include "hvctl/host_parts.h"

#include "hvctl/host_daemon.h"
#include "libhv/hypervisor.h"
#include "libhv/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xen/version.h>

#define XENFS_MAGIC       0xabba1974 /* linux/magic.h */
#define STORE_DIRECTORY   "/run/xenstored"
#define STORE_SOCKET      STORE_DIRECTORY "/socket"
#define STORE_PID_FILE    "/run/xenstored.pid"
#define CONSOLED_PID_FILE "/run/haven/hvconsoled.pid"
#define HVD_PID_FILE      "/run/haven/hvd.pid"
#define DRIVERD_PID_FILE  "/run/haven/hvdriverd.pid"

#define SAY(c, ...) snprintf((c)->text, sizeof((c)->text), __VA_ARGS__)

/* ---- the hypervisor ---- */

static bool hypervisor_check(struct host_context *c)
{
    char type[32] = "";
    FILE *f = fopen("/sys/hypervisor/type", "re");
    if (f && fgets(type, sizeof(type), f))
        type[strcspn(type, "\n")] = 0;
    if (f)
        fclose(f);
    bool good = !strcmp(type, "xen");
    if (good)
        SAY(c, "this kernel runs on a hypervisor of Xen's ABI");
    else
        SAY(c, "this kernel does not run on a hypervisor of Xen's ABI: boot haven.elf with this system as dom0");
    return good;
}

/* ---- kernel modules ---- */

static const struct {
    const char *module, *device;
} modules[] = {
    {"xen-privcmd", "/dev/xen/privcmd"},
    {"xen-gntdev", "/dev/xen/gntdev"},
    {"xen-gntalloc", "/dev/xen/gntalloc"},
    {"xen-evtchn", "/dev/xen/evtchn"},
};

static int run_program(const char *const *argv)
{
    int status;
    pid_t pid = fork();
    if (!pid) {
        execvp(argv[0], (char *const *)argv);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool modules_check(struct host_context *c)
{
    for (unsigned i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
        if (!access(modules[i].device, F_OK))
            continue;
        SAY(c, "%s is missing: module %s is not loaded", modules[i].device, modules[i].module);
        return false;
    }
    SAY(c, "privcmd, gntdev, gntalloc, evtchn");
    return true;
}

static int modules_start(struct host_context *c)
{
    for (unsigned i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
        const char *const argv[] = {"modprobe", "-q", modules[i].module, NULL};
        if (access(modules[i].device, F_OK))
            run_program(argv); /* one that is built in has no module: the check tells */
    }
    return modules_check(c) ? 0 : -1;
}

/* ---- xenfs and directories ---- */

static bool xenfs_check(struct host_context *c)
{
    struct statfs fs;
    bool good = !statfs("/proc/xen", &fs) && (unsigned)fs.f_type == XENFS_MAGIC;
    SAY(c, good ? "/proc/xen" : "/proc/xen is not mounted (mount -t xenfs xenfs /proc/xen)");
    return good;
}

static int xenfs_start(struct host_context *c)
{
    const char *const argv[] = {"modprobe", "-q", "xenfs", NULL};
    run_program(argv);
    if (!mount("xenfs", "/proc/xen", "xenfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) || errno == EBUSY)
        return 0;
    SAY(c, "mounting /proc/xen: %s", strerror(errno));
    return -1;
}

static const char *const directories[] = {
    "/run",
    STORE_DIRECTORY,
    "/run/haven",
    "/run/lock",
    "/var",
    "/var/log",
    "/var/log/haven",
    "/var/lib",
    "/var/lib/haven",
    "/var/lib/xenstored",
    "/var/log/haven/console",
    "/var/cache",
    "/var/cache/haven",
};

static bool directories_check(struct host_context *c)
{
    for (unsigned i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
        if (!access(directories[i], W_OK))
            continue;
        SAY(c, "%s: %s", directories[i], strerror(errno));
        return false;
    }
    SAY(c, "/run/haven, " HOST_LOG_DIRECTORY);
    return true;
}

static int directories_start(struct host_context *c)
{
    for (unsigned i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
        mkdir(directories[i], strstr(directories[i], "haven") ? 0750 : 0755);
    chmod("/run/haven", 0755);
    /* Where Xen's programs, which may be used beside ours, look; on a full system both are there. */
    if ((symlink("/run", "/var/run") && errno != EEXIST) || (symlink("/run/lock", "/var/lock") && errno != EEXIST)) {
        SAY(c, "/var/run and /var/lock: %s", strerror(errno));
        return -1;
    }
    return directories_check(c) ? 0 : -1;
}

/* ---- the store ---- */

/* Somebody answers at the socket. */
static bool store_answers(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = STORE_SOCKET};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address))) {
        close(fd);
        return false;
    }
    close(fd);
    return true;
}

static bool xenstored_check(struct host_context *c)
{
    struct ucred who;
    socklen_t size = sizeof(who);
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = STORE_SOCKET};
    char link[64], program[PATH_MAX] = "";
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size)) {
        SAY(c, "nobody answers at " STORE_SOCKET ": %s", strerror(errno));
        close(fd);
        return false;
    }
    close(fd);
    snprintf(link, sizeof(link), "/proc/%d/exe", (int)who.pid);
    ssize_t n = readlink(link, program, sizeof(program) - 1);
    SAY(c, "%.*s, process %d", n > 0 ? (int)n : 1, n > 0 ? program : "?", (int)who.pid);
    return true;
}

/* A program of ours from where make install put it, or the build, seen from this one; else from $PATH. The store's
 * server is not in sbin, since Debian's package of Xen has one of that name there. */
static void find_program(const char *name, char path[PATH_MAX])
{
    static const char *const folders[] = {
        "../lib/haven", ".", "../../xenstore", "../hvd", "../hvconsoled", "../../pv-drivers/manager"};
    char self[PATH_MAX / 2];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    char *slash = n > 0 ? (self[n] = 0, strrchr(self, '/')) : NULL;

    if (slash)
        *slash = 0;
    for (unsigned i = 0; slash && i < sizeof(folders) / sizeof(folders[0]); i++) {
        snprintf(path, PATH_MAX, "%s/%s/%s", self, folders[i], name);
        if (!access(path, X_OK))
            return;
    }
    snprintf(path, PATH_MAX, "%s", name);
}

static int xenstored_start(struct host_context *c)
{
    char path[PATH_MAX];
    find_program("xenstored", path);
    const char *const argv[] = {c->xenstored ? c->xenstored : path, "--no-fork", "--pid-file", STORE_PID_FILE, NULL};
    const struct host_daemon daemon = {"xenstored", argv, store_answers, STORE_DIRECTORY};
    return host_daemon_start(&daemon, c->deadline_ms, c->text, sizeof(c->text));
}

/* ---- what the store says about dom0 ---- */

static const struct {
    const char *path, *value;
} dom0_nodes[] = {
    {"/local/domain/0/domid", "0"},
    {"/local/domain/0/name", "Domain-0"},
    {"/local/pool/0/name", "Pool-0"}, /* Xen's tools print it */
};

static bool dom0_nodes_check(struct host_context *c)
{
    struct xs_handle *xs = store_open();
    bool good = xs != NULL;
    SAY(c, good ? "/local/domain/0" : "the store does not answer");
    for (unsigned i = 0; good && i < sizeof(dom0_nodes) / sizeof(dom0_nodes[0]); i++) {
        char *value = store_read(xs, XBT_NULL, "%s", dom0_nodes[i].path);
        good = value && *value;
        free(value);
        if (!good)
            SAY(c, "%s is missing in the store", dom0_nodes[i].path);
    }
    if (xs)
        xs_close(xs);
    return good;
}

static int dom0_nodes_start(struct host_context *c)
{
    struct xs_handle *xs = store_open();
    bool good = xs != NULL;
    for (unsigned i = 0; good && i < sizeof(dom0_nodes) / sizeof(dom0_nodes[0]); i++)
        if (!store_exists(xs, XBT_NULL, "%s", dom0_nodes[i].path))
            good = store_write(xs, XBT_NULL, dom0_nodes[i].path, dom0_nodes[i].value);
    if (!good)
        SAY(c, "writing dom0's nodes to the store: %s", strerror(errno));
    if (xs)
        xs_close(xs);
    return good ? 0 : -1;
}

/* ---- consoles and policies ---- */

/* A process of this name; 0: there is none. */
static pid_t find_process(const char *name)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    pid_t found = 0;
    while (proc && !found && (entry = readdir(proc))) {
        char path[300], comm[64] = "";
        snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
        FILE *f = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' ? fopen(path, "re") : NULL;
        if (!f)
            continue;
        if (fgets(comm, sizeof(comm), f))
            comm[strcspn(comm, "\n")] = 0;
        fclose(f);
        if (!strcmp(comm, name))
            found = (pid_t)strtol(entry->d_name, NULL, 10);
    }
    if (proc)
        closedir(proc);
    return found;
}

static bool daemon_check(struct host_context *c, const char *pid_file)
{
    pid_t pid = host_daemon_pid(pid_file);
    if (pid)
        SAY(c, "process %d", (int)pid);
    else
        SAY(c, "does not run (\"hvctl host start\" starts it)");
    return pid != 0;
}

static int daemon_start(struct host_context *c, const char *name, const char *pid_file)
{
    char path[PATH_MAX];
    find_program(name, path);
    const char *const argv[] = {path, "--no-fork", "--pid-file", pid_file, NULL};
    const struct host_daemon daemon = {name, argv, NULL, NULL};
    return host_daemon_start(&daemon, c->deadline_ms, c->text, sizeof(c->text));
}

static int daemon_stop(struct host_context *c, const char *pid_file)
{
    pid_t pid = host_daemon_pid(pid_file);
    if (!pid || host_daemon_stop(pid, c->deadline_ms))
        return 0;
    SAY(c, "process %d did not end", (int)pid);
    return -1;
}

static bool consoles_check(struct host_context *c)
{
    pid_t other = host_daemon_pid(CONSOLED_PID_FILE) ? 0 : find_process("xenconsoled");
    if (!other)
        return daemon_check(c, CONSOLED_PID_FILE);
    SAY(c, "xenconsoled, process %d, does it (no logs in " HOST_LOG_DIRECTORY "/console)", (int)other);
    return true;
}

static int consoles_start(struct host_context *c)
{
    return daemon_start(c, "hvconsoled", CONSOLED_PID_FILE);
}

static int consoles_stop(struct host_context *c)
{
    return daemon_stop(c, CONSOLED_PID_FILE);
}

static bool drivers_check(struct host_context *c)
{
    return daemon_check(c, DRIVERD_PID_FILE);
}

static int drivers_start(struct host_context *c)
{
    return daemon_start(c, "hvdriverd", DRIVERD_PID_FILE);
}

static int drivers_stop(struct host_context *c)
{
    return daemon_stop(c, DRIVERD_PID_FILE);
}

static bool hvd_check(struct host_context *c)
{
    return daemon_check(c, HVD_PID_FILE);
}

static int hvd_start(struct host_context *c)
{
    return daemon_start(c, "hvd", HVD_PID_FILE);
}

static int hvd_stop(struct host_context *c)
{
    return daemon_stop(c, HVD_PID_FILE);
}

const struct host_part host_parts[] = {
    {"hypervisor", "the hypervisor", hypervisor_check, NULL, NULL},
    {"modules", "the kernel's doors to it", modules_check, modules_start, NULL},
    {"xenfs", "its file system", xenfs_check, xenfs_start, NULL},
    {"directories", "where daemons write", directories_check, directories_start, NULL},
    {"xenstored", "the store", xenstored_check, xenstored_start, NULL},
    {"dom0", "dom0 in the store", dom0_nodes_check, dom0_nodes_start, NULL},
    {"hvconsoled", "guests' consoles", consoles_check, consoles_start, consoles_stop},
    {"hvdriverd", "guests' disks and networks", drivers_check, drivers_start, drivers_stop},
    {"hvd", "what happens when guests end", hvd_check, hvd_start, hvd_stop},
};

const unsigned host_part_count = sizeof(host_parts) / sizeof(host_parts[0]);
