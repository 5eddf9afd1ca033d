/* SPDX-License-Identifier: MIT
 *
 * See store.h.
 */
#include "front/store.h"
#include "front/port.h"

#include "events.h"
#include "guest.h"
#include "memory.h"

#include <xen/io/xs_wire.h>

#define EVENTS_MAX 32u
#define TOKEN_MAX  32u

static volatile struct xenstore_domain_interface *ring;
static uint32_t port;
static uint32_t last_request;

static char body[XENSTORE_PAYLOAD_MAX + 1]; /* of the latest message, ended by a zero */

struct event {
    char path[STORE_PATH_MAX];
    char token[TOKEN_MAX];
};
static struct event events[EVENTS_MAX];
static unsigned first_event, event_count_now, events_lost;

bool store_init(void)
{
    if (!start_info->store_mfn || start_info->flags & SIF_INITDOMAIN)
        return false;
    ring = mfn_to_va(start_info->store_mfn);
    port = start_info->store_evtchn;
    return true;
}

/* ---- bytes ---- */
/* The server may be restarted meanwhile: look again once a second, in case that an event was lost with it. */
static void wait_a_while(void)
{
    port_wait(port, port_deadline(1000));
}

static void put_bytes(const void *from, size_t count)
{
    const char *at = from;

    while (count) {
        if (ring->req_prod - ring->req_cons >= XENSTORE_RING_SIZE) {
            event_send(port);
            wait_a_while();
            continue;
        }
        ring->req[MASK_XENSTORE_IDX(ring->req_prod)] = *at++;
        mb();
        ring->req_prod = ring->req_prod + 1;
        count--;
    }
}

static bool bytes_waiting(void)
{
    return ring->rsp_prod != ring->rsp_cons;
}

/* Drops what does not fit into size. */
static void get_bytes(void *to, size_t size, size_t count)
{
    char *at = to;

    for (size_t i = 0; i < count; i++) {
        while (!bytes_waiting())
            wait_a_while();
        mb();
        if (i < size)
            at[i] = ring->rsp[MASK_XENSTORE_IDX(ring->rsp_cons)];
        mb();
        ring->rsp_cons = ring->rsp_cons + 1;
        if (ring->rsp_prod - ring->rsp_cons == XENSTORE_RING_SIZE - 1)
            event_send(port); /* it was full */
    }
    event_send(port);
}

/* ---- messages ---- */
static void copy_text(char *to, const char *from, size_t size)
{
    size_t length = strlen(from);

    if (!size)
        return;
    if (length > size - 1)
        length = size - 1;
    memcpy(to, from, length);
    to[length] = 0;
}

/* The body holds a path and a token. One that waits already says it all. */
static void keep_event(size_t length)
{
    const char *path = body, *token = body + strlen(body) + 1;
    struct event *event;

    if (token > body + length)
        return;
    for (unsigned i = 0; i < event_count_now; i++) {
        event = &events[(first_event + i) % EVENTS_MAX];
        if (!strcmp(event->path, path) && !strcmp(event->token, token))
            return;
    }
    if (event_count_now == EVENTS_MAX) {
        events_lost++;
        return;
    }
    event = &events[(first_event + event_count_now++) % EVENTS_MAX];
    copy_text(event->path, path, sizeof(event->path));
    copy_text(event->token, token, sizeof(event->token));
}

/* One message: an event goes into the queue; of an answer, the header comes back. */
static bool receive(struct xsd_sockmsg *header)
{
    get_bytes(header, sizeof(*header), sizeof(*header));
    if (header->len > XENSTORE_PAYLOAD_MAX)
        report_error("the store sent %u bytes in one message", header->len);
    get_bytes(body, sizeof(body), header->len);
    body[header->len] = 0;
    if (header->type != XS_WATCH_EVENT)
        return true;
    keep_event(header->len);
    return false;
}

