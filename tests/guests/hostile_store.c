/* SPDX-License-Identifier: MIT
 *
 * Why: the store is how a guest talks to the tools and to the manager of the back ends, so it is where it can lie to
 * them. Trick: with a disk that works, the guest writes where it must not, points its device's nodes at others'
 * ("other=" is the domain whose back end it claims), invents devices, writes as much as it is let, and at last breaks
 * its own ring to the store. Expect: what is not the guest's is refused; what is, harms nobody: the disk works on after
 * each lie, also when the store hears the guest no more.
 */
#include "events.h"
#include "front/block.h"
#include "front/front.h"
#include "front/port.h"
#include "front/store.h"
#include "guest.h"
#include "memory.h"

#include <xen/io/xs_wire.h>

GUEST("hostile_store");

static struct block disk;
static uint32_t *page;

static void check_disk(const char *after)
{
    static uint32_t number;

    for (unsigned i = 0; i < 1024; i++)
        page[i] = ++number;
    check_eq(case_name("write after: %s", after), block_io(&disk, BLKIF_OP_WRITE, 128, page, 8), 0);
    memset(page, 0, PAGE_SIZE);
    block_io(&disk, BLKIF_OP_READ, 128, page, 8);
    check_eq(case_name("read after: %s", after), page[1023], number);
}

static void write_to_others(void)
{
    static const char *const nodes[] = {"state", "params", "mode", "online", "frontend", "resize"};

    for (unsigned i = 0; i < ARRAY_SIZE(nodes); i++) {
        char path[STORE_PATH_MAX];

        snprintf(path, sizeof(path), "%s/%s", disk.xenbus.back, nodes[i]);
        check_eq(path, store_write(STORE_OUTSIDE, path, "6"), -XEN_EACCES);
        check_eq(case_name("remove %s", path), store_remove(STORE_OUTSIDE, path), -XEN_EACCES);
    }
    check_eq("a node of dom0", store_write(STORE_OUTSIDE, "/local/domain/0/backend/haven-vbd/x", "1"), -XEN_EACCES);
    check_eq("a node at the top", store_write(STORE_OUTSIDE, "/tool/x", "1"), -XEN_EACCES);
    check_error("a path without sense", store_write(STORE_OUTSIDE, "device//vbd", "1"));
    check_error("a path that goes up", store_write(STORE_OUTSIDE, "../0/name", "1"));
}

static void change_own(const char *node, const char *value)
{
    char path[STORE_PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", disk.xenbus.front, node);
    store_write(STORE_OUTSIDE, path, value); /* ours to write, or not */
}

/* Nodes of ours that say what is not so. */
static void lie_about_own(void)
{
    char back[STORE_PATH_MAX];

    snprintf(back, sizeof(back), "/local/domain/0/backend/haven-vbd/%lu/51712", guest_option("other=", 0));
    change_own("ring-ref", "7");
    change_own("event-channel", "1");
    change_own("backend", back);
    change_own("backend-id", "1");
    change_own("virtual-device", "99999999999");
    change_own("device-type", "flying carpet");
    change_own("feature-persistent", "1");
    change_own("ring-page-order", "9");
    change_own("state/x/y/z", "1");
    check_disk("nodes that are not so");
}

/* Folders as the tools would make them. */
static void invent_devices(void)
{
    static const char *const kinds[] = {"vbd", "vif", "console", "vkbd", "../vbd", "9pfs"};
    char path[STORE_PATH_MAX], value[STORE_PATH_MAX];

    for (unsigned i = 0; i < 120; i++) {
        const char *kind = kinds[i % ARRAY_SIZE(kinds)];

        snprintf(path, sizeof(path), "device/%s/%u/state", kind, i * 1000);
        store_write(STORE_OUTSIDE, path, "4");
        snprintf(path, sizeof(path), "device/%s/%u/backend", kind, i * 1000);
        snprintf(value, sizeof(value), "/local/domain/0/backend/haven-%s/%lu/0", kind, guest_option("other=", 0));
        store_write(STORE_OUTSIDE, path, value);
        store_write(STORE_OUTSIDE, case_name("backend/haven-vbd/0/%u/state", i), "1");
    }
    check_disk("devices that nobody made");
}

static long fill(unsigned count, bool large)
{
    static char value[2048];
    long ret = 0;

    memset(value, 'x', large ? sizeof(value) - 1 : 8);
    for (unsigned i = 0; i < count && !ret; i++)
        ret = store_write(STORE_OUTSIDE, case_name("data/%u", i), value);
    return ret;
}

static void use_it_up(void)
{
    uint32_t transaction;
    long ret = 0;

    check_error("nodes without end", fill(20000, false));
    fill(100, true);
    store_remove(STORE_OUTSIDE, "data");
    for (unsigned i = 0; i < 1000 && !ret; i++)
        ret = store_begin(&transaction);
    check_error("transactions without end", ret);
    ret = 0;
    for (unsigned i = 0; i < 5000 && !ret; i++)
        ret = store_watch(case_name("device/%u", i), "w");
    check_error("watches without end", ret);
    check_disk("quotas that are used up");
}

static void send_nonsense(void)
{
    static char text[XENSTORE_PAYLOAD_MAX];
    char reply[16];

    memset(text, 0xff, sizeof(text));
    for (unsigned type = 0; type < 40; type++)
        if (type != XS_WATCH_EVENT)
            store_request(type, type * 77, text, type * 100, reply, sizeof(reply));
    for (unsigned type = 0; type < 40; type++)
        if (type != XS_WATCH_EVENT)
            store_request(type, STORE_OUTSIDE, "", 0, reply, sizeof(reply));
    check_disk("requests without sense");
}

static void break_ring(void)
{
    volatile struct xenstore_domain_interface *ring = mfn_to_va(start_info->store_mfn);

    ring->req_prod = ring->req_cons + 100000;
    ring->rsp_cons = ring->rsp_prod + 77;
    event_send(start_info->store_evtchn);
    port_wait(start_info->store_evtchn, port_deadline(300));
    check_disk("a broken ring to the store");
}

void guest_main(void)
{
    unsigned id;

    if (!front_open())
        report_skip("only other domains have front ends");
    if (!xenbus_list("vbd", &id, 1))
        report_skip("this guest has no disk");
    page = page_alloc();
    if (!check_eq("connect", block_open(&disk, id, NULL), 0))
        return;
    printf("READY\n");
    write_to_others();
    lie_about_own();
    invent_devices();
    use_it_up();
    send_nonsense();
    break_ring();
}
