/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hvctl/raw_terminal.h"
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static struct termios before;
static volatile sig_atomic_t raw, received;

void raw_terminal_end(void)
{
    if (raw)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
    raw = 0;
}

static void on_end(int signal)
{
    received = signal;
}

/* A fault of our own: the handler is gone by now (SA_RESETHAND), so the signal comes again when this returns. */
static void on_fault(int signal)
{
    if (raw)
        tcsetattr(STDIN_FILENO, TCSANOW, &before);
    raw = 0;
    raise(signal);
}

static void handle(int signal, void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

    sigaction(signal, &action, NULL);
}

bool raw_terminal_begin(void)
{
    static const int ends[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT}, faults[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
    struct termios settings;

    for (unsigned i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
        handle(ends[i], on_end, 0);
    handle(SIGPIPE, SIG_IGN, 0);
    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &before) != 0)
        return false;
    for (unsigned i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        handle(faults[i], on_fault, SA_RESETHAND);
    handle(SIGTSTP, SIG_IGN, 0);
    atexit(raw_terminal_end);
    settings = before;
    cfmakeraw(&settings);
    raw = 1;
    if (tcsetattr(STDIN_FILENO, TCSADRAIN, &settings) == 0)
        return true;
    raw = 0;
    return false;
}

int raw_terminal_signal(void)
{
    return received;
}
