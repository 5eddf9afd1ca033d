/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hvctl/console_attach.h"
#include "hvctl/console_log.h"
#include "hvctl/raw_terminal.h"
#include "hvctl/write_all.h"
#include "libhv/store.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define LOCK_PATH   "/var/lock/xenconsole.%u" /* xenconsole's: two clients would share out the output between them */
#define TTY_WAIT_MS 30000                     /* for the daemon to offer a pty at first; later one waits for it */
#define LOOK_MS     200                       /* how often the log is looked at when nothing rings */
#define TYPED_MAX   4096                      /* input that the guest does not take yet */

struct session {
    struct command *c;
    unsigned domid;
    const struct console_options *options;
    bool terminal;    /* stdin is one, and raw */
    bool input_ended; /* stdin is at its end */
    int pty;          /* -1: there is none just now */
    int64_t give_up;  /* ms: how long to wait for one */
    struct console_log log;
    char typed[TYPED_MAX];
    size_t typed_size;
};

/* The descriptor of the lock; -1 when another client has it, -2 when there is no place for locks. */
static int take_lock(unsigned domid, char path[64])
{
    struct stat mine, there;

    snprintf(path, 64, LOCK_PATH, domid);
    for (;;) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

        if (fd < 0)
            return -2;
        if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
            close(fd);
            return -1;
        }
        /* The one before us may have removed the file between our open and our lock. */
        if (fstat(fd, &mine) == 0 && stat(path, &there) == 0 && mine.st_ino == there.st_ino)
            return fd;
        close(fd);
    }
}

/* The pty is raw as long as the daemon holds it; another terminal that got its number later is not. */
static bool is_console(int fd)
{
    struct termios settings;

    return tcgetattr(fd, &settings) == 0 && !(settings.c_lflag & (ICANON | ECHO | ISIG)) && !(settings.c_oflag & OPOST);
}

static void open_pty(struct session *s)
{
    char *path = store_read(s->c->xs, XBT_NULL, "/local/domain/%u/console/tty", s->domid);
    int fd = path && strncmp(path, "/dev/", 5) == 0 ? open(path, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK) : -1;

    free(path);
    if (fd >= 0 && !is_console(fd)) {
        close(fd);
        fd = -1;
    }
    if (fd >= 0 && s->pty >= 0)
        close(s->pty);
    if (fd >= 0)
        s->pty = fd;
}

/* The guest is gone, or the daemon: another one will come. Whoever does not want to wait detaches. */
static void lose_pty(struct session *s)
{
    close(s->pty);
    s->pty = -1;
    s->give_up = INT64_MAX;
}

static bool guest_is_there(struct session *s)
{
    domain_info info;

    return domain_get_info(s->c->hv, s->domid, &info) == 0 && !(info.flags & XEN_DOMINF_dying);
}

/* 1: detached; 0: go on. */
static int take_input(struct session *s)
{
    char data[256];
    ssize_t size = read(STDIN_FILENO, data, sizeof(data));
    const char *escape = size > 0 ? memchr(data, s->options->escape, (size_t)size) : NULL;

    if (size == 0 || (size < 0 && errno != EINTR && errno != EAGAIN))
        s->input_ended = true;
    if (escape)
        size = escape - data;
    /* A guest that does not read loses what is typed on, so that the escape is always seen. */
    if (size > 0 && (size_t)size <= TYPED_MAX - s->typed_size) {
        memcpy(s->typed + s->typed_size, data, (size_t)size);
        s->typed_size += (size_t)size;
    }
    return escape != NULL || (s->input_ended && s->terminal);
}

static void send_input(struct session *s)
{
    ssize_t written = s->typed_size > 0 ? write(s->pty, s->typed, s->typed_size) : 0;

    if (written <= 0)
        return;
    s->typed_size -= (size_t)written;
    memmove(s->typed, s->typed + written, s->typed_size);
}

/* 0, or -1 when stdout takes no more. */
static int take_output(struct session *s)
{
    char data[4096];
    ssize_t size = read(s->pty, data, sizeof(data));

    if (size > 0 && !s->options->since_boot)
        return write_all(STDOUT_FILENO, data, (size_t)size);
    if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR))
        lose_pty(s);
    return 0;
}

/* Without a store the session goes on, until it is back. -1 with errno. */
static int watch_tty(struct session *s)
{
    char path[64];

    snprintf(path, sizeof(path), "/local/domain/%u/console/tty", s->domid);
    return xs_watch(s->c->xs, path, "tty") ? 0 : -1;
}

