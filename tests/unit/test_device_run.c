/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One device of hvdriverd on a real store inside of the test: what it writes and when, what it must not overwrite or
 * bring back, and what a guest may say. Kind and worker are played here.
 */
#include "haven/device_counters.h"
#undef DEVICE_COUNTERS_DIR
#define DEVICE_COUNTERS_DIR "/tmp/haven-test-devices"
#include "manager/device_run.c"

#include "libhv/store.h"
#include "store_in_process.h"

#define GUEST 7
#define BACK  "/local/domain/0/backend/haven-vbd/7/51712"
#define FRONT "/local/domain/7/device/vbd/51712"

static struct xs_handle manager, tools, guest;
static struct devices all;
static struct served_device m;
static struct worker_process worker;
static unsigned opens, closes, sent, last_sent;
static int run_result; /* of a worker */
static int open_result;
static bool removed;
static void (*while_connected)(void); /* what others do just then */

/* ---- the rest of the manager ---- */

void devices_mark(struct served_device *device)
{
    device->dirty = true;
}

void devices_remove(struct served_device *device)
{
    (void)device;
    removed = true;
}

void devices_store_failed(struct devices *devices)
{
    (void)devices;
    CU_FAIL("the store failed");
}

struct worker_process *workers_get(struct workers *w, const char *name, unsigned domid)
{
    (void)w;
    (void)name;
    (void)domid;
    return &worker;
}

struct worker_process *workers_find(struct workers *w, const char *name, unsigned domid)
{
    return workers_get(w, name, domid);
}

int worker_process_run(struct worker_process *w, struct failure *failure)
{
    (void)w;
    if (run_result)
        failure_set(failure, "no such program");
    return run_result;
}

int worker_process_send(struct worker_process *w, const struct worker_message *message, const int *files,
                        unsigned count)
{
    (void)w;
    (void)files;
    (void)count;
    sent++;
    last_sent = message->kind;
    return 0;
}

void worker_process_link(struct worker_process *w)
{
    w->links++;
}

void worker_process_unlink(struct worker_process *w)
{
    w->links--;
}

void worker_process_kill(struct worker_process *w)
{
    (void)w;
}

void worker_process_forgive(struct worker_process *w)
{
    (void)w;
}

/* ---- a kind ---- */

static int kind_open(struct device *d, struct failure *failure)
{
    CU_ASSERT_TRUE(d->counters >= 0);
    opens++;
    if (open_result)
        failure_set(failure, "no such image");
    return open_result;
}

static void kind_close(struct device *d)
{
    (void)d;
    closes++;
}

static int kind_connect(struct device *d, struct worker_message *message, int *files, unsigned *count,
                        struct failure *failure)
{
    (void)message;
    (void)failure;
    files[(*count)++] = d->counters;
    return 0;
}

static int kind_connected(struct device *d, struct failure *failure)
{
    (void)failure;
    CU_ASSERT_PTR_NOT_NULL(d->answer);
    if (while_connected)
        while_connected();
    store_write(d->xs, XBT_NULL, BACK "/sectors", "8"); /* without looking first, as a kind may */
    return 0;
}

static const struct device_kind kind = {.name = "vbd",
                                        .back = "haven-vbd",
                                        .worker = "hvblock",
                                        .open = kind_open,
                                        .close = kind_close,
                                        .connect = kind_connect,
                                        .connected = kind_connected};

/* ---- helpers ---- */

static void put(struct xs_handle *h, const char *path, const char *value)
{
    CU_ASSERT_TRUE(store_write(h, XBT_NULL, path, value));
}

static void check_node(const char *path, const char *value)
{
    char *text = store_read(&tools, XBT_NULL, "%s", path);
    if (value)
        CU_ASSERT_TRUE(text && !strcmp(text, value))
    else
        CU_ASSERT_PTR_NULL(text)
    free(text);
}

static void front(const char *state)
{
    put(&guest, FRONT "/state", state);
    device_run(&m);
}

static void answers(enum worker_kind what, const char *text)
{
    struct worker_message message = {.kind = what, .device = 51712};
    snprintf(message.text, sizeof(message.text), "%s", text);
    device_worker_message(&m, &message);
    device_run(&m);
}

