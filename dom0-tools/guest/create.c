/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See create.h: the table is the order of things. What can be refused (files, name) comes before the domain is made;
 * whatever the domain has is undone by destroying it.
 */
#include "guest/create.h"
#include "build/contents.h"
#include "build/reservation.h"
#include "devices/attach.h"
#include "devices/device_nodes.h"
#include "guest/destroy.h"
#include "guest/memory_state.h"
#include "guest/name_claim.h"
#include "guest/room.h"
#include "guest/store_nodes.h"
#include "libhv/domain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xen/event_channel.h>
#include <xen/memory.h>
#include <xen/version.h>

#define EVENT_CHANNELS_DEFAULT 1023
#define GRANT_VERSION_DEFAULT  2
#define MEMORY_SLACK_KIB       1024 /* on top of the guest's memory, as xl gives */
#define SID_OF_GUESTS          12   /* SECINITSID_DOMU; only hypervisors with FLASK look at it */
#define RAMDISK_MAX            (4ul << 30)

struct job {
    struct hypervisor *hv;
    struct xs_handle *xs;
    const struct guest_config *config;
    const struct guest_create_options *options;
    char uuid[GUEST_UUID_TEXT];
    unsigned domid;

    struct image image;
    struct file_bytes ramdisk;
    struct dom0_layout layout;
    uint64_t pages;
    xen_pfn_t *p2m;
    struct contents contents;
    bool cache_damaged;
};

/* ---- files ---- */

static void close_files(void *arg)
{
    struct job *j = arg;

    image_close(&j->image);
    file_bytes_close(&j->ramdisk);
    free(j->p2m);
    j->p2m = NULL;
}

static int read_files(struct job *j, struct failure *failure)
{
    const struct guest_config *c = j->config;
    const char *cmdline = c->cmdline ? c->cmdline : "";

    if (strlen(cmdline) >= MAX_GUEST_CMDLINE)
        return failure_set(failure, "the kernel's command line is longer than %u bytes", MAX_GUEST_CMDLINE - 1);
    if (image_open(c->kernel, &j->image, failure))
        return -1;
    if (c->ramdisk && file_bytes_open(c->ramdisk, "ramdisk", RAMDISK_MAX, &j->ramdisk, failure))
        return -1;
    j->pages = (uint64_t)c->memory_mib << (20 - PAGE_SHIFT);
    const char *wrong =
        dom0_layout_compute(&j->image.notes, j->pages, j->ramdisk.size, CONTENTS_RING_PAGES, &j->layout);
    if (wrong)
        return failure_set(failure, "kernel %s with %u MiB: %s", c->kernel, c->memory_mib, wrong);
    j->p2m = malloc(j->pages * sizeof(*j->p2m));
    if (!j->p2m)
        return failure_errno(failure, "memory for the guest's page map");
    j->contents = (struct contents){
        .image = &j->image,
        .initrd = c->ramdisk ? &j->ramdisk : NULL,
        .layout = &j->layout,
        .p2m = j->p2m,
        .cmdline = cmdline,
    };
    return 0;
}

static int open_files(void *arg, struct failure *failure)
{
    int r = read_files(arg, failure);

    if (r)
        close_files(arg);
    return r;
}

/* ---- name ---- */

static int take_name(void *arg, struct failure *failure)
{
    struct job *j = arg;

    guest_sweep(j->hv, j->xs);
    return name_claim(j->xs, j->config->name, j->uuid, failure);
}

static void drop_name(void *arg)
{
    struct job *j = arg;

    name_claim_drop(j->xs, j->uuid);
}

/* The note of the create also tells who gave memory for it: they get it back once the domain has let go of it. */
static void undo_name(void *arg)
{
    struct job *j = arg;

    room_give_back(j->hv, j->xs, j->uuid);
    drop_name(arg);
}

/* ---- domain ---- */

static bool handle_is_used(struct hypervisor *hv, const uint8_t uuid[16])
{
    domain_info *list = NULL;
    int n = domain_list(hv, &list);
    bool used = false;

    for (int i = 0; i < n && !used; i++)
        used = memcmp(list[i].handle, uuid, 16) == 0;
    free(list);
    return used;
}

static uint32_t limit(uint32_t value, uint32_t otherwise)
{
    return value == GUEST_LIMIT_UNSET ? otherwise : value;
}

