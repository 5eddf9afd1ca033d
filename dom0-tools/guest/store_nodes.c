/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See store_nodes.h. Names and permissions are those that guests and Debian's xl expect. A new node inherits the
 * permissions of the one above it, so each is set once, at the top of its tree.
 */
#include "guest/store_nodes.h"
#include "devices/device_nodes.h"
#include "guest/store_layout.h"
#include "guest/stored_config.h"
#include "libhv/store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ATTEMPTS      100
#define CONSOLE_LIMIT "1048576" /* bytes that xenconsoled keeps for a console that nobody reads */

#define BACKEND_CONSOLE "/local/domain/0/backend/console/%u"

struct writer {
    struct xs_handle *xs;
    xs_transaction_t t;
    char base[128]; /* what paths are relative to */
    bool failed;    /* and errno says why: nothing is written any more */
};

static void set_base(struct writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct writer *w, const char *node, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void set_base(struct writer *w, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(w->base, sizeof(w->base), format, args);
    va_end(args);
}

static void put(struct writer *w, const char *node, const char *format, ...)
{
    char path[256], value[512];
    va_list args;

    if (w->failed)
        return;
    va_start(args, format);
    vsnprintf(value, sizeof(value), format, args);
    va_end(args);
    snprintf(path, sizeof(path), "%s/%s", w->base, node);
    w->failed = !store_write(w->xs, w->t, path, value);
}

/* An empty node ("": the base itself) that dom0 owns and reader may read; DOMID 0: nobody but dom0. */
static void make_readable(struct writer *w, const char *node, unsigned reader)
{
    struct xs_permissions p[2] = {{.id = 0, .perms = XS_PERM_NONE}, {.id = reader, .perms = XS_PERM_READ}};
    char path[256];

    if (w->failed)
        return;
    snprintf(path, sizeof(path), "%s%s%s", w->base, node[0] ? "/" : "", node);
    w->failed = !xs_mkdir(w->xs, w->t, path) || !xs_set_permissions(w->xs, w->t, path, p, reader ? 2 : 1);
}

/* An empty node that the guest owns. */
static void make_guests_own(struct writer *w, const char *node, unsigned guest)
{
    struct xs_permissions p = {.id = guest, .perms = XS_PERM_NONE};
    char path[256];

    if (w->failed)
        return;
    snprintf(path, sizeof(path), "%s/%s", w->base, node);
    w->failed = !xs_mkdir(w->xs, w->t, path) || !xs_set_permissions(w->xs, w->t, path, &p, 1);
}

static void write_guest(struct writer *w, const struct store_facts *f)
{
    static const char *const guests_own[] = {
        "control/shutdown",
        "control/sysrq",
        "control/feature-poweroff",
        "control/feature-reboot",
        "control/feature-suspend",
        "device/suspend/event-channel",
        "data",
        "drivers",
        "feature",
        "attr",
        "error",
    };
    const struct guest_config *c = f->config;

    set_base(w, STORE_GUEST, f->domid);
    make_readable(w, "", f->domid);
    put(w, "name", "%s", c->name);
    put(w, "vm", STORE_VM, f->uuid);
    put(w, "domid", "%u", f->domid);
    put(w, "memory/static-max", "%" PRIu64, (uint64_t)c->max_memory_mib << 10);
    put(w, "memory/target", "%" PRIu64, (uint64_t)c->memory_mib << 10);
    put(w, "memory/videoram", "0");
    put(w, "store/port", "%" PRIu32, f->store_port);
    put(w, "store/ring-ref", "%" PRIu64, f->store_frame);
    put(w, "control/platform-feature-multiprocessor-suspend", "1");
    put(w, "control/platform-feature-xs_reset_watches", "1");
    for (unsigned i = 0; i < c->max_vcpus; i++) {
        char node[32];
        snprintf(node, sizeof(node), "cpu/%u/availability", i);
        put(w, node, i < c->vcpus ? "online" : "offline");
    }
    for (unsigned i = 0; i < sizeof(guests_own) / sizeof(guests_own[0]); i++)
        make_guests_own(w, guests_own[i], f->domid);
}

/* The console is a device with a back end in dom0, of which its daemon needs only the front end's nodes. */
static void write_console(struct writer *w, const struct store_facts *f)
{
    set_base(w, STORE_GUEST "/console", f->domid);
    put(w, "backend", BACKEND_CONSOLE "/0", f->domid);
    put(w, "backend-id", "0");
    put(w, "limit", CONSOLE_LIMIT);
    put(w, "type", "xenconsoled");
    put(w, "output", "pty");
    put(w, "tty", "%s", "");
    put(w, "port", "%" PRIu32, f->console_port);
    put(w, "ring-ref", "%" PRIu64, f->console_frame);

    set_base(w, BACKEND_CONSOLE, f->domid);
    make_readable(w, "0", f->domid);
    put(w, "0/frontend", STORE_GUEST "/console", f->domid);
    put(w, "0/frontend-id", "%u", f->domid);
    put(w, "0/online", "1");
    put(w, "0/state", "1");
    put(w, "0/protocol", "vt100");
}

static void write_for_tools(struct writer *w, const struct store_facts *f)
{
    set_base(w, STORE_VM, f->uuid);
    make_readable(w, "", f->domid);
    put(w, "uuid", "%s", f->uuid);
    put(w, "name", "%s", f->config->name);
    put(w, "start_time", "%lld.00", (long long)time(NULL));

    set_base(w, STORE_LIBXL, f->domid);
    make_readable(w, "", 0);
    put(w, "type", "pv");
    put(w, "device/console/0/frontend", STORE_GUEST "/console", f->domid);
    put(w, "device/console/0/backend", BACKEND_CONSOLE "/0", f->domid);
}

/* An update may take it away, too. */
static void write_memory_min(struct writer *w, unsigned domid, uint32_t mib)
{
    char path[64];

    snprintf(path, sizeof(path), STORE_OURS "/memory_min", domid);
    if (mib)
        put(w, "memory_min", "%" PRIu64, (uint64_t)mib << 10);
    else if (!w->failed && store_exists(w->xs, w->t, "%s", path))
        w->failed = !xs_rm(w->xs, w->t, path);
}

static void write_config(struct writer *w, unsigned domid, const struct guest_config *c)
{
    set_base(w, STORE_OURS, domid);
    put(w, "on_poweroff", "%s", guest_action_name(c->on_poweroff));
    put(w, "on_reboot", "%s", guest_action_name(c->on_reboot));
    put(w, "on_crash", "%s", guest_action_name(c->on_crash));
    write_memory_min(w, domid, c->min_memory_mib);
    put(w, "on_watchdog", "%s", guest_action_name(c->on_watchdog));
    if (!w->failed)
        w->failed = !stored_config_write(w->xs, w->t, w->base, c->text ? c->text : "");
}

static void write_new_guest(struct writer *w, const void *context)
{
    const struct store_facts *f = context;

    write_guest(w, f);
    write_console(w, f);
    write_for_tools(w, f);
    set_base(w, STORE_OURS, f->domid);
    make_readable(w, "", 0);
    put(w, "uuid", "%s", f->uuid);
    write_config(w, f->domid, f->config);
}

/* One transaction, again and again until nobody comes between. */
static int write_all(struct xs_handle *xs, void (*write)(struct writer *w, const void *context), const void *context,
                     struct failure *failure)
{
    for (unsigned i = 0; i < ATTEMPTS; i++) {
        struct writer w = {.xs = xs, .t = xs_transaction_start(xs)};
        if (w.t == XBT_NULL)
            return failure_errno(failure, "the store (is xenstored running?)");
        write(&w, context);
        if (w.failed) {
            failure_errno(failure, "writing to the store, below %s", w.base);
            xs_transaction_end(xs, w.t, true);
            return -1;
        }
        if (xs_transaction_end(xs, w.t, false))
            return 0;
        if (errno != EAGAIN)
            return failure_errno(failure, "writing to the store");
    }
    return failure_set(failure, "the store is too busy");
}

int store_nodes_write(struct xs_handle *xs, const struct store_facts *facts, struct failure *failure)
{
    return write_all(xs, write_new_guest, facts, failure);
}

static void write_update(struct writer *w, const void *context)
{
    const struct store_facts *f = context;

    write_config(w, f->domid, f->config);
}

int store_nodes_update(struct xs_handle *xs, unsigned domid, const struct guest_config *config, struct failure *failure)
{
    const struct store_facts facts = {.config = config, .domid = domid};

    return write_all(xs, write_update, &facts, failure);
}

static void remove_node(struct xs_handle *xs, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void remove_node(struct xs_handle *xs, const char *format, ...)
{
    char path[256];
    va_list args;

    va_start(args, format);
    vsnprintf(path, sizeof(path), format, args);
    va_end(args);
    xs_rm(xs, XBT_NULL, path);
}

void store_nodes_remove(struct xs_handle *xs, unsigned domid, const char *uuid)
{
    char *vm = store_read(xs, XBT_NULL, STORE_GUEST "/vm", domid);

    if (uuid)
        remove_node(xs, STORE_VM, uuid);
    else if (vm && strncmp(vm, "/vm/", 4) == 0 && !strchr(vm + 4, '/'))
        remove_node(xs, "%s", vm);
    free(vm);
    remove_node(xs, STORE_GUEST, domid);
    remove_node(xs, STORE_LIBXL, domid);
    remove_node(xs, BACKEND_CONSOLE, domid);
    device_nodes_remove_all(xs, domid);
    remove_node(xs, STORE_OURS, domid); /* last: as long as it is there, guest_sweep finds the rest */
}
