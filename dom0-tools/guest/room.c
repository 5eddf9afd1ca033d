/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See room.h. Each round: try the claim; if it is refused, look at everybody, ask for what is missing and is not on its
 * way yet; wait for a balloon to move. A look costs many questions to the store, so there is one a second at most,
 * while the claim is tried at each event.
 *
 * Two creates may both find the same memory on its way. The first to claim has it; the other finds at its next look
 * that something is missing, and asks again. Neither asks for more than it needs itself, so nothing is taken in excess.
 */
#include "guest/room.h"
#include "build/reservation.h"
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

#define ATTEMPTS  100
#define LOOK_MS   1000
#define WAIT_MS   120000 /* in all: donors that move, but so slowly, are not waited for */
#define DONORS    64     /* of whom we remember how they do */
#define ENDING_MS 5000   /* for domains that are dying: the guest that is made again may follow itself closely */

struct donor {
    unsigned id;
    bool stuck;
    struct balloon_progress progress;
};

struct search {
    const struct room *room;
    struct donor donor[DONORS];
    unsigned donors;
    int64_t start_ms;
    char stuck[300]; /* who, and why, for the message */
};

/* ---- targets ---- */

static bool write_kib(struct xs_handle *xs, xs_transaction_t t, const char *path, uint64_t kib)
{
    char value[24];

    snprintf(value, sizeof(value), "%" PRIu64, kib);
    return store_write(xs, t, path, value);
}

/* The target goes to new_target, and the note from 'noted' to new_note, or neither. */
static bool change(struct xs_handle *xs, xs_transaction_t t, const char *uuid, unsigned domid, uint64_t new_target,
                   uint64_t new_note)
{
    char target[64], note[128];

    snprintf(target, sizeof(target), STORE_GUEST "/memory/target", domid);
    snprintf(note, sizeof(note), STORE_CREATE "/taken/%u", uuid, domid);
    return write_kib(xs, t, target, new_target) && (new_note ? write_kib(xs, t, note, new_note) : xs_rm(xs, t, note));
}

static uint64_t noted(struct xs_handle *xs, xs_transaction_t t, const char *uuid, unsigned domid)
{
    uint64_t kib;

    return store_read_number(xs, t, &kib, STORE_CREATE "/taken/%u", uuid, domid) ? kib : 0;
}

/* dom0 keeps the limit that it has: it is trusted to do what it was told. */
static void follow_with_limit(struct hypervisor *hv, unsigned domid, uint64_t target)
{
    if (domid)
        domain_set_max_memory(hv, domid, target + BALLOON_SLACK_KIB);
}

/* The domain shall have d->target now; somebody else may have changed its target meanwhile: then that counts. */
static bool ask(const struct room *r, const struct memory_domain *d)
{
    for (unsigned i = 0; i < ATTEMPTS; i++) {
        xs_transaction_t t = xs_transaction_start(r->xs);
        if (t == XBT_NULL)
            return false;
        uint64_t now = memory_state_node(r->xs, t, d->id, "target", d->current);
        bool done = now > d->target &&
                    change(r->xs, t, r->uuid, d->id, d->target, noted(r->xs, t, r->uuid, d->id) + (now - d->target));
        if (xs_transaction_end(r->xs, t, !done)) {
            if (done)
                follow_with_limit(r->hv, d->id, d->target);
            return done;
        }
        if (errno != EAGAIN)
            return false;
    }
    return false;
}

static void give_back(struct hypervisor *hv, struct xs_handle *xs, const char *uuid, unsigned domid)
{
    for (unsigned i = 0; i < ATTEMPTS; i++) {
        uint64_t target;
        xs_transaction_t t = xs_transaction_start(xs);
        if (t == XBT_NULL)
            return;
        uint64_t kib = noted(xs, t, uuid, domid);
        bool there = kib && store_read_number(xs, t, &target, STORE_GUEST "/memory/target", domid);
        if (there) {
            uint64_t most = memory_state_node(xs, t, domid, "static-max", UINT64_MAX);
            target = target + kib < most ? target + kib : most;
        }
        if (!there || !change(xs, t, uuid, domid, target, 0)) {
            xs_transaction_end(xs, t, true);
            return;
        }
        if (xs_transaction_end(xs, t, false)) {
            follow_with_limit(hv, domid, target);
            return;
        }
        if (errno != EAGAIN)
            return;
    }
}

void room_give_back(struct hypervisor *hv, struct xs_handle *xs, const char *uuid)
{
    char path[128];
    unsigned n = 0;

    snprintf(path, sizeof(path), STORE_CREATE "/taken", uuid);
    char **id = xs_directory(xs, XBT_NULL, path, &n);
    for (unsigned i = 0; id && i < n; i++) {
        char *end;
        unsigned long domid = strtoul(id[i], &end, 10);
        if (end != id[i] && !*end && domid < DOMAIN_ID_END)
            give_back(hv, xs, uuid, (unsigned)domid);
    }
    free(id);
}

/* ---- donors ---- */

static struct donor *find_donor(struct search *s, unsigned id)
{
    for (unsigned i = 0; i < s->donors; i++)
        if (s->donor[i].id == id)
            return &s->donor[i];
    return NULL;
}

