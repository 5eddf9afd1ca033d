/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl mem plan: who has how much memory, how much of it could be taken, and whether guests that are to be created
 * would fit, one after the other in the order given; if not, how much is short. The numbers are those that create
 * works with (guest/memory_plan.h), but nothing is taken.
 */
#include "config/guest_config.h"
#include "guest/memory_state.h"
#include "hvctl/command.h"
#include "libhv/failure.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct plan {
    struct command *c;
    struct memory_state state;
    struct json json;
    bool all_fit;
};

static unsigned long long mib(uint64_t kib)
{
    return (unsigned long long)(kib >> 10);
}

/* ---- what there is ---- */

static void print_host_json(struct plan *p)
{
    const struct memory_host *h = &p->state.host;

    json_object_begin(&p->json, "host");
    json_unsigned(&p->json, "total_kib", h->total);
    json_unsigned(&p->json, "free_kib", h->free);
    json_unsigned(&p->json, "claimed_kib", h->claimed);
    json_unsigned(&p->json, "ending_kib", h->ending);
    json_object_end(&p->json);
    json_array_begin(&p->json, "domains");
    for (unsigned i = 0; i < p->state.domains; i++) {
        const struct memory_domain *d = &p->state.domain[i];
        json_object_begin(&p->json, NULL);
        json_unsigned(&p->json, "domid", d->id);
        json_text(&p->json, "name", d->name);
        json_unsigned(&p->json, "current_kib", d->current);
        json_unsigned(&p->json, "target_kib", d->target);
        if (d->has_min)
            json_unsigned(&p->json, "min_kib", d->min);
        else
            json_text(&p->json, "min_kib", NULL);
        if (d->max < UINT32_MAX)
            json_unsigned(&p->json, "max_kib", d->max);
        else
            json_text(&p->json, "max_kib", NULL);
        json_unsigned(&p->json, "can_give_kib", memory_plan_surplus(d, MEMORY_FROM_GUESTS));
        json_object_end(&p->json);
    }
    json_array_end(&p->json);
}

static void print_limit(bool there, uint64_t kib)
{
    if (there)
        printf(" %8llu", mib(kib));
    else
        printf(" %8s", "-");
}

static void print_host_text(const struct plan *p)
{
    const struct memory_host *h = &p->state.host;

    printf("host: %llu MiB, %llu MiB free, %llu MiB more claimed for guests that are being created\n", mib(h->total),
           mib(h->free), mib(h->claimed));
    if (h->ending)
        printf("      %llu MiB of guests that are ending\n", mib(h->ending));
    putchar('\n');
    printf("%5s %-24s %8s %8s %8s %8s %8s\n", "ID", "Name", "has", "target", "min", "max", "can give");
    for (unsigned i = 0; i < p->state.domains; i++) {
        const struct memory_domain *d = &p->state.domain[i];
        printf("%5u %-24s %8llu %8llu", d->id, d->name, mib(d->current), mib(d->target));
        print_limit(d->has_min, d->min);
        print_limit(d->max < UINT32_MAX, d->max);
        printf(" %8llu\n", mib(memory_plan_surplus(d, MEMORY_FROM_GUESTS)));
    }
}

/* ---- who would fit ---- */

struct fit {
    const char *file;
    const struct guest_config *guest;
    uint64_t need, missing;
    enum memory_from from;
};

static void print_fit_json(struct plan *p, const struct fit *f)
{
    struct json *j = &p->json;

    json_object_begin(j, NULL);
    json_text(j, "file", f->file);
    json_text(j, "name", f->guest->name);
    json_unsigned(j, "need_kib", f->need);
    json_text(j, "memory_from", memory_from_name(f->from));
    json_boolean(j, "fits", !f->missing);
    json_unsigned(j, "short_kib", f->missing);
    json_array_begin(j, "taken");
    for (unsigned i = 0; i < p->state.domains; i++) {
        const struct memory_domain *d = &p->state.domain[i];
        if (!d->taken)
            continue;
        json_object_begin(j, NULL);
        json_unsigned(j, "domid", d->id);
        json_text(j, "name", d->name);
        json_unsigned(j, "kib", d->taken);
        json_object_end(j);
    }
    json_array_end(j);
    json_object_end(j);
}

