/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store's benchmark: one client program for every server that speaks xs_wire over a socket.  It counts time-stamp
 * ticks, which are instructions of the whole machine where QEMU counts them (-icount shift=0), and how much of that the
 * server's process got, by the scheduler's account.  Each reply is looked at: a server that answers wrongly has no
 * figure.
 *
 * usage: store_bench SOCKET SERVER-PID
 * Prints "STORE NAME TICKS SERVER-TICKS" for one operation each; what one operation is, the name says.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <xen/io/xs_wire.h>

#define CLIENTS  100
#define CHILDREN 1000
#define WATCHES  1000

struct client {
    int fd;
    size_t start, end;
    char in[64 << 10];
};

static struct client first, others[CLIENTS];
static const char *socket_path;
static int server_pid;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "store_bench: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void client_open(struct client *c)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
    c->start = c->end = 0;
    c->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof(address)))
        die(socket_path);
}

static void client_send(struct client *c, uint32_t type, uint32_t tx, const void *body, size_t length)
{
    struct {
        struct xsd_sockmsg header;
        char body[XENSTORE_PAYLOAD_MAX];
    } message;

    message.header = (struct xsd_sockmsg){.type = type, .req_id = 1, .tx_id = tx, .len = (uint32_t)length};
    memcpy(message.body, body, length);
    if (send(c->fd, &message, sizeof(message.header) + length, 0) != (ssize_t)(sizeof(message.header) + length))
        die("send");
}

/* The next message; its body stays valid up to the next call. */
static struct xsd_sockmsg client_next(struct client *c, const char **body)
{
    struct xsd_sockmsg header;

    for (;;) {
        if (c->end - c->start >= sizeof(header)) {
            memcpy(&header, c->in + c->start, sizeof(header));
            if (c->end - c->start >= sizeof(header) + header.len)
                break;
        }
        if (c->start) {
            memmove(c->in, c->in + c->start, c->end - c->start);
            c->end -= c->start;
            c->start = 0;
        }
        ssize_t n = recv(c->fd, c->in + c->end, sizeof(c->in) - c->end, 0);
        if (n <= 0)
            die("recv");
        c->end += (size_t)n;
    }
    *body = c->in + c->start + sizeof(header);
    c->start += sizeof(header) + header.len;
    return header;
}

static size_t client_reply(struct client *c, uint32_t type, const char **body)
{
    struct xsd_sockmsg header = client_next(c, body);

    if (header.type == type)
        return header.len;
    fprintf(stderr, "store_bench: request %u was answered by %u: %.*s\n", type, header.type, (int)header.len, *body);
    exit(1);
}

static size_t call(struct client *c, uint32_t type, uint32_t tx, const void *body, size_t length, const char **reply)
{
    client_send(c, type, tx, body, length);
    return client_reply(c, type, reply);
}

static void call_path(struct client *c, uint32_t type, uint32_t tx, const char *path)
{
    const char *reply;

    call(c, type, tx, path, strlen(path) + 1, &reply);
}

/* A path, its null byte, and a value of 16 bytes that changes. */
static size_t write_body(char *body, const char *path, unsigned int n)
{
    size_t length = strlen(path) + 1;

    memcpy(body, path, length);
    return length + (size_t)sprintf(body + length, "value%011u", n);
}

static void write_value(struct client *c, uint32_t tx, const char *path, unsigned int n)
{
    char body[128];
    const char *reply;

    call(c, XS_WRITE, tx, body, write_body(body, path, n), &reply);
}

static void read_value(struct client *c, uint32_t tx, const char *path)
{
    const char *reply;

    if (call(c, XS_READ, tx, path, strlen(path) + 1, &reply) != 16)
        die("a value of another length");
}