static void lose_store(struct session *s)
{
    xs_close(s->c->xs);
    s->c->xs = NULL;
}

static void reach_store(struct session *s)
{
    s->c->xs = xs_open(0);
    if (s->c->xs && watch_tty(s) != 0)
        lose_store(s);
}

static void take_watches(struct session *s)
{
    char **fired;

    errno = 0;
    while ((fired = xs_check_watch(s->c->xs)) != NULL) {
        free(fired);
        errno = 0;
    }
    if (errno == EAGAIN)
        open_pty(s);
    else
        lose_store(s);
}

static int follow_log(struct session *s)
{
    return s->options->since_boot ? console_log_follow(&s->log, STDOUT_FILENO) : 0;
}

/* How long nothing may happen; -1: for ever. */
static int patience(const struct session *s)
{
    return s->options->since_boot || s->pty < 0 || !s->c->xs ? LOOK_MS : -1;
}

/* One round. 0: go on; 1: the end; -1: an error, with errno. */
static int round_once(struct session *s)
{
    if (!s->c->xs)
        reach_store(s);
    bool room = s->terminal || s->typed_size <= TYPED_MAX - 256;
    struct pollfd fds[] = {
        {.fd = s->input_ended || !room ? -1 : STDIN_FILENO, .events = POLLIN},
        {.fd = s->pty, .events = (short)(POLLIN | (s->typed_size > 0 ? POLLOUT : 0))},
        {.fd = s->c->xs ? xs_fileno(s->c->xs) : -1, .events = POLLIN},
    };

    if (poll(fds, 3, patience(s)) < 0)
        return errno == EINTR ? 0 : -1;
    if (fds[0].revents && take_input(s))
        return 1;
    if (s->pty >= 0 && fds[1].revents & POLLOUT)
        send_input(s);
    if (s->pty >= 0 && fds[1].revents & (POLLIN | POLLHUP | POLLERR) && take_output(s) != 0)
        return -1;
    if (follow_log(s) != 0)
        return -1;
    if (fds[2].revents)
        take_watches(s);
    if (s->pty >= 0)
        return 0;
    if (!guest_is_there(s))
        return 1;
    if (store_now_ms() < s->give_up)
        return 0;
    errno = ETIMEDOUT;
    return -1;
}

static int talk(struct session *s)
{
    int result = 0;

    while (result == 0 && raw_terminal_signal() == 0)
        result = round_once(s);
    int reason = errno;
    if (result > 0 && s->pty >= 0)
        send_input(s); /* what a script wrote before the escape */
    if (s->terminal)
        write_all(STDOUT_FILENO, "\r\n", 2);
    raw_terminal_end();
    errno = reason;
    if (result < 0 && errno == ETIMEDOUT)
        return command_fail("domain %u has no console (is hvconsoled running? \"hvctl host start\" starts it)",
                            s->domid);
    if (result < 0)
        return command_error("the console of domain %u", s->domid);
    return raw_terminal_signal() ? COMMAND_FAILED : COMMAND_OK;
}

static int replay(struct session *s)
{
    char *name = store_domain_name(s->c->xs, s->domid);
    int error = name ? console_log_replay(&s->log, s->options->log_dir, name, STDOUT_FILENO) : -1;

    if (error)
        command_error("no console log of domain %u (%s) in %s", s->domid, name ? name : "?", s->options->log_dir);
    free(name);
    return error;
}

int console_attach(struct command *c, unsigned domid, const struct console_options *options)
{
    struct session s = {.c = c, .domid = domid, .options = options, .pty = -1, .log = {.fd = -1}};
    char lock_path[64];
    int status = COMMAND_FAILED;

    if (!command_hypervisor(c) || !command_store(c))
        return COMMAND_FAILED;
    int lock = take_lock(domid, lock_path);
    if (lock == -1)
        return command_fail("another client is at the console of domain %u (it holds %s)", domid, lock_path);
    if (watch_tty(&s) != 0) {
        command_error("watching the console of domain %u in the store", domid);
    } else if (!options->since_boot || replay(&s) == 0) {
        s.give_up = store_now_ms() + TTY_WAIT_MS;
        open_pty(&s);
        s.terminal = raw_terminal_begin();
        status = talk(&s);
    }
    if (s.pty >= 0)
        close(s.pty);
    console_log_close(&s.log);
    if (lock >= 0) {
        unlink(lock_path);
        close(lock);
    }
    return status;
}
