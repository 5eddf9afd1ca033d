/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a program. See run_program.h. */
#include "network/run_program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Daemons of dom0 are often started with a PATH that lacks the system's folders. */
static const char *find_program(const char *name, char path[PATH_MAX])
{
    const char *folders[] = {"/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/sbin"};
    for (unsigned i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        snprintf(path, PATH_MAX, "%s/%s", folders[i], name);
        if (!access(path, X_OK))
            return path;
    }
    return NULL;
}

/* Files in memory for what it reads and writes: no pipe that could be full. */
static int memory_file(const char *text)
{
    int fd = memfd_create("haven", MFD_CLOEXEC);
    if (fd >= 0 && text && (write(fd, text, strlen(text)) < 0 || lseek(fd, 0, SEEK_SET) < 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

static void child(const char *path, const char *const *argv, int in, int err)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (dup2(in, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0)
        execv(path, (char *const *)argv);
    _exit(127);
}

static void take_errors(int err, const char *name, int status, struct failure *failure)
{
    char text[300];
    ssize_t n = pread(err, text, sizeof(text) - 1, 0);
    text[n > 0 ? n : 0] = 0;
    text[strcspn(text, "\n")] = 0;
    failure_set(failure, "%s: %s", name, text[0] ? text : status == 127 ? "cannot be run" : "failed");
}

int run_program(const char *const *argv, const char *input, const char *package, struct failure *failure)
{
    char path[PATH_MAX];
    int status = 0;
    if (!find_program(argv[0], path))
        return failure_set(failure, "%s is missing: install the package %s", argv[0], package);
    int in = memory_file(input), err = memory_file(NULL);
    pid_t pid = in < 0 || err < 0 ? -1 : fork();
    if (!pid)
        child(path, argv, in, err);
    pid_t ended = -1;
    while (pid > 0 && (ended = waitpid(pid, &status, 0)) < 0 && errno == EINTR)
        continue;
    if (pid < 0 || ended < 0)
        failure_errno(failure, "cannot run %s", argv[0]);
    else if (!WIFEXITED(status) || WEXITSTATUS(status))
        take_errors(err, argv[0], WIFEXITED(status) ? WEXITSTATUS(status) : -1, failure);
    if (in >= 0)
        close(in);
    if (err >= 0)
        close(err);
    return ended < 0 ? -1 : WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}
