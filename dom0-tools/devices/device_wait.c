/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See device_wait.h. */
#include "devices/device_wait.h"
#include "devices/device_list.h"
#include "libhv/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define MANAGER_LOCK    "/run/haven/hvdriverd.pid"
#define MANAGER_SECONDS 5 /* for hvdriverd to come back, if it is not there */
#define GONE_MS         3000
#define GONE_LOOK_US    2000

/* Looks at the device: 1: what is waited for is there; 0: not yet; -1: it will not be, with the reason. */
typedef int (*look_function)(struct xs_handle *xs, const struct device_ref *ref, struct failure *failure);

static int wait_by(struct xs_handle *xs, const struct device_ref *ref, look_function look, const char *what,
                   int64_t deadline_ms, struct failure *failure)
{
    char back[DEVICE_PATH_MAX], front_error[DEVICE_PATH_MAX];
    int r, fired = 1;

    device_ref_back(ref, back);
    device_ref_front_error(ref, front_error);
    if (!xs_watch(xs, back, "device") || !xs_watch(xs, front_error, "device"))
        return failure_errno(failure, "watching the store");
    while (!(r = look(xs, ref, failure)) && fired > 0) {
        fired = store_wait(xs, deadline_ms);
        if (fired < 0)
            failure_errno(failure, "waiting for the store");
    }
    if (!r && !fired)
        failure_set(failure, "%s in time", what);
    xs_unwatch(xs, back, "device");
    xs_unwatch(xs, front_error, "device");
    return r > 0 ? 0 : -1;
}

/* ---- ready ---- */

static bool manager_is_running(void)
{
    int lock = open(MANAGER_LOCK, O_RDONLY | O_CLOEXEC);
    bool running = lock >= 0 && flock(lock, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;

    if (lock >= 0)
        close(lock);
    return running;
}

/* The text of a node, if it is there, is why the device failed. */
static int take_reason(char *text, const char *who, struct failure *failure)
{
    int r = text ? failure_set(failure, "%s%s", who, text) : 0;

    free(text);
    return r;
}

static int look_ready(struct xs_handle *xs, const struct device_ref *ref, struct failure *failure)
{
    char *status = device_read_back(xs, ref, "hotplug-status");
    bool failed = status && strcmp(status, "error") == 0;
    enum device_state state = device_back_state(xs, ref);

    free(status);
    if (failed && take_reason(device_read_back(xs, ref, "hotplug-error"), "", failure))
        return -1;
    if (failed)
        return failure_set(failure, "its back end failed and does not say why");
    if (state == DEVICE_STATE_NONE)
        return failure_set(failure, "its nodes in the store are gone");
    if (state >= DEVICE_STATE_CLOSING)
        return failure_set(failure, "its back end closes it");
    return state >= DEVICE_STATE_INIT_WAIT;
}

/* Waits for what hvdriverd does; if that does not run, no longer than it needs to come back. */
static int wait_for_manager(struct xs_handle *xs, const struct device_ref *ref, look_function look, const char *what,
                            const char *without, int64_t deadline_ms, struct failure *failure)
{
    bool alone = device_ref_is_ours(ref) && !manager_is_running();
    char text[160];

    if (alone && deadline_ms > store_now_ms() + MANAGER_SECONDS * 1000)
        deadline_ms = store_now_ms() + MANAGER_SECONDS * 1000;
    snprintf(text, sizeof(text),
             "hvdriverd, which serves it, is not running (\"hvctl host start\" starts it): it was not %s", without);
    return wait_by(xs, ref, look, alone ? text : what, deadline_ms, failure);
}

int device_wait_ready(struct xs_handle *xs, const struct device_ref *ref, int64_t deadline_ms, struct failure *failure)
{
    return wait_for_manager(xs, ref, look_ready, "its back end was not ready", "ready", deadline_ms, failure);
}

/* ---- closed ---- */

static int look_closed(struct xs_handle *xs, const struct device_ref *ref, struct failure *failure)
{
    enum device_state state = device_back_state(xs, ref);
    char path[DEVICE_PATH_MAX];

    if (state == DEVICE_STATE_CLOSED || state == DEVICE_STATE_NONE)
        return 1;
    device_ref_front_error(ref, path);
    return take_reason(store_read(xs, XBT_NULL, "%s/error", path), "the guest refuses: ", failure);
}

int device_wait_closed(struct xs_handle *xs, const struct device_ref *ref, int64_t deadline_ms, struct failure *failure)
{
    return wait_for_manager(xs, ref, look_closed, "the guest did not let go of it", "closed", deadline_ms, failure);
}

/* ---- resized ---- */

static int look_resized(struct xs_handle *xs, const struct device_ref *ref, struct failure *failure)
{
    char *resize = device_read_back(xs, ref, "resize");
    bool waiting = resize != NULL;

    free(resize);
    if (take_reason(device_read_back(xs, ref, "resize-error"), "", failure))
        return -1;
    return !waiting;
}

int device_wait_resized(struct xs_handle *xs, const struct device_ref *ref, int64_t deadline_ms,
                        struct failure *failure)
{
    return wait_for_manager(xs, ref, look_resized, "its back end did not change the size", "resized", deadline_ms,
                            failure);
}

/* ---- gone ---- */

void device_wait_gone(const struct device_ref *ref)
{
    char path[96];
    int64_t end = store_now_ms() + GONE_MS;

    snprintf(path, sizeof(path), "/sys/bus/xen-backend/devices/%s-%u-%" PRIu32, ref->back, ref->domid, ref->id);
    while (access(path, F_OK) == 0 && store_now_ms() < end)
        usleep(GONE_LOOK_US);
}
