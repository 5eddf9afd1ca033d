/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvctl dump-core: a guest's memory and vCPUs into a file for crash tools. */
#include "guest/core_dump.h"
#include "hvctl/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void show_progress(uint64_t done, uint64_t pages)
{
    if (done % 4096 == 0)
        fprintf(stderr, "\r%llu of %llu MiB", (unsigned long long)done >> 8, (unsigned long long)pages >> 8);
}

static int dump_to(struct command *c, struct hypervisor *hv, unsigned domid, const char *file, int fd)
{
    bool show = isatty(STDERR_FILENO) && !c->json;
    struct failure failure = {""};
    int r = core_dump(hv, domid, fd, show ? show_progress : NULL, &failure);

    if (show)
        fputs("\r\033[K", stderr);
    if (!r && fd != STDOUT_FILENO && fsync(fd) && errno != EINVAL)
        r = failure_errno(&failure, "writing %s", file);
    return r ? command_fail("%s", failure.text) : COMMAND_OK;
}

int cmd_dump_core(struct command *c, int argc, char **argv)
{
    if (argc != 3)
        return command_usage(c);
    int domid = command_find_domain(c, argv[1]);
    struct hypervisor *hv = domid < 0 ? NULL : command_hypervisor(c);
    const char *file = argv[2];
    struct stat facts;

    if (!hv)
        return COMMAND_FAILED;
    if (domid == 0)
        return command_fail("domain 0 cannot be dumped: it would write its own memory while that changes");
    if (strcmp(file, "-") == 0)
        return dump_to(c, hv, (unsigned)domid, file, STDOUT_FILENO);
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600); /* a guest's secrets are in it */
    if (fd < 0)
        return command_fail("%s: %s", file, strerror(errno));
    bool is_file = fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode); /* no device, which would go */
    int status = dump_to(c, hv, (unsigned)domid, file, fd);
    if (close(fd) && status == COMMAND_OK)
        status = command_fail("%s: %s", file, strerror(errno));
    if (status != COMMAND_OK && is_file)
        unlink(file);
    if (status == COMMAND_OK && c->json)
        printf("{\"dumped\": %d}\n", domid);
    return status;
}
