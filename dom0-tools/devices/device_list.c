/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See device_list.h. */
#include "devices/device_list.h"

#include "config/disk.h"
#include "config/vif.h"
#include "libhv/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare_ids(const void *a, const void *b)
{
    const struct device_ref *one = a, *other = b;

    return (one->id > other->id) - (one->id < other->id);
}

/* A folder's name as the id that it stands for. */
static bool parse_id(const char *name, uint32_t *id)
{
    char *end;
    unsigned long n = strtoul(name, &end, 10);

    if (*name < '0' || *name > '9' || *end || n > UINT32_MAX)
        return false;
    *id = (uint32_t)n;
    return true;
}

/* Appends the devices below one back end. */
static int append(struct xs_handle *xs, xs_transaction_t t, struct device_ref ref, struct device_ref **list, int count)
{
    char path[DEVICE_PATH_MAX];
    unsigned n = 0;

    snprintf(path, sizeof(path), "/local/domain/0/backend/%s/%u", ref.back, ref.domid);
    char **names = xs_directory(xs, t, path, &n);
    struct device_ref *grown = n ? realloc(*list, ((size_t)count + n) * sizeof(**list)) : NULL;
    if (n && !grown)
        count = -1;
    if (grown)
        *list = grown;
    for (unsigned i = 0; i < n && count >= 0; i++)
        if (parse_id(names[i], &ref.id))
            (*list)[count++] = ref;
    free(names);
    return count;
}

int device_list(struct xs_handle *xs, xs_transaction_t t, unsigned domid, enum device_class class,
                struct device_ref **list)
{
    int count = 0;

    *list = NULL;
    for (unsigned i = 0; i < device_backs_count && count >= 0; i++)
        if (device_backs[i].class == class)
            count = append(xs, t, (struct device_ref){.class = class, .back = device_backs[i].name, .domid = domid},
                           list, count);
    if (count > 0)
        qsort(*list, (size_t)count, sizeof(**list), compare_ids);
    return count;
}

static bool has_mac(struct xs_handle *xs, const struct device_ref *ref, const uint8_t mac[6])
{
    char *text = device_read_back(xs, ref, "mac");
    uint8_t its[6];
    bool same = text && vif_mac_parse(text, its) == 0 && memcmp(its, mac, sizeof(its)) == 0;

    free(text);
    return same;
}

bool device_find(struct xs_handle *xs, unsigned domid, enum device_class class, const char *name,
                 struct device_ref *ref)
{
    struct device_ref *list;
    uint8_t mac[6];
    bool by_mac = class == DEVICE_NET && vif_mac_parse(name, mac) == 0, found = false;
    uint32_t devid;
    int64_t id = -1;

    if (class == DEVICE_BLOCK)
        id = disk_device_number(name);
    else if (parse_id(name, &devid))
        id = devid;
    int count = device_list(xs, XBT_NULL, domid, class, &list);
    for (int i = 0; i < count && !found; i++) {
        found = by_mac ? has_mac(xs, &list[i], mac) : list[i].id == id;
        if (found)
            *ref = list[i];
    }
    free(list);
    return found;
}

char *device_read_back(struct xs_handle *xs, const struct device_ref *ref, const char *node)
{
    char path[DEVICE_PATH_MAX];

    device_ref_back(ref, path);
    return store_read(xs, XBT_NULL, "%s/%s", path, node);
}

char *device_read_front(struct xs_handle *xs, const struct device_ref *ref, const char *node)
{
    char path[DEVICE_PATH_MAX];

    device_ref_front(ref, path);
    return store_read(xs, XBT_NULL, "%s/%s", path, node);
}

static int64_t take_number(char *text, int64_t otherwise)
{
    char *end;
    int64_t n = otherwise;

    if (text && *text >= '0' && *text <= '9') {
        n = strtoll(text, &end, 10);
        if (*end)
            n = otherwise;
    }
    free(text);
    return n;
}

int64_t device_back_number(struct xs_handle *xs, const struct device_ref *ref, const char *node, int64_t otherwise)
{
    return take_number(device_read_back(xs, ref, node), otherwise);
}

int64_t device_front_number(struct xs_handle *xs, const struct device_ref *ref, const char *node, int64_t otherwise)
{
    return take_number(device_read_front(xs, ref, node), otherwise);
}

static enum device_state state_of(int64_t number)
{
    return number >= DEVICE_STATE_INITIALISING && number <= DEVICE_STATE_RECONFIGURED ? (enum device_state)number
                                                                                      : DEVICE_STATE_NONE;
}

enum device_state device_back_state(struct xs_handle *xs, const struct device_ref *ref)
{
    return state_of(device_back_number(xs, ref, "state", 0));
}

enum device_state device_front_state(struct xs_handle *xs, const struct device_ref *ref)
{
    return state_of(device_front_number(xs, ref, "state", 0));
}

const char *device_state_name(enum device_state state)
{
    static const char *const names[] = {"none",    "initialising", "init-wait",     "initialised", "connected",
                                        "closing", "closed",       "reconfiguring", "reconfigured"};

    return names[state];
}
