/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See balloon.h. */
#include "guest/balloon.h"
#include "guest/balloon_progress.h"
#include "guest/memory_events.h"
#include "guest/memory_state.h"
#include "guest/store_layout.h"
#include "libhv/domain.h"
#include "libhv/store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIB_PER_PAGE 4u

static uint64_t target_node_value(struct xs_handle *xs, unsigned domid, uint64_t kib)
{
    uint64_t video = memory_state_node(xs, XBT_NULL, domid, "videoram", 0);

    return kib > video ? kib - video : 0;
}

int balloon_set_target(struct hypervisor *hv, struct xs_handle *xs, unsigned domid, uint64_t kib,
                       struct failure *failure)
{
    char path[64], value[24];

    if (domain_set_max_memory(hv, domid, kib + BALLOON_SLACK_KIB))
        return failure_errno(failure, "setting the memory limit of domain %u", domid);
    snprintf(path, sizeof(path), STORE_GUEST "/memory/target", domid);
    snprintf(value, sizeof(value), "%" PRIu64, target_node_value(xs, domid, kib));
    if (!store_write(xs, XBT_NULL, path, value))
        return failure_errno(failure, "writing %s to the store", path);
    return 0;
}

const char *balloon_end_name(enum balloon_end end)
{
    static const char *const names[] = {
        [BALLOON_END_REACHED] = "reached", [BALLOON_END_STALLED] = "stalled",     [BALLOON_END_TIME] = "timeout",
        [BALLOON_END_GONE] = "gone",       [BALLOON_END_OVERRULED] = "overruled",
    };
    return names[end];
}

/* ---- why not ---- */

/* Kernels that listen to the store say what they can be asked for. */
static bool listens_to_store(struct xs_handle *xs, unsigned domid)
{
    static const char *const nodes[] = {"feature-balloon", "feature-poweroff", "feature-reboot", "feature-suspend"};
    bool listens = domid == 0;

    for (unsigned i = 0; i < sizeof(nodes) / sizeof(nodes[0]) && !listens; i++) {
        char *text = store_read(xs, XBT_NULL, STORE_GUEST "/control/%s", domid, nodes[i]);
        listens = text && *text;
        free(text);
    }
    return listens;
}

static uint64_t free_kib(struct hypervisor *hv)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_physinfo};
    const struct xen_sysctl_physinfo *p = &op.u.physinfo;

    if (hypervisor_sysctl(hv, &op) < 0 || p->free_pages < p->outstanding_pages)
        return 0;
    return (p->free_pages - p->outstanding_pages) * KIB_PER_PAGE;
}

void balloon_explain(struct hypervisor *hv, struct xs_handle *xs, unsigned domid, uint64_t current_kib, uint64_t kib,
                     bool moved, char *reason, size_t size)
{
    domain_info info;
    bool grows = kib > current_kib;
    uint64_t there = grows ? free_kib(hv) : 0;

    if (domain_get_info(hv, domid, &info))
        snprintf(reason, size, "it is gone");
    else if (info.flags & XEN_DOMINF_shutdown)
        snprintf(reason, size, "it is shut down (%s)", domain_shutdown_name(domain_shutdown_code(&info)));
    else if (info.flags & XEN_DOMINF_paused)
        snprintf(reason, size, "it is paused");
    else if (!listens_to_store(xs, domid))
        snprintf(reason, size,
                 "its kernel does not listen to the store (no control/feature-*): it has no balloon driver, or is not "
                 "up yet");
    else if (grows && there < BALLOON_TOLERANCE_KIB)
        snprintf(reason, size, "the host has no more free memory");
    else if (grows)
        snprintf(reason, size, "its kernel takes no more%s",
                 moved ? "" : " (memory beyond the size at boot must be put online in the guest)");
    else if (moved)
        snprintf(reason, size, "the rest of its memory is in use");
    else
        snprintf(reason, size, "its memory is in use, or its kernel has no balloon driver");
}

/* ---- waiting ---- */

struct watched {
    struct hypervisor *hv;
    struct xs_handle *xs;
    unsigned domid;
    uint64_t kib;
    int64_t deadline;
    bool overruled; /* as of the last event of the store */
};

