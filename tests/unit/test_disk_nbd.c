/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Images behind a qemu-nbd of the manager's (pv-drivers/manager/nbd_server.c), worked by the worker's client
 * (pv-drivers/block/disk_nbd.c): the server is killed again and again in the middle of writes, and what was answered
 * must be there when the next one runs. Needs qemu-utils and root (for the socket's folder); says so if they are
 * missing.
 */
#include "block/disk_nbd.h"
#include "manager/nbd_connect.h"
#include "manager/nbd_server.h"
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define ROUNDS      4u
#define WRITES      20u /* of a round */
#define BEFORE_KILL 10u
#define STEP        65536u
#define IMAGE_BYTES (64u << 20)

static char path[] = "/tmp/haven-nbd-XXXXXX";
static char name_of_socket[32], second_name[32];
static struct event_loop loop;
static bool is_ready, is_lost;
static unsigned ended, given_back, failed;
static uint8_t bytes[ROUNDS * WRITES * STEP], back[1 << 20];

static void on_ready(void *context, const char *reason)
{
    (void)context;
    CU_ASSERT(reason == NULL);
    is_ready = true;
}

static void on_lost(void *context, const char *reason)
{
    (void)context;
    CU_ASSERT(reason[0] != 0);
    is_lost = true;
}

static void on_done(struct disk_io *io, int error)
{
    (void)io;
    ended++;
    given_back += error == ESHUTDOWN;
    failed += error && error != ESHUTDOWN;
}

static void look(void)
{
    struct epoll_event events[8];
    int n = epoll_wait(loop.epoll, events, 8, 60000);

    CU_ASSERT_FATAL(n > 0 || errno == EINTR);
    for (int i = 0; i < n; i++) {
        struct event_source *source = events[i].data.ptr;
        source->ready(source, events[i].events);
    }
}

static void connect_ended(struct nbd_connect *connect)
{
    (void)connect;
}

/* A connection, or -1 with the reason. */
static int connect_to(const struct nbd_address *address, unsigned seconds, struct failure *failure)
{
    struct nbd_connect connect;

    nbd_connect_init(&connect, &loop, connect_ended);
    CU_ASSERT_FATAL(nbd_connect_begin(&connect, address, seconds, failure) == 0);
    while (nbd_connect_is_under_way(&connect))
        look();
    return nbd_connect_take(&connect, failure);
}

static int start_and_connect(struct nbd_server *server, const char *socket_name, const char *format,
                             const char *image_path, struct failure *failure)
{
    const struct nbd_image image = {.path = image_path, .format = format};
    struct nbd_address address = {.path = ""};
    struct failure ignored = {""};

    nbd_server_init(server, &loop);
    CU_ASSERT_FATAL(nbd_server_start(server, &image, socket_name, failure) == 0);
    snprintf(address.path, sizeof(address.path), "%s", server->path);
    int connection = connect_to(&address, 20, &ignored);
    if (connection < 0)
        nbd_server_say_why(server, image_path, failure);
    return connection;
}

static struct disk *connect_disk(struct nbd_server *server, const char *format)
{
    const struct disk_nbd_events events = {on_ready, on_lost, NULL};
    struct failure failure = {""};
    struct disk *disk;

    is_ready = is_lost = false;
    int connection = start_and_connect(server, name_of_socket, format, path, &failure);
    while (connection < 0 && strstr(failure.text, " lock")) { /* the killed one's: as the manager does */
        nbd_server_stop(server);
        failure.text[0] = 0;
        connection = start_and_connect(server, name_of_socket, format, path, &failure);
    }
    CU_ASSERT_FATAL(connection >= 0);
    disk = disk_nbd_open(&loop, connection, "", false, NULL, &events, &failure);
    CU_ASSERT_FATAL(disk != NULL);
    while (!is_ready)
        look();
    CU_ASSERT(disk_nbd_size(disk) == IMAGE_BYTES);
    return disk;
}

/* What the server may do: its user is none of the system's, it has one capability, and the filter. */
static void check_rights(const struct nbd_server *server)
{
    char file[40], status[4096] = "";

    snprintf(file, sizeof(file), "/proc/%d/status", (int)server->pid);
    FILE *opened = fopen(file, "re");
    CU_ASSERT_FATAL(opened != NULL && fread(status, 1, sizeof(status) - 1, opened) > 0);
    fclose(opened);
    CU_ASSERT(strstr(status, "Uid:\t2000000003\t2000000003\t2000000003\t2000000003\n") != NULL);
    CU_ASSERT(strstr(status, "CapEff:\t0000000000000002\n") != NULL);
    CU_ASSERT(strstr(status, "CapBnd:\t0000000000000002\n") != NULL);
    CU_ASSERT(strstr(status, "NoNewPrivs:\t1\n") != NULL && strstr(status, "Seccomp:\t2\n") != NULL);
}

static void do_one(struct disk *disk, enum block_operation operation, uint64_t offset, struct iovec *memory,
                   uint32_t vectors)
{
    struct disk_io io = {
        .operation = operation, .offset = offset, .memory = memory, .vectors = vectors, .done = on_done};

    for (uint32_t i = 0; i < vectors; i++)
        io.bytes += memory[i].iov_len;
    if (operation == BLOCK_DISCARD)
        io.bytes = 1 << 20;
    ended = 0;
    disk_submit(disk, &io);
    while (!ended)
        look();
}

static void check_operations(struct disk *disk)
{
    struct iovec pieces[4], whole = {back, sizeof(back)};

    for (unsigned i = 0; i < 4; i++)
        pieces[i] = (struct iovec){bytes + i * 4 * STEP, 4 * STEP};
    do_one(disk, BLOCK_WRITE, 32 << 20, pieces, 4);
    do_one(disk, BLOCK_READ, 32 << 20, &whole, 1);
    CU_ASSERT(memcmp(back, bytes, sizeof(back)) == 0);
    do_one(disk, BLOCK_FLUSH, 0, NULL, 0);
    do_one(disk, BLOCK_DISCARD, 32 << 20, NULL, 0);
    CU_ASSERT(failed == 0 && given_back == 0);
}

/* The server is killed with half of the writes answered. */
static void write_and_kill(struct disk *disk, struct nbd_server *server, unsigned first)
{
    static struct disk_io io[WRITES];
    static struct iovec memory[WRITES];

    ended = given_back = 0;
    for (unsigned i = 0; i < WRITES; i++) {
        memory[i] = (struct iovec){bytes + (first + i) * STEP, 4096};
        io[i] = (struct disk_io){.operation = BLOCK_WRITE,
                                 .offset = (uint64_t)(first + i) * STEP,
                                 .bytes = 4096,
                                 .memory = &memory[i],
                                 .vectors = 1,
                                 .done = on_done};
        disk_submit(disk, &io[i]);
        while (i == BEFORE_KILL - 1 && ended < BEFORE_KILL)
            look();
        if (i == BEFORE_KILL - 1)
            kill(server->pid, SIGKILL);
    }
    while (ended < WRITES)
        look();
    CU_ASSERT(is_lost && failed == 0 && given_back <= WRITES - BEFORE_KILL);
}

static void kill_again_and_again(const char *format)
{
    char command[100];
    struct nbd_server server;

    snprintf(command, sizeof(command), "qemu-img create -q -f %s %s %u", format, path, IMAGE_BYTES);
    CU_ASSERT_FATAL(system(command) == 0);
    failed = given_back = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct disk *disk = connect_disk(&server, format);
        if (round == 0) {
            check_rights(&server);
            check_operations(disk);
        }
        for (unsigned i = 0; i < round * WRITES; i++) {
            struct iovec memory = {back, 4096};
            if (i % WRITES >= BEFORE_KILL)
                continue;
            do_one(disk, BLOCK_READ, (uint64_t)i * STEP, &memory, 1);
            CU_ASSERT_FATAL(memcmp(back, bytes + i * STEP, 4096) == 0);
        }
        write_and_kill(disk, &server, round * WRITES);
        disk_close(disk);
        nbd_server_stop(&server);
    }
}

