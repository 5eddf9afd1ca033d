/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See unpack.h. Parent and child share the output and a verdict; the child's exit status says whether the verdict is
 * to be believed at all. Nothing in it is used as an address: a size is checked, a text is bounded.
 */
#include "build/unpack.h"
#include "build/sandbox.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SANDBOX_MEMORY (256u << 20) /* for dictionaries and tables */
#define DONE           42           /* no exit status that a crash could have */

struct verdict {
    size_t unpacked;
    char wrong[160]; /* empty: all right */
};

static void unpack_child(const void *packed, size_t size, void *out, size_t room, struct verdict *verdict)
{
    const char *wrong = NULL;

    if (sandbox_enter(SANDBOX_MEMORY))
        snprintf(verdict->wrong, sizeof(verdict->wrong), "no sandbox to unpack the kernel in: %s", strerror(errno));
    else
        wrong = unpack_here(packed, size, out, room, &verdict->unpacked);
    if (wrong)
        memccpy(verdict->wrong, wrong, 0, sizeof(verdict->wrong) - 1);
    _exit(DONE);
}

static int wait_for(pid_t child, struct failure *failure)
{
    int status;

    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return failure_errno(failure, "waiting for the process that unpacks the kernel");
    if (WIFSIGNALED(status))
        return failure_set(failure, "compressed kernel: the process that unpacks it died of signal %d (%s)",
                           WTERMSIG(status), strsignal(WTERMSIG(status)));
    if (WEXITSTATUS(status) != DONE)
        return failure_set(failure, "compressed kernel: the process that unpacks it ended with status %d",
                           WEXITSTATUS(status));
    return 0;
}

int unpack(const void *packed, size_t size, void *out, size_t room, size_t *unpacked, struct failure *failure)
{
    struct verdict *verdict = mmap(NULL, sizeof(*verdict), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (verdict == MAP_FAILED)
        return failure_errno(failure, "memory for unpacking the kernel");
    pid_t child = fork();
    if (child == 0)
        unpack_child(packed, size, out, room, verdict);
    int r = child < 0 ? failure_errno(failure, "a process to unpack the kernel") : wait_for(child, failure);
    if (!r && verdict->wrong[0])
        r = failure_set(failure, "%.*s", (int)sizeof(verdict->wrong) - 1, verdict->wrong);
    else if (!r && verdict->unpacked > room)
        r = failure_set(failure, "compressed kernel: impossible size after unpacking");
    *unpacked = verdict->unpacked;
    munmap(verdict, sizeof(*verdict));
    return r;
}