static void begin(const char *frontend)
{
    struct xs_permissions mine = {.id = GUEST, .perms = XS_PERM_NONE};
    store_begin();
    handle_begin(&manager, 0);
    handle_begin(&tools, 0);
    handle_begin(&guest, GUEST);
    put(&tools, BACK "/frontend", frontend);
    put(&tools, BACK "/frontend-id", "7");
    put(&tools, BACK "/online", "1");
    put(&tools, BACK "/state", "1");
    put(&tools, FRONT "/state", "1");
    CU_ASSERT_TRUE(xs_set_permissions(&tools, XBT_NULL, FRONT "/state", &mine, 1));
    CU_ASSERT_EQUAL(event_loop_open(&all.loop), 0);
    all.xs = &manager;
    m = (struct served_device){.all = &all};
    m.d = (struct device){
        .kind = &kind, .xs = &manager, .domid = GUEST, .id = 51712, .back = BACK, .front = FRONT, .counters = -1};
    opens = closes = sent = last_sent = worker.links = 0;
    open_result = run_result = 0;
    removed = false;
    while_connected = NULL;
    device_run(&m);
}

static void finish(void)
{
    event_timer_stop(&all.loop, &m.again);
    event_timer_stop(&all.loop, &m.deadline);
    close_counters(&m);
    event_loop_close(&all.loop);
    handle_end(&manager);
    handle_end(&tools);
    handle_end(&guest);
    store_free(&in_process_store);
}

static void begin_connected(void)
{
    begin(FRONT);
    front("3");
    answers(WORKER_CONNECTED, "");
    front("4");
}

/* ---- tests ---- */

static void test_life(void)
{
    begin(FRONT);
    check_node(BACK "/state", "2");
    check_node(BACK "/hotplug-status", "connected");
    front("3");
    CU_ASSERT_EQUAL(last_sent, WORKER_CONNECT);
    check_node(BACK "/state", "2"); /* not before the worker has it */
    answers(WORKER_CONNECTED, "");
    check_node(BACK "/state", "4");
    check_node(BACK "/sectors", "8");
    front("5");
    CU_ASSERT_EQUAL(last_sent, WORKER_DISCONNECT);
    check_node(BACK "/state", "4"); /* not before the worker let go */
    answers(WORKER_DISCONNECTED, "");
    check_node(BACK "/state", "5");
    CU_ASSERT_EQUAL(worker.links, 0);
    put(&tools, BACK "/online", "0");
    front("6");
    check_node(BACK "/state", "6");
    CU_ASSERT_EQUAL(closes, 1);
    xs_rm(&tools, XBT_NULL, BACK);
    device_run(&m);
    CU_ASSERT_TRUE(removed);
    finish();
}

static void test_open_fails(void)
{
    begin("/local/domain/7/device/vbd/51712/");
    CU_ASSERT_EQUAL(opens, 0); /* that is somebody else's way to write it */
    finish();
    begin(FRONT);
    m.opened = false;
    put(&tools, BACK "/state", "1");
    open_result = -1;
    opens = 0;
    device_run(&m);
    check_node(BACK "/hotplug-status", "error");
    check_node(BACK "/hotplug-error", "no such image");
    check_node(BACK "/state", "1");
    device_run(&m);
    CU_ASSERT_EQUAL(opens, 1); /* not before its time */
    event_timer_stop(&all.loop, &m.again);
    open_result = 0;
    run_result = -1;
    closes = 0;
    device_run(&m);
    check_node(BACK "/hotplug-status", "error");
    check_node(BACK "/hotplug-error", "no such program");
    check_node(BACK "/state", "1");
    CU_ASSERT_TRUE(closes == 1 && !m.opened);
    event_timer_stop(&all.loop, &m.again);
    run_result = 0;
    device_run(&m);
    check_node(BACK "/hotplug-status", "connected");
    check_node(BACK "/hotplug-error", NULL);
    check_node(BACK "/state", "2");
    finish();
}

static void test_busy(void)
{
    begin(FRONT);
    m.opened = false;
    put(&tools, BACK "/state", "1");
    xs_rm(&tools, XBT_NULL, BACK "/hotplug-status");
    open_result = DEVICE_BUSY;
    device_run(&m);
    check_node(BACK "/hotplug-status", NULL); /* who holds it may be about to end */
    CU_ASSERT_TRUE(m.again.set);
    event_timer_stop(&all.loop, &m.again);
    m.busy_since_ns -= 10 * BUSY_MAX_NS;
    device_run(&m);
    check_node(BACK "/hotplug-error", "no such image");
    finish();
}