static void test_qcow2(void)
{
    kill_again_and_again("qcow2");
}

static void test_vdi(void)
{
    kill_again_and_again("vdi");
}

/* Its data is in a file beside it, which the server may write to. */
static void test_vmdk_of_two_files(void)
{
    char command[120], extent[64];
    struct nbd_server server;
    struct iovec memory = {bytes, STEP}, whole = {back, STEP};

    snprintf(command, sizeof(command), "qemu-img create -q -f vmdk -o subformat=monolithicFlat %s %u", path,
             IMAGE_BYTES);
    snprintf(extent, sizeof(extent), "%s-flat", path);
    CU_ASSERT_FATAL(system(command) == 0 && access(extent, F_OK) == 0);
    failed = given_back = 0;
    struct disk *disk = connect_disk(&server, "vmdk");
    do_one(disk, BLOCK_WRITE, 1 << 20, &memory, 1);
    do_one(disk, BLOCK_READ, 1 << 20, &whole, 1);
    do_one(disk, BLOCK_FLUSH, 0, NULL, 0);
    CU_ASSERT(failed == 0 && memcmp(back, bytes, STEP) == 0);
    disk_close(disk);
    nbd_server_stop(&server);
    unlink(extent);
}

static void test_no_image(void)
{
    struct nbd_server server;
    struct failure failure = {""};

    CU_ASSERT(start_and_connect(&server, name_of_socket, "qcow2", "/nonexistent/image", &failure) == -1);
    CU_ASSERT(strstr(failure.text, "/nonexistent/image") != NULL);
    CU_ASSERT(server.pid == 0);
    nbd_server_stop(&server);
}

