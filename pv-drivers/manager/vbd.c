/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disks for the manager. What is behind one is an image that hvblock works on itself (raw files, block devices), an NBD
 * server (of our own for other formats, or one that params names) that hvblock-nbd talks to, or nothing: a drive
 * without medium. The nodes of the back end come from the tools (docs/drivers.md lists them), those of the front end
 * from the guest: each is checked.
 */
#include "libhv/store.h"
#include "manager/device_kind.h"
#include "manager/disk_image.h"
#include "manager/nbd_connect.h"
#include "manager/nbd_server.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xen/xen.h>

#include <xen/io/blkif.h>
#include <xen/io/protocols.h>

#define SECTOR             512u
#define QUEUES_OFFERED     4u
#define RING_ORDER_OFFERED 4u
#define SEGMENTS_OFFERED   256u /* block/blkif_parse.h: BLKIF_SEGMENTS_MAX */
#define TEXT_MAX           1100
#define SERVER_SECONDS     20 /* for a server of our own to open its image, or another one to answer */

_Static_assert(sizeof(((struct nbd_address *)NULL)->export_name) == sizeof(((struct worker_block *)NULL)->nbd_export),
               "");
_Static_assert(1u << RING_ORDER_OFFERED == WORKER_RING_PAGES_MAX && QUEUES_OFFERED <= WORKER_QUEUES_MAX, "offered");

enum behind { BEHIND_NOTHING, BEHIND_IMAGE, BEHIND_OWN_SERVER, BEHIND_URI };

struct vbd {
    enum behind behind;
    char params[TEXT_MAX], format[16];
    bool read_only, cdrom, removable, discard_wanted, persistent;
    struct disk_image image; /* BEHIND_IMAGE */
    struct device *device;
    struct nbd_server server;
    struct nbd_connect connect;
    int spare; /* a connection that no worker has yet */
    /* While a worker has it: the file that went to it (image or socket), and the one it synchronises. */
    int given, synced;
    uint64_t sectors; /* as the guest was told, or will be */
};

/* ---- the back end's nodes ---- */

static int read_text(const struct device *d, const char *node, char *text, size_t room)
{
    char *value = store_read(d->xs, XBT_NULL, "%s/%s", d->back, node);
    size_t length = value ? strlen(value) : 0;

    snprintf(text, room, "%s", value ? value : "");
    free(value);
    return length < room ? 0 : -1;
}

static bool read_flag(const struct device *d, const char *node, bool otherwise)
{
    uint64_t value;

    return store_read_number(d->xs, XBT_NULL, &value, "%s/%s", d->back, node) ? value != 0 : otherwise;
}

/* Xen's tools write the format in front of the name ("qcow2:/path", "aio:/path") where they write no node for it. */
static void split_format(struct vbd *v)
{
    static const char *const prefixes[][2] = {{"aio:", "raw"}, {"raw:", "raw"},     {"tap:", "raw"}, {"file:", "raw"},
                                              {"phy:", "raw"}, {"qcow2:", "qcow2"}, {"vpc:", "vhd"}, {"vhd:", "vhd"},
                                              {"qed:", "qed"}, {"qcow:", "qcow"}};

    for (unsigned i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        size_t length = strlen(prefixes[i][0]);
        if (strncmp(v->params, prefixes[i][0], length))
            continue;
        memmove(v->params, v->params + length, strlen(v->params + length) + 1);
        if (!v->format[0])
            snprintf(v->format, sizeof(v->format), "%s", prefixes[i][1]);
        return;
    }
}

static int read_back(const struct device *d, struct vbd *v, struct failure *failure)
{
    char mode[8], type[16];

    if (read_text(d, "params", v->params, sizeof(v->params)))
        return failure_set(failure, "params: longer than %zu characters", sizeof(v->params) - 1);
    if (read_text(d, "format", v->format, sizeof(v->format)) || read_text(d, "mode", mode, sizeof(mode)) ||
        read_text(d, "device-type", type, sizeof(type)))
        return failure_set(failure, "format, mode or device-type: no such value");
    split_format(v);
    v->read_only = mode[0] != 'w';
    v->cdrom = !strcmp(type, "cdrom");
    v->read_only |= v->cdrom;
    v->removable = read_flag(d, "removable", false) || v->cdrom;
    v->discard_wanted = read_flag(d, "discard-enable", true) && !v->read_only;
    v->persistent = read_flag(d, "persistent-grants", false);
    if (!v->params[0] || !strcmp(v->format, "empty"))
        v->behind = BEHIND_NOTHING;
    else if (!strcmp(v->format, "nbd") || !strncmp(v->params, "nbd", 3))
        v->behind = BEHIND_URI;
    else if (nbd_server_format(v->format))
        v->behind = BEHIND_OWN_SERVER;
    else if (!v->format[0] || !strcmp(v->format, "raw"))
        v->behind = BEHIND_IMAGE;
    else
        return failure_set(failure, "format %s is not known (raw, qcow2, qcow, vhd, vhdx, vmdk, vdi, qed, nbd)",
                           v->format);
    if (v->behind == BEHIND_NOTHING && !v->cdrom)
        return failure_set(failure, "params: a disk needs an image; only a cdrom drive may be empty");
    if ((v->behind == BEHIND_IMAGE || v->behind == BEHIND_OWN_SERVER) && v->params[0] != '/')
        return failure_set(failure, "params: %s must begin with /", v->params);
    return 0;
}