static int make_domain(void *arg, struct failure *failure)
{
    struct job *j = arg;
    const struct guest_config *c = j->config;
    struct xen_domctl op = {.cmd = XEN_DOMCTL_createdomain, .domain = DOMID_INVALID};
    struct xen_domctl_createdomain *d = &op.u.createdomain;

    if (c->uuid_given && handle_is_used(j->hv, c->uuid))
        return failure_set(failure, "there is a domain with uuid %s already", j->uuid);
    d->ssidref = SID_OF_GUESTS;
    memcpy(d->handle, c->uuid, sizeof(d->handle));
    d->max_vcpus = c->max_vcpus;
    d->max_evtchn_port = c->max_event_channels ? c->max_event_channels : EVENT_CHANNELS_DEFAULT;
    d->max_grant_frames = (int32_t)limit(c->max_grant_frames, UINT32_MAX); /* -1: the hypervisor's default */
    d->max_maptrack_frames = (int32_t)limit(c->max_maptrack_frames, UINT32_MAX);
    d->grant_opts = XEN_DOMCTL_GRANT_version(limit(c->max_grant_version, GRANT_VERSION_DEFAULT));
    int r = hypervisor_domctl(j->hv, &op);
    if (r && errno == ENOMEM)
        return failure_set(failure,
                           "the hypervisor has no memory left for a domain (\"hvctl mem plan\" shows who has it)");
    if (r)
        return failure_errno(failure, "creating a domain with %u vCPUs", c->max_vcpus);
    j->domid = j->contents.domid = op.domain;
    name_claim_set_domain(j->xs, j->uuid, j->domid);
    return 0;
}

static void end_domain(void *arg)
{
    struct job *j = arg;
    struct failure ignored = {""};

    guest_destroy(j->hv, j->xs, j->domid, &ignored);
}

/* ---- limits ---- */

static int domctl(struct job *j, struct xen_domctl *op, const char *what, struct failure *failure)
{
    op->domain = (domid_t)j->domid;
    return hypervisor_domctl(j->hv, op) ? failure_errno(failure, "%s", what) : 0;
}

/* The guest sees one piece of memory, as large as it may ever become. */
static int set_memory_map(struct job *j, struct failure *failure)
{
    struct {
        uint64_t start, size;
        uint32_t type;
    } __attribute__((packed)) *entry = hypervisor_buffer_alloc(j->hv, sizeof(*entry));
    struct xen_foreign_memory_map map = {.domid = (domid_t)j->domid, .map.nr_entries = 1};

    if (!entry)
        return failure_errno(failure, "memory for the guest's memory map");
    entry->size = (uint64_t)j->config->max_memory_mib << 20;
    entry->type = 1; /* usable, in the firmware's numbers */
    set_xen_guest_handle(map.map.buffer, (void *)entry);
    long r = hypervisor_call(j->hv, __HYPERVISOR_memory_op, XENMEM_set_memory_map, &map, sizeof(map));
    hypervisor_buffer_free(j->hv, entry);
    return r ? failure_errno(failure, "setting the guest's memory map") : 0;
}

static int set_affinity(struct job *j, struct failure *failure)
{
    const struct guest_config *c = j->config;

    for (unsigned i = 0; i < c->max_vcpus && (c->hard_affinity || c->soft_affinity); i++) {
        struct cpu_set hard, soft;
        if (c->hard_affinity)
            hard = c->hard_affinity[i];
        if (c->soft_affinity)
            soft = c->soft_affinity[i];
        if (domain_set_affinity(j->hv, j->domid, i, c->hard_affinity ? &hard : NULL, c->soft_affinity ? &soft : NULL,
                                false))
            return failure_errno(failure, "cpus: vCPU %u cannot be bound to those CPUs", i);
    }
    return 0;
}

static int set_sched(struct job *j, struct failure *failure)
{
    const struct guest_config *c = j->config;
    struct domain_sched params;

    if (!c->cpu_weight && !c->cpu_cap)
        return 0;
    if (domain_get_sched(j->hv, j->domid, &params))
        return failure_errno(failure, "cpu_weight, cpu_cap: asking for the scheduler's parameters");
    if (c->cpu_weight)
        params.weight = (uint16_t)c->cpu_weight;
    if (c->cpu_cap)
        params.cap = (uint16_t)c->cpu_cap;
    return domain_set_sched(j->hv, j->domid, &params) ? failure_errno(failure, "cpu_weight, cpu_cap") : 0;
}

static int set_clocks(struct job *j, struct failure *failure)
{
    const struct guest_config *c = j->config;
    struct xen_domctl tsc = {.cmd = XEN_DOMCTL_settscinfo, .u.tsc_info.tsc_mode = c->tsc_mode};
    struct xen_domctl offset = {.cmd = XEN_DOMCTL_settimeoffset};
    time_t now = time(NULL);
    struct tm local;

    if (domctl(j, &tsc, "tsc_mode", failure))
        return -1;
    offset.u.settimeoffset.time_offset_seconds = c->rtc_timeoffset;
    if (c->localtime && localtime_r(&now, &local))
        offset.u.settimeoffset.time_offset_seconds += local.tm_gmtoff;
    return offset.u.settimeoffset.time_offset_seconds ? domctl(j, &offset, "rtc_timeoffset", failure) : 0;
}