static void test_second_writer(void)
{
    struct nbd_server first, second;
    struct failure failure = {""};
    int connection = start_and_connect(&first, name_of_socket, "vdi", path, &failure);

    CU_ASSERT(connection >= 0);
    CU_ASSERT(start_and_connect(&second, second_name, "vdi", path, &failure) == -1);
    CU_ASSERT(strstr(failure.text, path) != NULL && strstr(failure.text, "lock") != NULL);
    close(connection);
    nbd_server_stop(&first);
    nbd_server_stop(&second);
}

static void test_addresses(void)
{
    static const char *const wrong[] = {"http://x/",
                                        "nbd+unix:///x",
                                        "nbd+unix://x?socket=/y",
                                        "nbds://x",
                                        "nbd+unix:///x?socket=",
                                        "nbd://[::1/x",
                                        "nbd://x:1234567890",
                                        ""};
    struct nbd_address address;
    struct failure failure = {""};

    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct failure why = {""};
        CU_ASSERT(nbd_address_parse(&address, wrong[i], &why) == -1 && why.text[0]);
    }
    CU_ASSERT(nbd_address_parse(&address, "nbd+unix:///disk?socket=/nonexistent", &failure) == 0);
    CU_ASSERT(!strcmp(address.path, "/nonexistent") && !strcmp(address.export_name, "disk"));
    CU_ASSERT(nbd_address_parse(&address, "nbd://[::1]:1/other", &failure) == 0);
    CU_ASSERT(!address.path[0] && !strcmp(address.host, "::1") && !strcmp(address.port, "1"));
    CU_ASSERT(!strcmp(address.export_name, "other"));
    CU_ASSERT(nbd_address_parse(&address, "nbd://server", &failure) == 0);
    CU_ASSERT(!strcmp(address.host, "server") && !strcmp(address.port, "10809") && !address.export_name[0]);
}

/* A server that accepts and says nothing, and one that is not there: the loop goes on meanwhile. */
static void test_no_answer(void)
{
    struct nbd_address address = {.path = ""};
    struct sockaddr_un silent = {.sun_family = AF_UNIX};
    struct failure failure = {""}, second = {""};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(address.path, sizeof(address.path), "/run/haven/%s", name_of_socket);
    memcpy(silent.sun_path, address.path, sizeof(silent.sun_path));
    unlink(address.path);
    CU_ASSERT_FATAL(bind(listener, (struct sockaddr *)&silent, sizeof(silent)) == 0 && listen(listener, 1) == 0);
    CU_ASSERT(connect_to(&address, 1, &failure) == -1);
    CU_ASSERT(strstr(failure.text, "within 1 s") != NULL);
    close(listener);
    unlink(address.path);
    CU_ASSERT(connect_to(&address, 1, &second) == -1);
    CU_ASSERT(strstr(second.text, address.path) != NULL);
}

int main(void)
{
    CU_TestInfo cases[] = {
        {"a killed server of a qcow2", test_qcow2},
        {"a killed server of a vdi", test_vdi},
        {"an image that is not there", test_no_image},
        {"a second writer", test_second_writer},
        {"a vmdk of two files", test_vmdk_of_two_files},
        {"addresses", test_addresses},
        {"no answer", test_no_answer},
        CU_TEST_INFO_NULL,
    };
    int file = mkstemp(path);

    if (file < 0)
        return 2;
    close(file);
    mkdir("/run/haven", 0755);
    snprintf(name_of_socket, sizeof(name_of_socket), "test-%d", getpid());
    snprintf(second_name, sizeof(second_name), "test-%d-2", getpid());
    if (access("/run/haven", W_OK) || system("command -v qemu-nbd > /dev/null")) {
        puts("needs qemu-nbd, and root for /run/haven: skipped");
        unlink(path);
        return 77;
    }
    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(unit_random() >> 56);
    if (event_loop_open(&loop))
        return 2;
    int result = unit_run("disk_nbd", cases);
    unlink(path);
    return result;
}