static const char *worker_of(const struct device *d)
{
    struct vbd v = {.behind = BEHIND_NOTHING};
    struct failure ignored = {""}; /* open will say it */

    if (read_back(d, &v, &ignored))
        v.behind = BEHIND_NOTHING;
    return v.behind == BEHIND_OWN_SERVER || v.behind == BEHIND_URI ? "hvblock-nbd" : "hvblock";
}

/* ---- writing nodes ---- */

struct writing {
    const struct device *d;
    xs_transaction_t t;
    bool failed;
};

static void put(struct writing *w, const char *node, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void put(struct writing *w, const char *node, const char *format, ...)
{
    char path[160], value[64];
    va_list args;

    va_start(args, format);
    vsnprintf(value, sizeof(value), format, args);
    va_end(args);
    snprintf(path, sizeof(path), "%s/%s", w->d->back, node);
    w->failed |= !store_write(w->d->xs, w->t, path, value);
}

static void take_away(struct writing *w, const char *node)
{
    char path[160];

    snprintf(path, sizeof(path), "%s/%s", w->d->back, node);
    w->failed |= !xs_rm(w->d->xs, w->t, path) && errno != ENOENT;
}

/* All or nothing, and nothing if the device's nodes are gone: they are the tools' to remove. */
static int write_all(const struct device *d, void (*what)(struct writing *w, struct vbd *v), struct failure *failure)
{
    for (unsigned tries = 0; tries < 10; tries++) {
        struct writing w = {.d = d, .t = xs_transaction_start(d->xs)};
        if (!w.t)
            break;
        w.failed = !store_exists(d->xs, w.t, "%s/state", d->back);
        if (!w.failed)
            what(&w, d->of_kind);
        if (xs_transaction_end(d->xs, w.t, w.failed) && !w.failed)
            return 0;
        if (w.failed || errno != EAGAIN)
            break;
    }
    return failure_errno(failure, "writing the device's nodes (%s)", d->back);
}

static void put_offers(struct writing *w, struct vbd *v)
{
    put(w, "feature-flush-cache", "1");
    put(w, "feature-persistent", "%d", v->persistent);
    put(w, "feature-max-indirect-segments", "%u", SEGMENTS_OFFERED);
    put(w, "max-ring-page-order", "%u", RING_ORDER_OFFERED);
    put(w, "multi-queue-max-queues", "%u", QUEUES_OFFERED);
}

static void put_discard(struct writing *w, struct vbd *v, bool offered)
{
    bool image = v->behind == BEHIND_IMAGE;

    put(w, "feature-discard", "%d", offered);
    if (!offered)
        return;
    put(w, "discard-secure", "0");
    put(w, "discard-granularity", "%u", image && v->image.discard_granularity ? v->image.discard_granularity : 4096);
    put(w, "discard-alignment", "%u", image ? v->image.discard_alignment : 0);
}

static void put_properties(struct writing *w, struct vbd *v)
{
    bool image = v->behind == BEHIND_IMAGE;
    const struct worker_message *answer = w->d->answer;
    unsigned info =
        (v->cdrom ? VDISK_CDROM : 0) | (v->removable ? VDISK_REMOVABLE : 0) | (v->read_only ? VDISK_READONLY : 0);

    put(w, "sectors", "%" PRIu64, v->sectors);
    put(w, "sector-size", "%u", image ? v->image.sector_size : SECTOR);
    put(w, "physical-sector-size", "%u", image ? v->image.physical_sector_size : SECTOR);
    put(w, "info", "%u", info);
    put_discard(w, v, answer ? answer->block.discard : image && v->image.discard && v->discard_wanted);
}

/* ---- servers ---- */

static void connect_ended(struct nbd_connect *connect)
{
    struct vbd *v = (struct vbd *)((char *)connect - offsetof(struct vbd, connect));

    v->device->wake(v->device);
}

static void lose_spare(struct vbd *v)
{
    if (v->spare >= 0)
        close(v->spare);
    v->spare = -1;
}

static int start_server(struct vbd *v, struct failure *failure)
{
    const struct nbd_image image = {.path = v->params,
                                    .format = nbd_server_format(v->format),
                                    .read_only = v->read_only,
                                    .domid = v->device->domid};
    char name[32];

    snprintf(name, sizeof(name), "%u-%u", v->device->domid, v->device->id);
    lose_spare(v);
    return nbd_server_start(&v->server, &image, name, failure);
}

/* Goes on with getting v->spare: 0 when it is there; DEVICE_LATER; or -1. */
static int get_connection(struct vbd *v, struct failure *failure)
{
    struct nbd_address address = {.path = ""};

    if (nbd_connect_is_under_way(&v->connect))
        return DEVICE_LATER;
    if (!v->connect.has_ended) {
        if (v->behind == BEHIND_URI && nbd_address_parse(&address, v->params, failure))
            return -1;
        if (v->behind == BEHIND_OWN_SERVER)
            snprintf(address.path, sizeof(address.path), "%s", v->server.path);
        return nbd_connect_begin(&v->connect, &address, SERVER_SECONDS, failure) ? -1 : DEVICE_LATER;
    }
    struct failure why = {""};
    v->spare = nbd_connect_take(&v->connect, &why);
    if (v->spare >= 0)
        return 0;
    if (v->behind == BEHIND_OWN_SERVER)
        nbd_server_say_why(&v->server, v->params, failure);
    return failure_set(failure, "%s", why.text); /* unless the server said it */
}

/* ---- open, close ---- */

static int open_behind(struct device *d, struct vbd *v, struct failure *failure)
{
    int result = 0;

    switch (v->behind) {
    case BEHIND_NOTHING:
        return 0;
    case BEHIND_IMAGE:
        /* With physical-device, Xen's own script has made a loop device for a kernel back end, whose place we take. */
        return disk_image_open(&v->image, v->params, v->read_only,
                               store_exists(d->xs, XBT_NULL, "%s/physical-device", d->back), failure);
    case BEHIND_OWN_SERVER:
        if (!v->server.path[0])
            result = start_server(v, failure);
        break;
    case BEHIND_URI:
        break;
    }
    if (!result)
        result = get_connection(v, failure);
    /* One that has not let go yet, as a server that is about to end, and other users are not told apart. */
    return result == -1 && strstr(failure->text, " lock") ? DEVICE_BUSY : result;
}

static void let_go(struct device *d)
{
    struct vbd *v = d->of_kind;

    if (v->given >= 0)
        close(v->given);
    if (v->synced >= 0)
        close(v->synced);
    v->given = v->synced = -1;
}

static void close_vbd(struct device *d)
{
    struct vbd *v = d->of_kind;

    let_go(d);
    disk_image_close(&v->image);
    nbd_connect_drop(&v->connect);
    lose_spare(v);
    nbd_server_stop(&v->server);
    free(v);
    d->of_kind = NULL;
}

static struct vbd *new_vbd(struct device *d)
{
    struct vbd *v = calloc(1, sizeof(*v));

    if (!v)
        return NULL;
    v->device = d;
    v->given = v->synced = v->spare = v->image.file = -1;
    nbd_server_init(&v->server, d->loop);
    nbd_connect_init(&v->connect, d->loop, connect_ended);
    return v;
}

/* While it was being opened, the nodes were removed and made anew, for another image. */
static bool is_another(const struct device *d, const struct vbd *v)
{
    struct vbd now = {.behind = BEHIND_NOTHING};
    struct failure ignored = {""};

    return read_back(d, &now, &ignored) || now.read_only != v->read_only || strcmp(now.params, v->params) != 0 ||
           strcmp(now.format, v->format) != 0;
}

static int open_vbd(struct device *d, struct failure *failure)
{
    struct vbd *v = d->of_kind;
    int result = 0;

    if (v && is_another(d, v))
        close_vbd(d);
    if (!d->of_kind) {
        d->of_kind = v = new_vbd(d);
        if (!v)
            return failure_errno(failure, "a disk");
        result = read_back(d, v, failure);
    }
    if (!result)
        result = open_behind(d, v, failure);
    if (result == DEVICE_LATER)
        return result;
    v->sectors = v->image.bytes / SECTOR;
    if (!result)
        result = write_all(d, put_offers, failure);
    if (result)
        close_vbd(d);
    return result;
}

/* ---- connect ---- */

/* A node of the front end's that holds a number of 32 bits. 1; 0: there is none; -1: something else. */
static int read_front(const struct device *d, uint32_t *value, const char *folder, const char *node)
{
    uint64_t number;

    if (store_read_number(d->xs, XBT_NULL, &number, "%s%s/%s", d->front, folder, node)) {
        *value = (uint32_t)number;
        return number <= UINT32_MAX ? 1 : -1;
    }
    return errno == ENOENT ? 0 : -1;
}

static int read_ring(const struct device *d, const char *folder, struct worker_queue *q, struct failure *failure)
{
    struct worker_ring *ring = &q->ring[0];

    if (read_front(d, &q->event_channel[0], folder, "event-channel") <= 0)
        return failure_set(failure, "%s%s/event-channel: there must be a number", d->front, folder);
    for (uint32_t i = 0; i < ring->pages; i++) {
        char node[24];
        snprintf(node, sizeof(node), "ring-ref%u", i);
        int found = read_front(d, &ring->grants[i], folder, node);
        if (found == 0 && ring->pages == 1)
            found = read_front(d, &ring->grants[0], folder, "ring-ref");
        if (found <= 0)
            return failure_set(failure, "%s%s/%s: there must be a number", d->front, folder, node);
    }
    return 0;
}

static int check_protocol(const struct device *d, struct failure *failure)
{
    char *protocol = store_read(d->xs, XBT_NULL, "%s/protocol", d->front);
    bool known = protocol ? !strcmp(protocol, XEN_IO_PROTO_ABI_X86_64) : errno == ENOENT;

    free(protocol);
    return known ? 0 : failure_set(failure, "%s/protocol: only " XEN_IO_PROTO_ABI_X86_64 " is served", d->front);
}

static int read_rings(const struct device *d, struct worker_message *m, struct failure *failure)
{
    uint32_t queues = 1, order = 0;

    if (read_front(d, &queues, "", "multi-queue-num-queues") < 0 || queues < 1 || queues > QUEUES_OFFERED)
        return failure_set(failure, "%s/multi-queue-num-queues: 1 to %u are offered", d->front, QUEUES_OFFERED);
    if (read_front(d, &order, "", "ring-page-order") < 0 || order > RING_ORDER_OFFERED)
        return failure_set(failure, "%s/ring-page-order: 0 to %u are offered", d->front, RING_ORDER_OFFERED);
    m->queues = queues;
    for (uint32_t i = 0; i < queues; i++) {
        char folder[24] = "";
        if (queues > 1)
            snprintf(folder, sizeof(folder), "/queue-%u", i);
        m->queue[i].ring[0].pages = 1u << order;
        if (read_ring(d, folder, &m->queue[i], failure))
            return -1;
    }
    return 0;
}

/* qemu-nbd waits 10 s for a client's first word; a guest may take longer to boot. */
static bool has_hung_up(int socket)
{
    struct pollfd look = {.fd = socket, .events = POLLRDHUP};

    return poll(&look, 1, 0) > 0;
}

/* A server of our own that ended is started again: the image is opened anew, which waits for what the old one had
 * begun, by its locks. */
static int connect_server(struct vbd *v, struct worker_message *m, struct failure *failure)
{
    struct nbd_address address = {.path = ""};

    if (v->behind == BEHIND_OWN_SERVER && !nbd_server_runs(&v->server) && !nbd_connect_is_under_way(&v->connect)) {
        nbd_connect_drop(&v->connect);
        nbd_server_stop(&v->server);
        if (start_server(v, failure))
            return DEVICE_BUSY;
    }
    if (v->spare >= 0 && has_hung_up(v->spare))
        lose_spare(v);
    int result = v->spare >= 0 ? 0 : get_connection(v, failure);
    if (result)
        return result == DEVICE_LATER ? result : DEVICE_BUSY;
    v->given = v->spare;
    v->spare = -1;
    if (v->behind == BEHIND_OWN_SERVER)
        v->synced = open(v->params, O_RDONLY | O_CLOEXEC);
    else if (!nbd_address_parse(&address, v->params, failure))
        memcpy(m->block.nbd_export, address.export_name, sizeof(m->block.nbd_export));
    return v->behind == BEHIND_OWN_SERVER && v->synced < 0 ? failure_errno(failure, "%s", v->params), DEVICE_BUSY : 0;
}

static int connect_behind(struct vbd *v, struct worker_message *m, struct failure *failure)
{
    if (v->behind == BEHIND_NOTHING)
        return 0;
    if (v->behind != BEHIND_IMAGE) {
        m->block.nbd = true;
        return connect_server(v, m, failure);
    }
    m->block.block_device = v->image.block_device;
    m->block.direct = v->image.direct;
    m->block.sector_size = v->image.sector_size;
    m->block.discard &= v->image.discard;
    return disk_image_open_again(&v->image, &v->given, failure);
}

static int connect_vbd(struct device *d, struct worker_message *m, int *files, unsigned *count, struct failure *failure)
{
    struct vbd *v = d->of_kind;
    uint32_t keeps_grants = 0;
    int result;

    let_go(d);
    if (check_protocol(d, failure) || read_rings(d, m, failure))
        return -1;
    read_front(d, &keeps_grants, "", "feature-persistent");
    m->block = (struct worker_block){.sectors = v->sectors,
                                     .sector_size = SECTOR,
                                     .read_only = v->read_only,
                                     .discard = v->discard_wanted,
                                     .persistent = v->persistent && keeps_grants == 1};
    result = connect_behind(v, m, failure);
    if (result) {
        let_go(d);
        return result;
    }
    files[(*count)++] = d->counters;
    if (v->given >= 0)
        files[(*count)++] = v->given;
    if (v->synced >= 0)
        files[(*count)++] = v->synced;
    return 0;
}

/* The worker has its own files now: ours would keep the lock from telling when it is through, and a server waiting. */
static int connected(struct device *d, struct failure *failure)
{
    struct vbd *v = d->of_kind;

    let_go(d);
    if (v->behind == BEHIND_OWN_SERVER || v->behind == BEHIND_URI)
        v->sectors = d->answer ? d->answer->block.sectors : v->sectors;
    return write_all(d, put_properties, failure);
}

/* ---- resize ---- */

static void put_size(struct writing *w, struct vbd *v)
{
    uint64_t state = 0;

    put(w, "sectors", "%" PRIu64, v->sectors);
    /* Written again, it makes the front end look at the size again. */
    if (store_read_number(w->d->xs, w->t, &state, "%s/state", w->d->back) && state == 4)
        put(w, "state", "4");
    take_away(w, "resize");
    take_away(w, "resize-error");
}

static int resize(struct vbd *v, const char *wish, struct failure *failure)
{
    char *end;
    unsigned long long bytes = strtoull(wish, &end, 10);

    if (v->behind != BEHIND_IMAGE)
        return failure_set(failure, "only raw images and block devices can change their size while they are used");
    if (!strcmp(wish, "reread"))
        return disk_image_measure(&v->image, failure);
    if (*end || end == wish)
        return failure_set(failure, "resize: '%s' is neither a number of bytes nor \"reread\"", wish);
    return disk_image_resize(&v->image, bytes, failure);
}

static void say_resize_error(const struct device *d, const struct failure *failure)
{
    char path[160];

    snprintf(path, sizeof(path), "%s/resize-error", d->back);
    store_write(d->xs, XBT_NULL, path, failure->text);
    snprintf(path, sizeof(path), "%s/resize", d->back);
    xs_rm(d->xs, XBT_NULL, path);
}

static int change(struct device *d, struct worker_message *m, int *files, unsigned *count, struct failure *failure)
{
    struct vbd *v = d->of_kind;
    struct failure why = {""};
    char *wish = store_read(d->xs, XBT_NULL, "%s/resize", d->back);
    int result;

    (void)files, (void)count, (void)failure;
    if (!wish)
        return 0;
    result = resize(v, wish, &why);
    free(wish);
    if (result) { /* of the asker, not of the device: it goes on */
        say_resize_error(d, &why);
        return 0;
    }
    v->sectors = v->image.bytes / SECTOR;
    m->block = (struct worker_block){.sectors = v->sectors};
    return 1;
}

static void changed(struct device *d)
{
    struct failure failure = {""};

    write_all(d, put_size, &failure);
}

const struct device_kind vbd_kind = {
    .name = "vbd",
    .back = "haven-vbd",
    .worker = "hvblock",
    .worker_of = worker_of,
    .open = open_vbd,
    .close = close_vbd,
    .connect = connect_vbd,
    .connected = connected,
    .let_go = let_go,
    .change = change,
    .changed = changed,
};