static uint64_t ticks(void)
{
    uint32_t low, high;

    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static uint64_t server_nanoseconds(void)
{
    char path[64];
    unsigned long long ran = 0;

    snprintf(path, sizeof(path), "/proc/%d/schedstat", server_pid);
    FILE *f = fopen(path, "r");
    if (!f || fscanf(f, "%llu", &ran) != 1)
        die(path);
    fclose(f);
    return ran;
}

static void measure(const char *name, void (*run)(unsigned int round), unsigned int rounds, unsigned int operations)
{
    for (unsigned int i = 0; i < rounds / 10 + 1; i++)
        run(i);
    uint64_t server = server_nanoseconds(), start = ticks();
    for (unsigned int i = 0; i < rounds; i++)
        run(i);
    uint64_t end = ticks();
    server = server_nanoseconds() - server;
    double n = (double)rounds * operations;
    printf("STORE %s %.0f %.0f\n", name, (double)(end - start) / n, (double)server / n);
    fflush(stdout);
}

static void run_read(unsigned int round)
{
    (void)round;
    read_value(&first, 0, "/bench/dir/node/value");
}

static void run_write(unsigned int round)
{
    write_value(&first, 0, "/bench/dir/node/value", round);
}

static void run_transaction(unsigned int round)
{
    const char *id;
    char path[64];

    call(&first, XS_TRANSACTION_START, 0, "", 1, &id);
    uint32_t tx = (uint32_t)strtoul(id, NULL, 10);
    for (unsigned int i = 0; i < 5; i++) {
        snprintf(path, sizeof(path), "/bench/dir/node%u/value", i);
        read_value(&first, tx, path);
        write_value(&first, tx, path, round);
    }
    call_path(&first, XS_TRANSACTION_END, tx, "T");
}

static void run_directory(unsigned int round)
{
    const char *names;

    (void)round;
    if (call(&first, XS_DIRECTORY, 0, "/bench/large", sizeof("/bench/large"), &names) != CHILDREN * 4)
        die("a directory of another size");
}

static void run_fan_out(unsigned int round)
{
    char body[128];
    const char *reply;
    unsigned int events = 0, replies = 0;

    client_send(&first, XS_WRITE, 0, body, write_body(body, "/bench/watched/value", round));
    while (events < WATCHES || !replies) {
        struct xsd_sockmsg header = client_next(&first, &reply);
        events += header.type == XS_WATCH_EVENT;
        replies += header.type == XS_WRITE;
        if (header.type != XS_WATCH_EVENT && header.type != XS_WRITE)
            die("neither event nor reply");
    }
}

static void run_clients(unsigned int round)
{
    char body[128], path[64];
    const char *reply;

    for (unsigned int i = 0; i < CLIENTS; i++) {
        snprintf(path, sizeof(path), "/bench/client/%u/value", i);
        if (round % 2)
            client_send(&others[i], XS_READ, 0, path, strlen(path) + 1);
        else
            client_send(&others[i], XS_WRITE, 0, body, write_body(body, path, round));
    }
    for (unsigned int i = 0; i < CLIENTS; i++)
        client_reply(&others[i], round % 2 ? XS_READ : XS_WRITE, &reply);
}

static void watch_all(void)
{
    char body[128];

    for (unsigned int i = 0; i < WATCHES; i++) {
        size_t length = (size_t)sprintf(body, "/bench/watched%ctoken%u", 0, i) + 1;
        const char *reply;
        client_send(&first, XS_WATCH, 0, body, length);
        /* The first event comes with the watch, before the reply or after it. */
        if (client_next(&first, &reply).type + client_next(&first, &reply).type != XS_WATCH + XS_WATCH_EVENT)
            die("a watch that was not set");
    }
}

static void set_up(void)
{
    char path[64];

    client_open(&first);
    write_value(&first, 0, "/bench/dir/node/value", 0);
    write_value(&first, 0, "/bench/watched/value", 0);
    for (unsigned int i = 0; i < 5; i++) {
        snprintf(path, sizeof(path), "/bench/dir/node%u/value", i);
        write_value(&first, 0, path, 0);
    }
    for (unsigned int i = 0; i < CHILDREN; i++) {
        snprintf(path, sizeof(path), "/bench/large/%03u", i);
        call_path(&first, XS_MKDIR, 0, path);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fputs("usage: store_bench SOCKET SERVER-PID\n", stderr);
        return 2;
    }
    socket_path = argv[1];
    server_pid = atoi(argv[2]);
    set_up();
    measure("read", run_read, 500, 1);
    measure("write", run_write, 500, 1);
    measure("transaction of 10 operations", run_transaction, 40, 1);
    measure("directory of 1000", run_directory, 40, 1);
    for (unsigned int i = 0; i < CLIENTS; i++) {
        char path[64];
        client_open(&others[i]);
        snprintf(path, sizeof(path), "/bench/client/%u/value", i);
        write_value(&others[i], 0, path, 0);
    }
    measure("100 clients in parallel, each operation", run_clients, 10, CLIENTS);
    for (unsigned int i = 0; i < CLIENTS; i++)
        close(others[i].fd);
    watch_all();
    measure("write with fan-out to 1000 watches", run_fan_out, 3, 1);
    return 0;
}
