/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Load on a guest's disk and network, in fixed numbers of requests, for the benchmark of the drivers.
 *
 *     device_load disk PATH read|write BLOCK DEPTH COUNT   requests with O_DIRECT, sequential if BLOCK is 64 KiB or
 *                                                          more, else at random places (the same ones in each run)
 *     device_load serve PORT                               the other end of what follows, for ever
 *     device_load send|receive HOST PORT KIB               one TCP stream
 *     device_load packets HOST PORT COUNT                  UDP packets of 64 bytes; the other end answers each 32nd
 *     device_load ping HOST PORT COUNT                     round trips of ICMP echo, one after the other
 *
 * Prints "LOAD N", the nanoseconds for one request, KiB, packet or round trip; under -icount shift=0 and with one CPU
 * that is never idle these are the whole machine's instructions.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/fs.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define DEPTH_MAX   64
#define STREAM_STEP 65536
#define PACKET_SIZE 64
#define BURST       32
#define SEQUENTIAL  65536

static _Noreturn void fail(const char *what)
{
    perror(what);
    exit(1);
}

static long long now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void report(long long start, unsigned long count)
{
    printf("LOAD %.1f\n", (double)(now() - start) / (double)count);
}

/* --- disk */

struct disk {
    int file;
    aio_context_t aio;
    unsigned long blocks, block, issued, seed;
    int opcode;
    char *buffer;
    struct iocb request[DEPTH_MAX];
};

static unsigned long next_place(struct disk *d)
{
    if (d->block >= SEQUENTIAL)
        return d->issued % d->blocks;
    d->seed = d->seed * 6364136223846793005UL + 1442695040888963407UL;
    return (d->seed >> 33) % d->blocks;
}

static struct iocb *prepare(struct disk *d, unsigned slot)
{
    struct iocb *r = &d->request[slot];

    memset(r, 0, sizeof(*r));
    r->aio_data = slot;
    r->aio_lio_opcode = (unsigned short)d->opcode;
    r->aio_fildes = (unsigned int)d->file;
    r->aio_buf = (unsigned long)(d->buffer + slot * d->block);
    r->aio_nbytes = d->block;
    r->aio_offset = (long long)(next_place(d) * d->block);
    d->issued++;
    return r;
}

static void submit(struct disk *d, struct iocb **requests, long count)
{
    if (count > 0 && syscall(SYS_io_submit, d->aio, count, requests) != count)
        fail("io_submit");
}

/* Waits for one request at least; all that have ended are followed by as many new ones, submitted together. */
static void disk_requests(struct disk *d, unsigned depth, unsigned long count)
{
    struct io_event event[DEPTH_MAX];
    struct iocb *next[DEPTH_MAX];
    unsigned long done = 0, end = d->issued + count;
    long ready = 0;

    for (unsigned slot = 0; slot < depth && d->issued < end; slot++)
        next[ready++] = prepare(d, slot);
    submit(d, next, ready);
    while (done < count) {
        long n = syscall(SYS_io_getevents, d->aio, 1L, (long)depth, event, NULL);

        if (n < 1)
            fail("io_getevents");
        ready = 0;
        for (long i = 0; i < n; i++) {
            if (event[i].res != (long long)d->block) {
                fprintf(stderr, "a request ended with %lld\n", (long long)event[i].res);
                exit(1);
            }
            if (d->issued < end)
                next[ready++] = prepare(d, (unsigned)event[i].data);
        }
        submit(d, next, ready);
        done += (unsigned long)n;
    }
}

static int disk(const char *path, const char *direction, unsigned long block, unsigned depth, unsigned long count)
{
    struct disk d = {.block = block, .opcode = *direction == 'w' ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD, .seed = 1};
    unsigned long long size;

    d.file = open(path, (*direction == 'w' ? O_RDWR : O_RDONLY) | O_DIRECT);
    if (d.file < 0 || ioctl(d.file, BLKGETSIZE64, &size) < 0)
        fail(path);
    if (depth < 1 || depth > DEPTH_MAX || block < 512 || size < block)
        return 2;
    d.blocks = size / block;
    d.buffer = mmap(NULL, depth * block, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (d.buffer == MAP_FAILED || syscall(SYS_io_setup, DEPTH_MAX, &d.aio) < 0)
        fail("io_setup");
    disk_requests(&d, depth, count / 4 + depth); /* warms up: persistent grants, caches of the allocators */
    long long start = now();
    disk_requests(&d, depth, count);
    report(start, count);
    return 0;
}

/* --- network */

struct order {
    char what; /* of the stream: 's' the client sends, 'r' it receives */
    unsigned long bytes;
};

static struct sockaddr_in address(const char *host, const char *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port))};

    if (inet_pton(AF_INET, host, &a.sin_addr) != 1) {
        fprintf(stderr, "%s is no address\n", host);
        exit(2);
    }
    return a;
}

static void push(int s, unsigned long bytes)
{
    static char data[STREAM_STEP];

    while (bytes > 0) {
        ssize_t n = send(s, data, bytes < sizeof(data) ? bytes : sizeof(data), MSG_NOSIGNAL);

        if (n <= 0)
            fail("send");
        bytes -= (unsigned long)n;
    }
}

static void pull(int s, unsigned long bytes)
{
    static char data[STREAM_STEP];

    while (bytes > 0) {
        ssize_t n = recv(s, data, bytes < sizeof(data) ? bytes : sizeof(data), 0);

        if (n <= 0)
            fail("recv");
        bytes -= (unsigned long)n;
    }
}

