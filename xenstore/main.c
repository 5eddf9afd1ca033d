/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xenstored: the store's server. Starts in this order: the journal (which also keeps a second server away), the store
 * from it, the domains' rings, the socket; then one loop: wait, let the clients that have something to do do a part of
 * it, send what came of it.
 */
#include "xenstore/domains.h"
#include "xenstore/journal.h"
#include "xenstore/log.h"
#include "xenstore/memory.h"
#include "xenstore/options.h"
#include "xenstore/pace.h"
#include "xenstore/recovery.h"
#include "xenstore/schedule.h"
#include "xenstore/socket.h"
#include "xenstore/store.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_AT_ONCE 64

struct server {
    struct store store;
    struct schedule schedule;
    struct socket_server sockets;
    struct domains *domains; /* NULL without */
    struct recovery recovery;
    struct pace pace;
    int epoll;
};

static struct server server;

static uint64_t milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

static void __attribute__((noreturn)) give_up(const char *what, const char *path)
{
    log_line(LOG_LEVEL_ERROR, "%s %s: %s", what, path, strerror(errno));
    exit(1);
}

/* Tells the service manager, if one waits to hear. */
static void notify_ready(void)
{
    const char *path = getenv("NOTIFY_SOCKET"), message[] = "READY=1";
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (!path || strlen(path) >= sizeof(address.sun_path))
        return;
    strcpy(address.sun_path, path);
    size_t length = offsetof(struct sockaddr_un, sun_path) + strlen(path);
    if (address.sun_path[0] == '@')
        address.sun_path[0] = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    /* Who waited may have seen the socket and gone on. */
    if (sendto(fd, message, sizeof(message) - 1, MSG_NOSIGNAL, (struct sockaddr *)&address, length) < 0 &&
        errno != ECONNREFUSED)
        log_line(LOG_LEVEL_WARNING, "cannot notify %s: %s", path, strerror(errno));
    close(fd);
}

static void read_boot_identity(char boot[40])
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, boot, 36);

    boot[n < 0 ? 0 : n] = 0;
    if (fd >= 0)
        close(fd);
}

static struct journal *open_journal(const char *path, const char *boot, bool *found)
{
    struct journal *journal = journal_open(path, boot, recovery_write_state, &server.recovery, found);

    if (!journal && errno == EWOULDBLOCK) {
        log_line(LOG_LEVEL_ERROR, "another xenstored is running (it holds %s)", path);
        exit(1);
    }
    if (!journal)
        give_up("cannot open the journal", path);
    return journal;
}

/* A journal that cannot be read to its end: it is kept for who looks into it, and another one goes on from what was
 * read, which is the state of an earlier moment: better than none, and guests may not notice. */
static struct journal *salvage(struct journal *damaged, const char *path, const char *boot)
{
    char aside[4096];
    bool found;

    snprintf(aside, sizeof(aside), "%s.damaged", path);
    log_line(LOG_LEVEL_ERROR,
             "%s is damaged: what stands before the damage is kept, later changes are lost; it is set "
             "aside as %s, please report it",
             path, aside);
    if (rename(path, aside))
        give_up("cannot set the damaged journal aside", path);
    journal_close(damaged);
    return open_journal(path, boot, &found);
}

/* The journal's state becomes the store's. */
static void recover(const char *path)
{
    char boot[40];
    bool found = false;

    read_boot_identity(boot);
    struct journal *journal = open_journal(path, boot, &found);
    uint64_t life = journal_life(journal);
    server.store.recovering = true;
    if (found && !journal_play(journal, recovery_play, &server.recovery))
        journal = salvage(journal, path, boot);
    server.store.recovering = false;
    server.store.generation += life << 40;
    server.store.journal = journal;
    journal_compact(journal);
    if (found)
        log_line(LOG_LEVEL_INFO, "took over the state from %s", path);
}