static void look_at_target(struct watched *w)
{
    uint64_t target = target_node_value(w->xs, w->domid, w->kib);

    w->overruled = memory_state_node(w->xs, XBT_NULL, w->domid, "target", target) != target;
}

/* True: there is nothing more to wait for. */
static bool look(const struct watched *w, struct balloon_progress *p, struct balloon_result *r)
{
    int64_t now = store_now_ms();
    domain_info info;

    if (domain_get_info(w->hv, w->domid, &info) || (info.flags & XEN_DOMINF_dying)) {
        r->end = BALLOON_END_GONE;
        return true;
    }
    r->reached_kib = info.tot_pages * KIB_PER_PAGE;
    enum balloon_state state = balloon_progress_step(p, r->reached_kib, now, BALLOON_STALL_MS);
    if (state == BALLOON_REACHED)
        r->end = BALLOON_END_REACHED;
    else if (w->overruled)
        r->end = BALLOON_END_OVERRULED;
    else if (state == BALLOON_STALLED)
        r->end = BALLOON_END_STALLED;
    else if (info.flags & XEN_DOMINF_shutdown)
        r->end = BALLOON_END_STALLED;
    else if (now >= w->deadline)
        r->end = BALLOON_END_TIME;
    else
        return false;
    return true;
}

static void give_reason(const struct watched *w, const struct balloon_progress *p, struct balloon_result *r)
{
    switch (r->end) {
    case BALLOON_END_REACHED:
        break;
    case BALLOON_END_GONE:
        snprintf(r->reason, sizeof(r->reason), "it is gone");
        break;
    case BALLOON_END_OVERRULED:
        snprintf(r->reason, sizeof(r->reason), "somebody set another target meanwhile");
        break;
    case BALLOON_END_STALLED:
    case BALLOON_END_TIME:
        if (r->end == BALLOON_END_TIME && balloon_progress_any(p))
            snprintf(r->reason, sizeof(r->reason), "it is still at it");
        else
            balloon_explain(w->hv, w->xs, w->domid, r->reached_kib, w->kib, balloon_progress_any(p), r->reason,
                            sizeof(r->reason));
        break;
    }
}

static int wait_until_end(struct watched *w, struct memory_events *events, struct balloon_result *r)
{
    struct balloon_progress p;
    domain_info info;

    *r = (struct balloon_result){.end = BALLOON_END_GONE};
    if (domain_get_info(w->hv, w->domid, &info) == 0)
        balloon_progress_start(&p, w->kib, info.tot_pages * KIB_PER_PAGE, store_now_ms());
    else
        balloon_progress_start(&p, w->kib, w->kib, 0);
    while (!look(w, &p, r)) {
        int64_t until = p.advanced_ms + BALLOON_STALL_MS;
        int what = memory_events_wait(events, until < w->deadline ? until : w->deadline);
        if (what < 0)
            return -1;
        if (what & MEMORY_EVENT_STORE)
            look_at_target(w);
    }
    give_reason(w, &p, r);
    return 0;
}

int balloon_wait(struct hypervisor *hv, struct xs_handle *xs, unsigned domid, uint64_t kib, int64_t timeout_ms,
                 struct balloon_result *result, struct failure *failure)
{
    struct watched w = {.hv = hv, .xs = xs, .domid = domid, .kib = kib, .deadline = store_now_ms() + timeout_ms};
    struct memory_events *events;
    char target[64];

    snprintf(target, sizeof(target), STORE_GUEST "/memory/target", domid);
    if (!xs_watch(xs, "@releaseDomain", "balloon") || !xs_watch(xs, target, "balloon"))
        return failure_errno(failure, "watching the store");
    events = memory_events_open(hv, xs);
    if (!events)
        return failure_errno(failure, "waiting for a balloon");
    int r = wait_until_end(&w, events, result);
    int error = errno;
    memory_events_close(events);
    xs_unwatch(xs, "@releaseDomain", "balloon");
    xs_unwatch(xs, target, "balloon");
    errno = error;
    return r ? failure_errno(failure, "waiting for the balloon of domain %u", domid) : 0;
}