static int set_limits(void *arg, struct failure *failure)
{
    struct job *j = arg;
    const struct guest_config *c = j->config;
    struct xen_domctl vcpus = {.cmd = XEN_DOMCTL_max_vcpus, .u.max_vcpus.max = c->max_vcpus};

    if (domctl(j, &vcpus, "allocating vCPUs", failure))
        return -1;
    if (domain_set_max_memory(j->hv, j->domid, ((uint64_t)c->max_memory_mib << 10) + MEMORY_SLACK_KIB))
        return failure_errno(failure, "maxmem");
    if (set_affinity(j, failure) || set_sched(j, failure) || set_memory_map(j, failure))
        return -1;
    return set_clocks(j, failure);
}

/* ---- memory ---- */

static int claim_memory(void *arg, struct failure *failure)
{
    struct job *j = arg;

    const struct room room = {
        .hv = j->hv,
        .xs = j->xs,
        .uuid = j->uuid,
        .domid = j->domid,
        .pages = j->pages,
        .from = memory_state_resolve(j->hv, j->config->memory_from),
        .cancelled = j->options->steps.cancelled,
        .warn = j->options->warn,
    };

    return j->config->claim ? room_claim(&room, failure) : 0;
}

static int populate_memory(void *arg, struct failure *failure)
{
    struct job *j = arg;

    if (reservation_populate(j->hv, j->domid, j->pages, j->p2m, failure))
        return -1;
    return j->config->claim ? reservation_end_claim(j->hv, j->domid, failure) : 0;
}

/* ---- contents ---- */

static int alloc_channel(struct job *j, uint32_t *port, struct failure *failure)
{
    struct evtchn_alloc_unbound op = {.dom = (domid_t)j->domid, .remote_dom = 0};

    if (hypervisor_call(j->hv, __HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &op, sizeof(op)))
        return failure_errno(failure, "an event channel for the guest");
    *port = op.port;
    return 0;
}

static int make_channels(void *arg, struct failure *failure)
{
    struct job *j = arg;

    return alloc_channel(j, &j->contents.store_port, failure) || alloc_channel(j, &j->contents.console_port, failure)
               ? -1
               : 0;
}

static int write_contents(void *arg, struct failure *failure)
{
    struct job *j = arg;
    domain_info info;

    if (domain_get_info(j->hv, j->domid, &info))
        return failure_errno(failure, "asking about the new domain");
    j->contents.shared_info = info.shared_info_frame;
    /* Haven zeroes memory before a guest gets it; Xen may not. */
    j->contents.memory_is_clean = hypervisor_is_haven(j->hv);
    int r = contents_write(&j->contents, &j->cache_damaged, failure);
    if (j->cache_damaged)
        kernel_cache_forget(&j->image.file);
    return r;
}

static int make_hypercall_page(struct job *j, struct failure *failure)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_hypercall_init};
    uint64_t va = j->image.notes.hypercall_page;

    if (va == ELF_NOTES_UNSET)
        return 0;
    if (va < j->layout.kernel_start || va >= j->layout.kernel_end)
        return failure_set(failure, "kernel %s: wants its hypercall page outside of itself", j->config->kernel);
    op.u.hypercall_init.gmfn = contents_frame(&j->contents, va);
    return domctl(j, &op, "making the kernel's hypercall page", failure);
}

static int pin_tables(void *arg, struct failure *failure)
{
    struct job *j = arg;
    struct mmuext_op op = {.cmd = MMUEXT_PIN_L4_TABLE,
                           .arg1.mfn = contents_frame(&j->contents, j->layout.tables_start)};

    if (make_hypercall_page(j, failure))
        return -1;
    if (hypervisor_mmuext(j->hv, &op, 1, (domid_t)j->domid))
        return failure_errno(failure, "pinning the guest's page tables");
    return 0;
}

/* ---- first vCPU ---- */

static void fill_context(const struct job *j, vcpu_guest_context_t *c)
{
    const struct dom0_layout *l = &j->layout;

    c->flags = VGCF_in_kernel | VGCF_online;
    c->user_regs.rip = l->entry;
    c->user_regs.rsp = c->kernel_sp = l->stack_end;
    c->user_regs.rsi = l->start_info;
    c->user_regs.rflags = 0x200; /* interrupts on: event channels are masked in the vCPU's info */
    c->user_regs.cs = FLAT_KERNEL_CS;
    c->user_regs.ss = c->kernel_ss = FLAT_KERNEL_SS;
    c->user_regs.ds = c->user_regs.es = c->user_regs.fs = c->user_regs.gs = FLAT_KERNEL_DS;
    c->ctrlreg[3] = xen_pfn_to_cr3(contents_frame(&j->contents, l->tables_start));
    c->debugreg[6] = 0xffff0ff0; /* as after reset */
    c->debugreg[7] = 0x400;
}