static void serve_stream(int listener)
{
    int s = accept(listener, NULL, NULL);
    struct order order;

    if (s < 0)
        return;
    while (recv(s, &order, sizeof(order), MSG_WAITALL) == (ssize_t)sizeof(order)) {
        if (order.what == 's') {
            pull(s, order.bytes);
            push(s, 1);
        } else {
            push(s, order.bytes);
        }
    }
    close(s);
}

static void serve_packet(int s)
{
    static unsigned seen;
    char data[PACKET_SIZE];
    struct sockaddr_in from;
    socklen_t length = sizeof(from);

    if (recvfrom(s, data, sizeof(data), 0, (struct sockaddr *)&from, &length) > 0 && ++seen % BURST == 0)
        sendto(s, data, 1, 0, (struct sockaddr *)&from, length);
}

static void serve(const char *port)
{
    struct sockaddr_in a = address("0.0.0.0", port);
    struct pollfd p[2] = {{.fd = socket(AF_INET, SOCK_STREAM, 0), .events = POLLIN},
                          {.fd = socket(AF_INET, SOCK_DGRAM, 0), .events = POLLIN}};
    int one = 1;

    setsockopt(p[0].fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(p[0].fd, (struct sockaddr *)&a, sizeof(a)) < 0 || bind(p[1].fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
        listen(p[0].fd, 8) < 0)
        fail("bind");
    for (;;) {
        if (poll(p, 2, -1) < 0)
            fail("poll");
        if (p[1].revents)
            serve_packet(p[1].fd);
        if (p[0].revents)
            serve_stream(p[0].fd);
    }
}

static void stream_once(int s, char what, unsigned long bytes)
{
    struct order order = {.what = what, .bytes = bytes};

    if (send(s, &order, sizeof(order), 0) != (ssize_t)sizeof(order))
        fail("send");
    if (what == 's') {
        push(s, bytes);
        pull(s, 1);
    } else {
        pull(s, bytes);
    }
}

static int stream(char what, const char *host, const char *port, unsigned long kib)
{
    struct sockaddr_in a = address(host, port);
    int s = socket(AF_INET, SOCK_STREAM, 0);

    if (connect(s, (struct sockaddr *)&a, sizeof(a)) < 0)
        fail(host);
    stream_once(s, what, kib * 256); /* opens the windows */
    long long start = now();
    stream_once(s, what, kib * 1024);
    report(start, kib);
    return 0;
}

/* Sends bursts and waits for the answer to each; one that was lost on the way is an error, as nothing may lose it. */
static void bursts(int s, unsigned long count)
{
    char data[PACKET_SIZE] = "";

    for (unsigned long i = 1; i <= count; i++) {
        if (send(s, data, sizeof(data), 0) != sizeof(data))
            fail("send");
        if (i % BURST == 0 && recv(s, data, sizeof(data), 0) < 1)
            fail("no answer to a burst");
    }
}

static int packets(const char *host, const char *port, unsigned long count)
{
    struct sockaddr_in a = address(host, port);
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    struct timeval limit = {.tv_sec = 5};

    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    if (connect(s, (struct sockaddr *)&a, sizeof(a)) < 0)
        fail(host);
    count -= count % BURST;
    bursts(s, 10 * BURST);
    long long start = now();
    bursts(s, count);
    report(start, count);
    return 0;
}

static unsigned short checksum(const void *data, size_t size)
{
    const unsigned short *word = data;
    unsigned sum = 0;

    for (size_t i = 0; i < size / 2; i++)
        sum += word[i];
    sum = (sum >> 16) + (sum & 0xffff);
    return (unsigned short)~(sum + (sum >> 16));
}

static void echo(int s, unsigned long count)
{
    struct {
        struct icmphdr header;
        char data[56];
    } request = {.header = {.type = ICMP_ECHO}};
    char answer[256];

    for (unsigned long i = 0; i < count; i++) {
        request.header.un.echo.sequence = htons((unsigned short)i);
        request.header.checksum = 0;
        request.header.checksum = checksum(&request, sizeof(request));
        if (send(s, &request, sizeof(request), 0) != sizeof(request))
            fail("send");
        const struct iphdr *ip = (const void *)answer;
        const struct icmphdr *icmp;
        do {
            if (recv(s, answer, sizeof(answer), 0) < (ssize_t)(sizeof(*ip) + sizeof(*icmp)))
                fail("no echo");
            icmp = (const void *)(answer + ip->ihl * 4);
        } while (icmp->type != ICMP_ECHOREPLY || icmp->un.echo.sequence != request.header.un.echo.sequence);
    }
}

static int ping(const char *host, const char *port, unsigned long count)
{
    struct sockaddr_in a = address(host, port);
    int s = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    struct timeval limit = {.tv_sec = 5};

    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    if (s < 0 || connect(s, (struct sockaddr *)&a, sizeof(a)) < 0)
        fail(host);
    echo(s, 20);
    long long start = now();
    echo(s, count);
    report(start, count);
    return 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    if (strcmp(what, "disk") == 0 && argc == 7)
        return disk(argv[2], argv[3], strtoul(argv[4], NULL, 0), (unsigned)atoi(argv[5]), strtoul(argv[6], NULL, 0));
    if (strcmp(what, "serve") == 0 && argc == 3)
        serve(argv[2]);
    if (argc == 5 && (strcmp(what, "send") == 0 || strcmp(what, "receive") == 0))
        return stream(*what, argv[2], argv[3], strtoul(argv[4], NULL, 0));
    if (argc == 5 && strcmp(what, "packets") == 0)
        return packets(argv[2], argv[3], strtoul(argv[4], NULL, 0));
    if (argc == 5 && strcmp(what, "ping") == 0)
        return ping(argv[2], argv[3], strtoul(argv[4], NULL, 0));
    fprintf(stderr, "device_load: see the start of device_load.c\n");
    return 2;
}