static void tell_stuck(struct search *s, const struct memory_domain *d, const struct balloon_progress *p)
{
    size_t used = strlen(s->stuck);
    char reason[160];

    balloon_explain(s->room->hv, s->room->xs, d->id, d->current, d->target, balloon_progress_any(p), reason,
                    sizeof(reason));
    snprintf(s->stuck + used, sizeof(s->stuck) - used, "; %s gives no more: %s", d->name, reason);
}

/* What each one does that was asked; who does nothing for a while is not asked any more. */
static void look_at_donors(struct search *s, struct memory_state *state)
{
    for (unsigned i = 0; i < state->domains; i++) {
        struct memory_domain *d = &state->domain[i];
        struct donor *donor = find_donor(s, d->id);
        int64_t now = store_now_ms();
        if (donor && !donor->stuck &&
            balloon_progress_step(&donor->progress, d->current, now, BALLOON_STALL_MS) == BALLOON_STALLED &&
            d->current > d->target) {
            donor->stuck = true;
            tell_stuck(s, d, &donor->progress);
            give_back(s->room->hv, s->room->xs, s->room->uuid, d->id);
        }
        d->stuck = donor && donor->stuck;
    }
}

static int ask_donors(struct search *s, const struct memory_state *state, struct failure *failure)
{
    for (unsigned i = 0; i < state->domains; i++) {
        const struct memory_domain *d = &state->domain[i];
        struct donor *donor = find_donor(s, d->id);
        if (!d->taken)
            continue;
        if (!donor && s->donors < DONORS)
            donor = &s->donor[s->donors++];
        if (!donor)
            return failure_set(failure, "more than %u domains would have to give memory", DONORS);
        donor->id = d->id;
        balloon_progress_start(&donor->progress, d->target, d->current, store_now_ms());
        ask(s->room, d);
    }
    return 0;
}

/* ---- the claim ---- */

static int refuse(const struct search *s, const struct memory_state *state, uint64_t need, uint64_t missing,
                  struct failure *failure)
{
    uint64_t more = 0;

    for (unsigned i = 0; i < state->domains; i++)
        more += memory_plan_surplus(&state->domain[i], MEMORY_FROM_GUESTS);
    return failure_set(failure,
                       "not enough free memory for %" PRIu64 " MiB: %" PRIu64 " MiB free, %" PRIu64
                       " MiB short with memory_from=\"%s\"%s%s",
                       need >> 10, state->host.free >> 10, (missing + 1023) >> 10, memory_from_name(s->room->from),
                       s->stuck,
                       more >= missing && !s->stuck[0] ? "; \"hvctl mem plan\" shows who could give some" : "");
}

static int look(struct search *s, struct failure *failure)
{
    const struct room *r = s->room;
    struct memory_state state;
    uint64_t need = r->pages * 4 + MEMORY_OVERHEAD_KIB;

    if (memory_state_read(r->hv, r->xs, &state, failure))
        return -1;
    look_at_donors(s, &state);
    uint64_t missing = memory_plan_take(&state.host, state.domain, state.domains, r->from, need);
    int result = 0;
    if (missing && (missing > state.host.ending || store_now_ms() > s->start_ms + ENDING_MS))
        result = refuse(s, &state, r->pages * 4, missing, failure);
    else if (!missing)
        result = ask_donors(s, &state, failure);
    free(state.domain);
    return result;
}

static int wait_for_room(struct search *s, struct memory_events *events, struct failure *failure)
{
    int64_t end = store_now_ms() + WAIT_MS, next_look = 0;

    for (;;) {
        int r = reservation_try_claim(s->room->hv, s->room->domid, s->room->pages);
        int64_t now = store_now_ms();
        if (r == 0)
            return 0;
        if (errno != ENOMEM)
            return failure_errno(failure, "claiming %" PRIu64 " MiB of memory", s->room->pages >> 8);
        if (s->room->cancelled && *s->room->cancelled)
            return failure_set(failure, "interrupted while waiting for memory");
        if (now >= end)
            return failure_set(failure, "not enough free memory for %" PRIu64 " MiB within %d s%s", s->room->pages >> 8,
                               WAIT_MS / 1000, s->stuck);
        if (now >= next_look) {
            if (look(s, failure))
                return -1;
            next_look = now + LOOK_MS;
        }
        memory_events_wait(events, next_look < end ? next_look : end);
    }
}

int room_claim(const struct room *room, struct failure *failure)
{
    struct search s = {.room = room, .start_ms = store_now_ms()};

    if (reservation_try_claim(room->hv, room->domid, room->pages) == 0)
        return 0; /* as nearly always */
    struct memory_events *events = memory_events_open(room->hv, room->xs);
    if (!events)
        return failure_errno(failure, "waiting for memory");
    xs_watch(room->xs, "@releaseDomain", "room");
    int r = wait_for_room(&s, events, failure);
    xs_unwatch(room->xs, "@releaseDomain", "room");
    memory_events_close(events);
    if (r == 0 && s.stuck[0] && room->warn)
        room->warn(s.stuck + strlen("; "));
    return r;
}
