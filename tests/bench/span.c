/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * span LABEL COMMAND...: runs a command and prints "SPAN LABEL N", the nanoseconds from its start to its end, which
 * under -icount shift=0 are instructions of the whole machine.
 */
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(int argc, char **argv)
{
    int status = 0;

    if (argc < 3)
        return 2;
    long long start = now();
    pid_t child = vfork();
    if (child == 0) {
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
        printf("FAILED %s\n", argv[1]);
        return 1;
    }
    printf("SPAN %s %lld\n", argv[1], now() - start);
    return 0;
}
