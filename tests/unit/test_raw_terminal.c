/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A terminal that was made raw is as before however the program ends. */
#include "hvctl/raw_terminal.h"
#include "unit.h"
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

static int master, slave;

static bool is_raw(void)
{
    struct termios now;

    CU_ASSERT_EQUAL(tcgetattr(slave, &now), 0);
    return !(now.c_lflag & (ICANON | ECHO | ISIG)) && !(now.c_oflag & OPOST);
}

static bool same_flags(const struct termios *a, const struct termios *b)
{
    return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag && a->c_cflag == b->c_cflag && a->c_lflag == b->c_lflag;
}

/* Runs program on a fresh terminal, sends it signal when the terminal is raw; the terminal must be as before. Returns
 * the status. */
static int runs(void (*program)(void), int signal)
{
    struct termios before, after;
    char byte;
    int status = -1;

    CU_ASSERT_EQUAL_FATAL(openpty(&master, &slave, NULL, NULL, NULL), 0);
    tcgetattr(slave, &before);
    pid_t child = fork();
    if (child == 0) {
        close(master);
        login_tty(slave);
        program();
        _exit(99);
    }
    CU_ASSERT_EQUAL(read(master, &byte, 1), 1); /* it is raw now */
    CU_ASSERT_TRUE(is_raw());
    if (signal)
        kill(child, signal);
    else
        CU_ASSERT_EQUAL(write(master, "x", 1), 1);
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    tcgetattr(slave, &after);
    CU_ASSERT_TRUE(same_flags(&before, &after));
    close(master);
    close(slave);
    return status;
}

static void wait_for_byte(void)
{
    char byte;

    if (!raw_terminal_begin() || write(STDOUT_FILENO, "r", 1) != 1)
        _exit(98);
    while (!raw_terminal_signal() && read(STDIN_FILENO, &byte, 1) < 0)
        continue;
}

static void end_program(void)
{
    wait_for_byte();
    raw_terminal_end();
    _exit(raw_terminal_signal() ? 1 : 0);
}

static void exit_program(void)
{
    wait_for_byte();
    exit(7);
}

static void crash_program(void)
{
    wait_for_byte();
    abort();
}

static void test_ends(void)
{
    CU_ASSERT_EQUAL(WEXITSTATUS(runs(end_program, 0)), 0);
    CU_ASSERT_EQUAL(WEXITSTATUS(runs(exit_program, 0)), 7);
}

static void test_signals(void)
{
    static const int signals[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT};

    for (unsigned int i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        int status = runs(end_program, signals[i]);

        CU_ASSERT_TRUE(WIFEXITED(status));
        CU_ASSERT_EQUAL(WEXITSTATUS(status), 1);
    }
}

static void test_faults(void)
{
    int status = runs(crash_program, 0);

    CU_ASSERT_TRUE(WIFSIGNALED(status));
    CU_ASSERT_EQUAL(WTERMSIG(status), SIGABRT);
    status = runs(end_program, SIGSEGV);
    CU_ASSERT_TRUE(WIFSIGNALED(status));
    CU_ASSERT_EQUAL(WTERMSIG(status), SIGSEGV);
}

static void no_terminal(void)
{
    int end[2];

    if (pipe(end) != 0 || dup2(end[0], STDIN_FILENO) < 0)
        _exit(98);
    _exit(raw_terminal_begin() ? 1 : 0);
}

static void test_no_terminal(void)
{
    int status = -1;
    pid_t child = fork();

    if (child == 0)
        no_terminal();
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT_EQUAL(WEXITSTATUS(status), 0);
}

static CU_TestInfo cases[] = {
    {"by returning and by exit", test_ends},
    {"by signals that ask", test_signals},
    {"by faults", test_faults},
    {"without a terminal", test_no_terminal},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return unit_run("raw terminal", cases);
}