static void start(const struct options *options)
{
    store_init(&server.store);
    memcpy(server.store.quota.limit, options->limits, sizeof(options->limits));
    schedule_init(&server.schedule);
    server.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (server.epoll < 0)
        give_up("cannot create", "an epoll instance");
    if (options->domains) {
        server.domains = domains_open(&server.store, &server.schedule);
        if (!server.domains)
            exit(1);
        server.store.host = &domains_host;
        server.store.host_context = server.domains;
    }
    server.recovery = (struct recovery){.store = &server.store, .domains = server.domains};

    recover(options->journal);

    if (server.domains) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = server.domains};
        domains_resume(server.domains);
        if (!domains_start_dom0(server.domains))
            exit(1);
        epoll_ctl(server.epoll, EPOLL_CTL_ADD, domains_fd(server.domains), &event);
    }
    journal_commit(server.store.journal);
    if (socket_server_start(&server.sockets, options->socket, &server.store, &server.schedule, server.epoll))
        give_up("cannot listen at", options->socket);
}

static void dispatch(const struct epoll_event *event)
{
    void *who = event->data.ptr;

    if (who == &server.sockets)
        socket_server_accept(&server.sockets);
    else if (who == server.domains)
        domains_handle_events(server.domains);
    else
        socket_client_event(who, event->events);
}

/* The client of the socket that woke us, if nobody else did. */
static const void *woken_alone(const struct epoll_event *events, int count)
{
    const void *who = events[0].data.ptr;

    return count == 1 && who != &server.sockets && who != server.domains ? who : NULL;
}

static void __attribute__((noreturn)) serve(void)
{
    struct epoll_event events[EVENTS_AT_ONCE];

    for (;;) {
        int count = epoll_wait(server.epoll, events, EVENTS_AT_ONCE, schedule_timeout(&server.schedule, milliseconds));
        if (count < 0 && errno != EINTR)
            give_up("cannot wait for", "clients");
        if (count > 0 && pace_note(&server.pace, woken_alone(events, count)))
            pace_apply(&server.pace);
        for (int i = 0; i < count; i++)
            dispatch(&events[i]);
        schedule_run(&server.schedule, milliseconds);
        journal_commit(server.store.journal);
        if (server.domains)
            domains_show(server.domains);
        store_send_all(&server.store);
        if (server.domains)
            domains_notify(server.domains);
    }
}

/* The parent stays until the child is ready, so that who starts us can use the socket at once. */
static int fork_away(void)
{
    int ends[2];
    char ready;

    if (pipe2(ends, O_CLOEXEC))
        give_up("cannot create", "a pipe");
    pid_t pid = fork();
    if (pid < 0)
        give_up("cannot fork", "");
    if (pid > 0) {
        close(ends[1]);
        _exit(read(ends[0], &ready, 1) == 1 ? 0 : 1);
    }
    close(ends[0]);
    setsid();
    if (chdir("/"))
        give_up("cannot change to", "/");
    return ends[1];
}

static void write_pid(const char *path)
{
    FILE *file = fopen(path, "we");

    if (!file || fprintf(file, "%ld\n", (long)getpid()) < 0 || fclose(file))
        give_up("cannot write", path);
}

static void make_folder(const char *file)
{
    char *copy = memory_copy(file, strlen(file) + 1);
    mkdir(dirname(copy), 0755); /* what goes wrong here shows when the file is opened */
    free(copy);
}

static void finish_daemon(int ready)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    log_to_syslog();
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
    }
    if (write(ready, "", 1) != 1)
        log_line(LOG_LEVEL_WARNING, "nobody waits for the start");
    close(ready);
}

int main(int argc, char **argv)
{
    struct options options;
    int ready = -1;

    options_parse(&options, argc, argv);
    log_set_verbose(options.verbose);
    if (options.trace && !log_trace_open(options.trace))
        give_up("cannot open the trace file", options.trace);
    signal(SIGPIPE, SIG_IGN);
    make_folder(options.socket);
    make_folder(options.journal);
    if (options.fork)
        ready = fork_away();
    start(&options);
    if (options.pid_file)
        write_pid(options.pid_file);
    if (options.output_pid) {
        printf("%ld\n", (long)getpid());
        fflush(stdout);
    }
    notify_ready();
    if (options.fork)
        finish_daemon(ready);
    serve();
}
