/* SPDX-License-Identifier: MIT
 *
 * See xenbus.h.
 */
#include "front/xenbus.h"
#include "front/grants.h"
#include "front/port.h"
#include "front/store.h"

#include "guest.h"
#include "memory.h"

#define CLOSE_MS 60000u

static bool number_of(const char *text, uint64_t *number)
{
    const char *at = text;

    for (*number = 0; *at >= '0' && *at <= '9'; at++)
        *number = *number * 10 + (uint64_t)(*at - '0');
    return at != text && !*at;
}

unsigned xenbus_list(const char *kind, unsigned *ids, unsigned max)
{
    char folder[STORE_PATH_MAX], names[1024];
    unsigned found = 0;
    uint64_t id;
    long length;

    snprintf(folder, sizeof(folder), "device/%s", kind);
    length = store_directory(STORE_OUTSIDE, folder, names, sizeof(names));
    for (const char *name = names; name < names + length && found < max; name += strlen(name) + 1)
        if (number_of(name, &id))
            ids[found++] = (unsigned)id;
    return found;
}

long xenbus_open(struct xenbus_device *device, const char *kind, unsigned id)
{
    char state[STORE_PATH_MAX];
    long ret;

    *device = (struct xenbus_device){.id = id};
    snprintf(device->front, sizeof(device->front), "device/%s/%u", kind, id);
    ret = xenbus_read(device->front, "backend", device->back, sizeof(device->back));
    if (ret < 0)
        return ret;
    device->back_domid = (domid_t)xenbus_number(device->front, "backend-id", 0);
    snprintf(state, sizeof(state), "%s/state", device->back);
    ret = store_watch(state, device->front);
    if (ret && ret != -XEN_EEXIST)
        return ret;
    return xenbus_set_state(device, XenbusStateInitialising);
}

long xenbus_read(const char *folder, const char *node, char *value, size_t size)
{
    char path[STORE_PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", folder, node);
    return store_read(STORE_OUTSIDE, path, value, size);
}

uint64_t xenbus_number(const char *folder, const char *node, uint64_t otherwise)
{
    char text[32];
    uint64_t number;

    if (xenbus_read(folder, node, text, sizeof(text)) < 0 || !number_of(text, &number))
        return otherwise;
    return number;
}

long xenbus_set_state(const struct xenbus_device *device, XenbusState state)
{
    char path[STORE_PATH_MAX], number[8];

    snprintf(path, sizeof(path), "%s/state", device->front);
    snprintf(number, sizeof(number), "%u", state);
    return store_write(STORE_OUTSIDE, path, number);
}

XenbusState xenbus_back_state(const struct xenbus_device *device)
{
    return (XenbusState)xenbus_number(device->back, "state", XenbusStateUnknown);
}

bool xenbus_wait(const struct xenbus_device *device, unsigned states, unsigned milliseconds)
{
    uint64_t until = port_deadline(milliseconds);

    while (!(1u << (xenbus_back_state(device) & 31) & states))
        if (!store_event(NULL, 0, NULL, 0, until))
            return 1u << (xenbus_back_state(device) & 31) & states;
    return true;
}

long xenbus_wait_connected(const struct xenbus_device *device, unsigned milliseconds)
{
    if (!xenbus_wait(device, XENBUS_IS(Connected) | XENBUS_IS(Closing) | XENBUS_IS(Closed), milliseconds))
        return -XEN_ETIMEDOUT;
    return xenbus_back_state(device) == XenbusStateConnected ? 0 : -XEN_ECONNREFUSED;
}

void xenbus_add_text(struct xenbus_nodes *nodes, const char *name, const char *value)
{
    struct xenbus_node *node = &nodes->node[nodes->count++];

    snprintf(node->name, sizeof(node->name), "%s", name);
    snprintf(node->value, sizeof(node->value), "%s", value);
}

void xenbus_add(struct xenbus_nodes *nodes, const char *name, uint64_t value)
{
    char number[24];

    snprintf(number, sizeof(number), "%lu", value);
    xenbus_add_text(nodes, name, number);
}

static long write_all(const struct xenbus_device *device, const struct xenbus_nodes *nodes, uint32_t transaction)
{
    char path[STORE_PATH_MAX];
    long ret = 0;

    for (unsigned i = 0; i < nodes->count && !ret; i++) {
        snprintf(path, sizeof(path), "%s/%s", device->front, nodes->node[i].name);
        ret = store_write(transaction, path, nodes->node[i].value);
    }
    return ret;
}

long xenbus_publish(const struct xenbus_device *device, const struct xenbus_nodes *nodes, XenbusState state)
{
    uint32_t transaction;
    long ret;

    do {
        ret = store_begin(&transaction);
        if (ret)
            return ret;
        ret = write_all(device, nodes, transaction);
        if (ret) {
            store_end(transaction, false);
            return ret;
        }
        ret = store_end(transaction, true);
    } while (ret == -XEN_EAGAIN);
    return ret ? ret : xenbus_set_state(device, state);
}

bool xenbus_close(const struct xenbus_device *device)
{
    const unsigned ended = XENBUS_IS(Closed) | XENBUS_IS(Unknown);

    xenbus_set_state(device, XenbusStateClosing);
    xenbus_wait(device, XENBUS_IS(Closing) | ended, CLOSE_MS);
    xenbus_set_state(device, XenbusStateClosed);
    return xenbus_wait(device, ended | XENBUS_IS(InitWait), CLOSE_MS);
}

void xenbus_ring_open(struct xenbus_ring *ring, domid_t back, unsigned pages, uint32_t slot_size)
{
    ring->pages = pages;
    ring->page = pages == 1 ? page_alloc() : pages_alloc(pages);
    for (unsigned i = 0; i < pages; i++)
        ring->grant[i] = grant_give(back, (char *)ring->page + i * PAGE_SIZE, false);
    ring_init(&ring->ring, ring->page, (uint32_t)(pages * PAGE_SIZE), slot_size);
}

bool xenbus_ring_close(struct xenbus_ring *ring)
{
    bool all = true;

    for (unsigned i = 0; i < ring->pages; i++) {
        if (grant_take_back(ring->grant[i]))
            page_free((char *)ring->page + i * PAGE_SIZE);
        else
            all = false;
    }
    ring->pages = 0;
    return all;
}