static void test_foreign_front(void)
{
    begin("/local/domain/8/device/vbd/51712");
    CU_ASSERT_TRUE(removed && !opens);
    check_node(BACK "/state", "1");
    finish();
}

/* The tools ask for a detach while we are about to say Connected. */
static void asks_to_detach(void)
{
    put(&tools, BACK "/online", "0");
    put(&tools, BACK "/state", "5");
}

static void test_detach_is_not_overwritten(void)
{
    begin(FRONT);
    while_connected = asks_to_detach;
    front("3");
    answers(WORKER_CONNECTED, "");
    check_node(BACK "/state", "5");
    CU_ASSERT_EQUAL(m.link, XENBUS_LINK_UP);
    finish();
}

static void removes_all(void)
{
    xs_rm(&tools, XBT_NULL, "/local/domain/0/backend/haven-vbd/7");
    while_connected = NULL;
}

static void test_nodes_stay_removed(void)
{
    begin(FRONT);
    while_connected = removes_all;
    front("3");
    answers(WORKER_CONNECTED, "");
    CU_ASSERT_EQUAL(last_sent, WORKER_DISCONNECT);
    check_node(BACK "/state", NULL);
    answers(WORKER_DISCONNECTED, "");
    CU_ASSERT_TRUE(removed && closes == 1);
    check_node("/local/domain/0/backend/haven-vbd/7", NULL); /* what the kind wrote is swept away */
    finish();
}

static void test_takeover(void)
{
    begin_connected();
    unsigned before = sent;
    m.opened = m.announced = false; /* the process was killed */
    m.link = XENBUS_LINK_NONE;
    device_run(&m);
    CU_ASSERT_EQUAL(sent, before + 1);
    CU_ASSERT_EQUAL(last_sent, WORKER_CONNECT);
    check_node(BACK "/state", "4");
    answers(WORKER_CONNECTED, "");
    check_node(BACK "/state", "4");
    CU_ASSERT_EQUAL(m.link, XENBUS_LINK_UP);
    finish();
}

static void test_worker_dies(void)
{
    begin_connected();
    unsigned before = sent;
    device_worker_died(&m, "signal 9");
    device_run(&m);
    CU_ASSERT_EQUAL(sent, before + 1);
    CU_ASSERT_EQUAL(last_sent, WORKER_CONNECT);
    check_node(BACK "/state", "4");
    finish();
}

static void test_lies(void)
{
    static const char *const lies[] = {"7", "9", "256", "4294967300", "-1", "four", "", "0x5000000000000000000"};
    for (unsigned i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        begin_connected();
        front(lies[i]);
        CU_ASSERT_EQUAL(last_sent, WORKER_DISCONNECT);
        answers(WORKER_DISCONNECTED, "");
        check_node(BACK "/state", "5");
        CU_ASSERT_TRUE(m.refused);
        finish();
    }
}

static void test_refused(void)
{
    begin_connected();
    answers(WORKER_FAILED, "the ring is nonsense");
    check_node(BACK "/error", "the ring is nonsense");
    check_node(BACK "/state", "5");
    unsigned before = sent;
    device_run(&m);
    CU_ASSERT_EQUAL(sent, before);
    front("6");
    front("1");
    check_node(BACK "/state", "2");
    front("3");
    CU_ASSERT_EQUAL(last_sent, WORKER_CONNECT); /* the first time at once */
    answers(WORKER_FAILED, "the ring is nonsense");
    before = sent;
    front("6");
    front("1");
    front("3");
    CU_ASSERT_EQUAL(sent, before); /* then it has to wait */
    CU_ASSERT_TRUE(m.again.set);
    finish();
}

int main(void)
{
    CU_TestInfo cases[] = {
        {"life", test_life},
        {"open fails", test_open_fails},
        {"busy", test_busy},
        {"somebody else's front end", test_foreign_front},
        {"a detach is not overwritten", test_detach_is_not_overwritten},
        {"removed nodes stay removed", test_nodes_stay_removed},
        {"takeover", test_takeover},
        {"worker dies", test_worker_dies},
        {"lies about the state", test_lies},
        {"refused", test_refused},
        CU_TEST_INFO_NULL,
    };
    int status = unit_run("devices of hvdriverd", cases);
    unlink(DEVICE_COUNTERS_DIR "/7/vbd-51712");
    rmdir(DEVICE_COUNTERS_DIR "/7");
    rmdir(DEVICE_COUNTERS_DIR);
    return status;
}