static int set_context(void *arg, struct failure *failure)
{
    struct job *j = arg;
    struct xen_domctl op = {.cmd = XEN_DOMCTL_setvcpucontext};
    vcpu_guest_context_t *c = hypervisor_buffer_alloc(j->hv, sizeof(*c));

    if (!c)
        return failure_errno(failure, "memory for the first vCPU's state");
    fill_context(j, c);
    set_xen_guest_handle(op.u.vcpucontext.ctxt, (void *)c);
    int r = domctl(j, &op, "setting the first vCPU's state", failure);
    hypervisor_buffer_free(j->hv, c);
    return r;
}

/* ---- store ---- */

static int write_nodes(void *arg, struct failure *failure)
{
    struct job *j = arg;
    const struct store_facts facts = {
        .config = j->config,
        .uuid = j->uuid,
        .domid = j->domid,
        .store_port = j->contents.store_port,
        .console_port = j->contents.console_port,
        .store_frame = contents_frame(&j->contents, j->layout.rings),
        .console_frame = contents_frame(&j->contents, j->layout.rings + PAGE_SIZE),
    };

    return store_nodes_write(j->xs, &facts, failure);
}

static void remove_nodes(void *arg)
{
    struct job *j = arg;

    store_nodes_remove(j->xs, j->domid, j->uuid);
}

static int introduce(void *arg, struct failure *failure)
{
    struct job *j = arg;

    if (!xs_introduce_domain(j->xs, j->domid, (unsigned long)contents_frame(&j->contents, j->layout.rings),
                             j->contents.store_port))
        return failure_errno(failure, "introducing the guest to xenstored");
    return 0;
}

static void release(void *arg)
{
    struct job *j = arg;

    xs_release_domain(j->xs, j->domid);
}

/* After the guest was introduced, so that whoever serves them finds its store connection. */
static int attach_devices(void *arg, struct failure *failure)
{
    struct job *j = arg;

    return attach_all(j->xs, j->domid, j->config, failure);
}

static void remove_devices(void *arg)
{
    struct job *j = arg;

    device_nodes_remove_all(j->xs, j->domid);
}

static int start(void *arg, struct failure *failure)
{
    struct job *j = arg;

    if (!j->options->paused && domain_unpause(j->hv, j->domid))
        return failure_errno(failure, "starting the guest");
    return 0;
}

static int finish(void *arg, struct failure *failure)
{
    (void)failure;
    drop_name(arg); /* the guest itself bears it now */
    return 0;
}

static const struct step steps[] = {
    {"files", open_files, close_files},
    {"name", take_name, undo_name},
    {"domain", make_domain, end_domain},
    {"limits", set_limits, NULL},
    {"claim", claim_memory, NULL},
    {"memory", populate_memory, NULL},
    {"channels", make_channels, NULL},
    {"contents", write_contents, NULL},
    {"tables", pin_tables, NULL},
    {"vcpu", set_context, NULL},
    {"store", write_nodes, remove_nodes},
    {"introduce", introduce, release},
    {"devices", attach_devices, remove_devices},
    {"start", start, NULL},
    {"finish", finish, NULL},
};

#define STEPS (sizeof(steps) / sizeof(steps[0]))
_Static_assert(STEPS <= GUEST_CREATE_STEPS, "callers have room for that many spans");

const char *guest_create_step_name(unsigned i)
{
    return i < STEPS ? steps[i].name : NULL;
}

static int run(struct job *j, struct failure *failure)
{
    int r = steps_run(steps, STEPS, j, &j->options->steps, failure);

    if (r && j->cache_damaged) { /* once more, now that the damaged copy of the kernel is gone */
        j->cache_damaged = false;
        failure->text[0] = 0;
        if (j->options->steps.spans)
            *j->options->steps.spans_used = 0;
        r = steps_run(steps, STEPS, j, &j->options->steps, failure);
    }
    return r;
}

int guest_create(struct hypervisor *hv, struct xs_handle *xs, const struct guest_config *config,
                 const struct guest_create_options *options, unsigned *domid, struct failure *failure)
{
    struct job j = {.hv = hv, .xs = xs, .config = config, .options = options, .image.file.fd = -1, .ramdisk.fd = -1};

    guest_uuid_format(config->uuid, j.uuid);
    if (run(&j, failure))
        return -1;
    close_files(&j);
    *domid = j.domid;
    return 0;
}