static long error_number(const char *name)
{
    static const struct {
        const char *name;
        int number;
    } errors[] = {
        {"ENOENT", XEN_ENOENT}, {"EACCES", XEN_EACCES}, {"EAGAIN", XEN_EAGAIN}, {"EEXIST", XEN_EEXIST},
        {"EINVAL", XEN_EINVAL}, {"ENOSPC", XEN_ENOSPC}, {"ENOSYS", XEN_ENOSYS}, {"ENOMEM", XEN_ENOMEM},
        {"E2BIG", XEN_E2BIG},   {"EBUSY", XEN_EBUSY},   {"EPERM", XEN_EPERM},   {"EISDIR", XEN_EISDIR},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(errors); i++)
        if (!strcmp(name, errors[i].name))
            return -errors[i].number;
    return -XEN_EIO;
}

long store_request(uint32_t type, uint32_t transaction, const void *text, size_t length, char *reply, size_t size)
{
    struct xsd_sockmsg header = {.type = type, .req_id = ++last_request, .tx_id = transaction, .len = (uint32_t)length};

    if (length > XENSTORE_PAYLOAD_MAX)
        return -XEN_E2BIG;
    put_bytes(&header, sizeof(header));
    put_bytes(text, length);
    event_send(port);
    while (!receive(&header) || header.req_id != last_request)
        ;
    if (header.type == XS_ERROR)
        return error_number(body);
    if (size) {
        memcpy(reply, body, header.len < size ? header.len : size - 1);
        reply[header.len < size ? header.len : size - 1] = 0;
    }
    return (long)header.len;
}

/* ---- the requests ---- */
static long request_path(uint32_t type, uint32_t transaction, const char *path, char *reply, size_t size)
{
    return store_request(type, transaction, path, strlen(path) + 1, reply, size);
}

/* first, a zero, second, and (ended) another zero */
static long request_two(uint32_t type, uint32_t transaction, const char *first, const char *second, bool ended)
{
    static char text[XENSTORE_PAYLOAD_MAX];
    size_t length = strlen(first) + 1, more = strlen(second) + ended;
    long ret;

    if (length + more > sizeof(text))
        return -XEN_E2BIG;
    memcpy(text, first, length);
    memcpy(text + length, second, more);
    ret = store_request(type, transaction, text, length + more, NULL, 0);
    return ret < 0 ? ret : 0;
}

long store_read(uint32_t transaction, const char *path, char *value, size_t size)
{
    return request_path(XS_READ, transaction, path, value, size);
}

long store_directory(uint32_t transaction, const char *path, char *names, size_t size)
{
    return request_path(XS_DIRECTORY, transaction, path, names, size);
}

long store_write(uint32_t transaction, const char *path, const char *value)
{
    return request_two(XS_WRITE, transaction, path, value, false);
}

long store_remove(uint32_t transaction, const char *path)
{
    long ret = request_path(XS_RM, transaction, path, NULL, 0);

    return ret < 0 ? ret : 0;
}

long store_begin(uint32_t *transaction)
{
    char number[16];
    long ret = store_request(XS_TRANSACTION_START, STORE_OUTSIDE, "", 1, number, sizeof(number));

    if (ret < 0)
        return ret;
    *transaction = 0;
    for (const char *c = number; *c >= '0' && *c <= '9'; c++)
        *transaction = *transaction * 10 + (uint32_t)(*c - '0');
    return 0;
}

long store_end(uint32_t transaction, bool commit)
{
    long ret = store_request(XS_TRANSACTION_END, transaction, commit ? "T" : "F", 2, NULL, 0);

    return ret < 0 ? ret : 0;
}

long store_watch(const char *path, const char *token)
{
    return request_two(XS_WATCH, STORE_OUTSIDE, path, token, true);
}

long store_unwatch(const char *path, const char *token)
{
    return request_two(XS_UNWATCH, STORE_OUTSIDE, path, token, true);
}

/* ---- events ---- */
bool store_event(char *path, size_t path_size, char *token, size_t token_size, uint64_t until)
{
    struct xsd_sockmsg header;
    struct event *event = &events[first_event];

    while (!event_count_now) {
        if (bytes_waiting())
            receive(&header); /* an answer now would be one that nobody waits for */
        else if (!port_wait(port, until) && !bytes_waiting())
            return false;
    }
    first_event = (first_event + 1) % EVENTS_MAX;
    event_count_now--;
    if (path)
        copy_text(path, event->path, path_size);
    if (token)
        copy_text(token, event->token, token_size);
    return true;
}

unsigned store_events_lost(void)
{
    return events_lost;
}