/* What is there for it: the numbers whose sum is too small. */
static void print_why_not(const struct plan *p, const struct fit *f)
{
    uint64_t of_dom0 = 0, of_guests = 0;

    for (unsigned i = 0; i < p->state.domains; i++) {
        const struct memory_domain *d = &p->state.domain[i];
        *(d->id ? &of_guests : &of_dom0) += memory_plan_surplus(d, MEMORY_FROM_GUESTS);
    }
    printf("does not fit, %llu MiB short: %llu MiB free", mib(f->missing + 1023), mib(p->state.host.free));
    uint64_t coming = memory_plan_coming(p->state.domain, p->state.domains);
    if (coming)
        printf(", %llu MiB on their way", mib(coming));
    printf(", %llu MiB of dom0%s, %llu MiB of guests%s\n", mib(of_dom0),
           f->from == MEMORY_FROM_FREE ? " (not asked)" : "", mib(of_guests),
           f->from == MEMORY_FROM_GUESTS ? "" : " (not asked)");
}

static void print_fit_text(const struct plan *p, const struct fit *f)
{
    const char *between = "fits, taking ";

    printf("%s: %s needs %llu MiB: ", f->file, f->guest->name, mib(f->need));
    if (f->missing) {
        print_why_not(p, f);
        return;
    }
    for (unsigned i = 0; i < p->state.domains; i++) {
        const struct memory_domain *d = &p->state.domain[i];
        if (!d->taken)
            continue;
        printf("%s%llu MiB of %s", between, mib(d->taken), d->name);
        between = ", ";
    }
    puts(strcmp(between, ", ") == 0 ? "" : "fits");
}

/* As if the guest were there: the next one finds what it leaves. */
static void settle(struct plan *p, const struct fit *f)
{
    struct memory_host *h = &p->state.host;
    bool waits = h->free < f->need; /* for what is on its way */

    if (f->missing)
        return;
    for (unsigned i = 0; i < p->state.domains; i++) {
        struct memory_domain *d = &p->state.domain[i];
        d->taken = 0;
        if (!waits || d->current <= d->target)
            continue;
        h->free += d->current - d->target;
        d->current = d->target;
    }
    h->free = h->free > f->need ? h->free - f->need : 0;
}

static int plan_file(struct plan *p, const char *file)
{
    struct guest_config guest;
    struct diagnostics said = {0};
    int r = guest_config_load(file, NULL, 0, &guest, &said);

    if (r) {
        diagnostics_print(&said, stderr);
        p->all_fit = false;
    } else {
        struct fit f = {.file = file,
                        .guest = &guest,
                        .need = ((uint64_t)guest.memory_mib << 10) + MEMORY_OVERHEAD_KIB,
                        .from = memory_state_resolve(p->c->hv, guest.memory_from)};
        f.missing = memory_plan_take(&p->state.host, p->state.domain, p->state.domains, f.from, f.need);
        if (p->c->json)
            print_fit_json(p, &f);
        else
            print_fit_text(p, &f);
        settle(p, &f);
        p->all_fit = p->all_fit && !f.missing;
    }
    diagnostics_clear(&said);
    guest_config_free(&guest);
    return r;
}

static int print_plan(struct plan *p, char *const *files, unsigned count)
{
    int r = 0;

    if (p->c->json) {
        json_init(&p->json, stdout, false);
        json_object_begin(&p->json, NULL);
        print_host_json(p);
        json_array_begin(&p->json, "guests");
    } else {
        print_host_text(p);
        if (count)
            putchar('\n');
    }
    for (unsigned i = 0; i < count; i++)
        r |= plan_file(p, files[i]);
    if (p->c->json) {
        json_array_end(&p->json);
        json_object_end(&p->json);
    }
    return r;
}

int cmd_mem(struct command *c, int argc, char **argv)
{
    struct plan p = {.c = c, .all_fit = true};
    struct failure failure = {""};

    if (argc < 2 || strcmp(argv[1], "plan") != 0)
        return command_usage(c);
    for (int i = 2; i < argc; i++)
        if (argv[i][0] == '-' && argv[i][1])
            return command_usage(c);
    if (!command_hypervisor(c) || !command_store(c))
        return COMMAND_FAILED;
    if (memory_state_read(c->hv, c->xs, &p.state, &failure))
        return command_fail("%s", failure.text);
    int r = print_plan(&p, argv + 2, (unsigned)argc - 2);
    free(p.state.domain);
    return r ? COMMAND_FAILED : p.all_fit ? COMMAND_OK : COMMAND_NOT_REACHED;
}
