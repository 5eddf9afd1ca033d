/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices of guests in the store: which nodes both ends get and who may read them; attaching that succeeds, fails and
 * is taken back; detaching that the guest follows, refuses, or is not asked about; sizes. Back ends and guests are
 * played here (others), Linux's back ends by stubs.
 */
#include "devices/attach.h"
#include "devices/device_list.h"
#include "devices/device_nodes.h"
#include "devices/kernel_backend.h"
#include "guest/stored_config.h"
#include "libhv/store.h"
#include "store_in_process.h"

#include <stdlib.h>

#define GUEST 7
#define UUID  "00112233-4455-6677-8899-aabbccddeeff"

static struct xs_handle tools, back, guest;
static struct failure failure;
static const char *kernel_fails; /* what Linux's back end says, NULL: it has the device */

/* ---- Linux's back ends ---- */

int kernel_backend_check(enum device_class class, struct failure *f)
{
    (void)class;
    (void)f;
    return 0;
}

int kernel_backend_check_disk(struct xs_handle *xs, const struct device_ref *ref, const struct disk_config *disk,
                              struct failure *f)
{
    (void)xs;
    (void)ref;
    (void)disk;
    (void)f;
    return 0;
}

int kernel_backend_open_disk(struct xs_handle *xs, const struct device_ref *ref, const struct disk_config *disk,
                             int64_t deadline_ms, struct failure *f)
{
    (void)xs;
    (void)ref;
    (void)disk;
    (void)deadline_ms;
    return kernel_fails ? failure_set(f, "%s", kernel_fails) : 0;
}

int kernel_backend_join_bridge(struct xs_handle *xs, const struct device_ref *ref, const struct vif_config *vif,
                               int64_t deadline_ms, struct failure *f)
{
    (void)vif;
    return kernel_backend_open_disk(xs, ref, NULL, deadline_ms, f);
}

int kernel_backend_resize_disk(struct xs_handle *xs, const struct device_ref *ref, uint64_t bytes, uint64_t *now,
                               struct failure *f)
{
    (void)xs;
    (void)ref;
    (void)f;
    *now = bytes;
    return 0;
}

/* ---- the store ---- */

static void put(struct xs_handle *h, const char *path, const char *value)
{
    CU_ASSERT_TRUE(store_write(h, XBT_NULL, path, value));
}

static bool holds(struct xs_handle *h, const char *path, const char *value)
{
    char *text = store_read(h, XBT_NULL, "%s", path);
    bool same = value ? text && strcmp(text, value) == 0 : !text;

    if (!same)
        fprintf(stderr, "%s: \"%s\" instead of \"%s\"\n", path, text ? text : "(none)", value ? value : "(none)");
    free(text);
    return same;
}

static bool is_state(const char *path, const char *value)
{
    char *text = store_read(&back, XBT_NULL, "%s/state", path);
    bool same = text && strcmp(text, value) == 0;

    free(text);
    return same;
}

static void set_state(struct xs_handle *h, const char *path, const char *value)
{
    char node[DEVICE_PATH_MAX + 8];

    snprintf(node, sizeof(node), "%s/state", path);
    put(h, node, value);
}

static void begin(void)
{
    struct xs_permissions readable[2] = {{.id = 0, .perms = XS_PERM_NONE}, {.id = GUEST, .perms = XS_PERM_READ}};
    struct xs_permissions own = {.id = GUEST, .perms = XS_PERM_NONE};

    store_begin();
    handle_begin(&tools, 0);
    handle_begin(&back, 0);
    handle_begin(&guest, GUEST);
    failure = (struct failure){""};
    kernel_fails = NULL;
    CU_ASSERT_TRUE(xs_mkdir(&tools, XBT_NULL, "/local/domain/7"));
    CU_ASSERT_TRUE(xs_set_permissions(&tools, XBT_NULL, "/local/domain/7", readable, 2));
    CU_ASSERT_TRUE(xs_mkdir(&tools, XBT_NULL, "/local/domain/7/error"));
    CU_ASSERT_TRUE(xs_set_permissions(&tools, XBT_NULL, "/local/domain/7/error", &own, 1));
    CU_ASSERT_TRUE(stored_config_write(&tools, XBT_NULL, "/haven/domain/7",
                                       "name = \"g\"\nkernel = \"/k\"\nmemory = 64\nuuid = \"" UUID "\"\n"));
}

static void end(void)
{
    handle_end(&tools);
    handle_end(&back);
    handle_end(&guest);
    store_free(&in_process_store);
}

static struct disk_config a_disk(const char *text)
{
    struct disk_config disk;
    struct spec_error wrong;

    CU_ASSERT_EQUAL_FATAL(disk_parse(&text, 1, &disk, &wrong), 0);
    return disk;
}

static struct vif_config a_vif(const char *text)
{
    struct vif_config vif;
    struct spec_error wrong;

    CU_ASSERT_EQUAL_FATAL(vif_parse(&text, 1, &vif, &wrong), 0);
    return vif;
}

/* How many devices of a class the stored configuration has. */
static unsigned stored(enum device_class class)
{
    struct guest_config config;

    CU_ASSERT_TRUE_FATAL(stored_config_load(&tools, GUEST, &config));
    unsigned n = class == DEVICE_BLOCK ? config.disks : config.vifs;
    guest_config_free(&config);
    return n;
}

static unsigned count(enum device_class class)
{
    struct device_ref *list;
    int n = device_list(&tools, XBT_NULL, GUEST, class, &list);

    free(list);
    return (unsigned)n;
}

/* ---- the others ---- */

#define DISK_BACK  "/local/domain/0/backend/haven-vbd/7/51712"
#define DISK_FRONT "/local/domain/7/device/vbd/51712"

/* A back end that is ready for whatever comes. */
static bool serve(void)
{
    static const char *const backs[] = {DISK_BACK, "/local/domain/0/backend/haven-vbd/7/51728",
                                        "/local/domain/0/backend/vbd/7/51744", "/local/domain/0/backend/haven-vif/7/0",
                                        "/local/domain/0/backend/vif/7/1"};

    for (size_t i = 0; i < sizeof(backs) / sizeof(backs[0]); i++)
        if (is_state(backs[i], "1")) {
            set_state(&back, backs[i], "2");
            return true;
        }
    return false;
}

static bool fail_disk(void)
{
    if (!is_state(DISK_BACK, "1") || store_exists(&back, XBT_NULL, DISK_BACK "/hotplug-status"))
        return false;
    put(&back, DISK_BACK "/hotplug-error", "no such image");
    put(&back, DISK_BACK "/hotplug-status", "error");
    return true;
}

static bool close_disk(void)
{
    if (is_state(DISK_BACK, "5") && !is_state(DISK_FRONT, "6")) {
        set_state(&guest, DISK_FRONT, "6");
        set_state(&back, DISK_BACK, "6");
        return true;
    }
    return false;
}

static bool refuse_disk(void)
{
    if (!is_state(DISK_BACK, "5") || store_exists(&back, XBT_NULL, "/local/domain/7/error/device/vbd/51712/error"))
        return false;
    put(&guest, "/local/domain/7/error/device/vbd/51712/error", "16 Device in use; refusing to close");
    return true;
}

static bool resize_disk(void)
{
    char *wish = store_read(&back, XBT_NULL, DISK_BACK "/resize");
    bool known = wish && strcmp(wish, "1048576") == 0;

    if (!wish)
        return false;
    put(&back, known ? DISK_BACK "/sectors" : DISK_BACK "/resize-error", known ? "2048" : "not so");
    CU_ASSERT_TRUE(xs_rm(&back, XBT_NULL, DISK_BACK "/resize"));
    free(wish);
    return true;
}

static struct device_ref attached_disk(const char *text)
{
    struct disk_config disk = a_disk(text);
    struct device_ref ref;

    store_others = serve;
    CU_ASSERT_EQUAL_FATAL(attach_disk(&tools, GUEST, &disk, &ref, &failure), 0);
    disk_free(&disk);
    return ref;
}

/* ---- tests ---- */

static void test_disk_nodes(void)
{
    begin();
    attached_disk("/a b,qcow2,xvda,,direct-io-safe");
    CU_ASSERT_TRUE(holds(&guest, DISK_BACK "/frontend", DISK_FRONT));
    CU_ASSERT_TRUE(holds(&guest, DISK_BACK "/frontend-id", "7"));
    CU_ASSERT_TRUE(holds(&guest, DISK_BACK "/online", "1"));
    CU_ASSERT_TRUE(holds(&guest, DISK_BACK "/params", "/a b"));
    CU_ASSERT_TRUE(holds(&guest, DISK_BACK "/format", "qcow2"));
    CU_ASSERT_TRUE(holds(&guest, DISK_BACK "/dev", "xvda"));
    CU_ASSERT_TRUE(holds(&guest, DISK_BACK "/mode", "w"));
    CU_ASSERT_TRUE(holds(&guest, DISK_BACK "/device-type", "disk"));
    CU_ASSERT_TRUE(holds(&guest, DISK_BACK "/discard-enable", "1"));
    CU_ASSERT_TRUE(holds(&guest, DISK_BACK "/direct-io-safe", "1"));
    CU_ASSERT_TRUE(holds(&back, DISK_FRONT "/backend", DISK_BACK));
    CU_ASSERT_TRUE(holds(&back, DISK_FRONT "/backend-id", "0"));
    CU_ASSERT_TRUE(holds(&back, DISK_FRONT "/virtual-device", "51712"));
    CU_ASSERT_TRUE(holds(&back, DISK_FRONT "/state", "1"));
    CU_ASSERT_FALSE(store_write(&guest, XBT_NULL, DISK_BACK "/state", "4")); /* the guest only reads that end */
    CU_ASSERT_TRUE(store_write(&guest, XBT_NULL, DISK_FRONT "/state", "3")); /* and writes this one */
    CU_ASSERT_TRUE(holds(&tools, "/libxl/7/device/vbd/51712/backend", NULL));
    attached_disk("/c,,xvdc,r,backendtype=phy");
    CU_ASSERT_TRUE(holds(&tools, "/libxl/7/device/vbd/51744/type", "phy"));
    CU_ASSERT_TRUE(holds(&tools, "/local/domain/0/backend/vbd/7/51744/mode", "r"));
    end();
}

static void test_vif_nodes(void)
{
    struct vif_config vif = a_vif("rate=1MB/s@20ms,ip=10.0.0.1,mac=00:16:3e:00:00:01,antispoof=1,mtu=9000"),
                      none = a_vif("");
    uint8_t uuid[16] = {1};
    struct device_ref ref;

    begin();
    store_others = serve;
    CU_ASSERT_EQUAL(attach_vif(&tools, GUEST, &vif, uuid, &ref, &failure), 0);
    CU_ASSERT_EQUAL(ref.id, 0);
    CU_ASSERT_TRUE(holds(&guest, "/local/domain/0/backend/haven-vif/7/0/rate", "20000,20000"));
    CU_ASSERT_TRUE(holds(&guest, "/local/domain/0/backend/haven-vif/7/0/vifname", "vif7.0"));
    CU_ASSERT_TRUE(holds(&guest, "/local/domain/0/backend/haven-vif/7/0/haven-antispoof", "1"));
    CU_ASSERT_TRUE(holds(&guest, "/local/domain/0/backend/haven-vif/7/0/script", ""));
    CU_ASSERT_TRUE(holds(&guest, "/local/domain/7/device/vif/0/mac", "00:16:3e:00:00:01"));
    CU_ASSERT_TRUE(holds(&guest, "/local/domain/7/device/vif/0/mtu", "9000"));
    CU_ASSERT_FALSE(store_write(&guest, XBT_NULL, "/local/domain/7/device/vif/0/mtu", "1"));
    none.backend = VIF_BACKEND_KERNEL;
    CU_ASSERT_EQUAL(attach_vif(&tools, GUEST, &none, uuid, &ref, &failure), 0);
    CU_ASSERT_EQUAL(ref.id, 1);
    CU_ASSERT_TRUE(holds(&tools, "/libxl/7/device/vif/1/script", "/etc/xen/scripts/vif-bridge"));
    CU_ASSERT_TRUE(none.mac_given);
    CU_ASSERT_EQUAL(stored(DEVICE_NET), 2);
    CU_ASSERT_TRUE(device_find(&tools, GUEST, DEVICE_NET, "00:16:3E:00:00:01", &ref) && ref.id == 0);
    CU_ASSERT_TRUE(device_find(&tools, GUEST, DEVICE_NET, "1", &ref) && device_ref_is_kernels(&ref));
    CU_ASSERT_FALSE(device_find(&tools, GUEST, DEVICE_NET, "2", &ref));
    end();
}

static void test_attach(void)
{
    struct disk_config again = a_disk("/b,,xvda"), bad = a_disk("/b,,xvda");
    struct device_ref ref;

    begin();
    store_others = fail_disk;
    CU_ASSERT_EQUAL(attach_disk(&tools, GUEST, &bad, &ref, &failure), -1);
    CU_ASSERT_STRING_EQUAL(failure.text, "disk xvda: no such image");
    CU_ASSERT_EQUAL(count(DEVICE_BLOCK), 0);
    CU_ASSERT_EQUAL(stored(DEVICE_BLOCK), 0);
    CU_ASSERT_TRUE(holds(&tools, DISK_FRONT "/state", NULL));
    failure.text[0] = '\0';
    attached_disk("/a,,xvda");
    attached_disk("/c,,xvdb");
    CU_ASSERT_EQUAL(count(DEVICE_BLOCK), 2);
    CU_ASSERT_EQUAL(stored(DEVICE_BLOCK), 2);
    CU_ASSERT_EQUAL(attach_disk(&tools, GUEST, &again, &ref, &failure), -1);
    CU_ASSERT_STRING_EQUAL(failure.text, "disk xvda: the guest has that device already");
    CU_ASSERT_TRUE(holds(&tools, DISK_BACK "/params", "/a"));
    CU_ASSERT_TRUE(device_find(&tools, GUEST, DEVICE_BLOCK, "51728", &ref) && ref.id == 51728);
    failure.text[0] = '\0';
    CU_ASSERT_EQUAL(attach_disk(&tools, GUEST + 1, &again, &ref, &failure), -1);
    CU_ASSERT_STRING_EQUAL(failure.text, "disk xvda: the guest is gone");
    CU_ASSERT_TRUE(holds(&tools, "/local/domain/8/device/vbd/51712/state", NULL));
    disk_free(&again);
    disk_free(&bad);
    end();
}

/* All or nothing. */
static void test_attach_all(void)
{
    struct disk_config disks[3] = {a_disk("/a,,xvda"), a_disk("/b,,xvdb"), a_disk("/c,,xvdc,,backendtype=phy")};
    struct vif_config vif = a_vif("mac=00:16:3e:00:00:01,devid=0");
    struct guest_config config = {.disk = disks, .disks = 3, .vif = &vif, .vifs = 1};

    begin();
    store_others = serve;
    kernel_fails = "not today";
    CU_ASSERT_EQUAL(attach_all(&tools, GUEST, &config, &failure), -1);
    CU_ASSERT_STRING_EQUAL(failure.text, "disk xvdc: not today");
    CU_ASSERT_EQUAL(count(DEVICE_BLOCK) + count(DEVICE_NET), 0);
    failure.text[0] = '\0';
    kernel_fails = NULL;
    CU_ASSERT_EQUAL(attach_all(&tools, GUEST, &config, &failure), 0);
    CU_ASSERT_EQUAL(count(DEVICE_BLOCK), 3);
    CU_ASSERT_EQUAL(count(DEVICE_NET), 1);
    device_nodes_remove_all(&tools, GUEST);
    CU_ASSERT_EQUAL(count(DEVICE_BLOCK) + count(DEVICE_NET), 0);
    for (unsigned i = 0; i < 3; i++)
        disk_free(&disks[i]);
    end();
}

static void test_detach(void)
{
    struct device_ref ref;

    begin();
    ref = attached_disk("/a,,xvda");
    set_state(&guest, DISK_FRONT, "4");
    put(&guest, "/local/domain/7/error/device/vbd/51712/error", "of an earlier time");
    store_others = close_disk;
    CU_ASSERT_EQUAL(detach(&tools, &ref, false, &failure), 0);
    CU_ASSERT_EQUAL(count(DEVICE_BLOCK), 0);
    CU_ASSERT_EQUAL(stored(DEVICE_BLOCK), 0);
    CU_ASSERT_TRUE(holds(&tools, DISK_FRONT "/state", NULL));

    ref = attached_disk("/a,,xvda"); /* the guest has not looked at it yet: nobody is asked */
    store_others = NULL;
    CU_ASSERT_EQUAL(detach(&tools, &ref, false, &failure), 0);
    CU_ASSERT_EQUAL(count(DEVICE_BLOCK), 0);
    end();
}

static void test_refusal(void)
{
    struct device_ref ref;

    begin();
    ref = attached_disk("/a,,xvda");
    set_state(&guest, DISK_FRONT, "4");
    store_others = refuse_disk;
    CU_ASSERT_EQUAL(detach(&tools, &ref, false, &failure), -1);
    CU_ASSERT_STRING_EQUAL(failure.text, "the guest refuses: 16 Device in use; refusing to close");
    CU_ASSERT_EQUAL(count(DEVICE_BLOCK), 1);
    CU_ASSERT_EQUAL(stored(DEVICE_BLOCK), 1);
    CU_ASSERT_TRUE(holds(&tools, DISK_BACK "/online", "0"));
    set_state(&guest, DISK_FRONT, "5"); /* it said so once, and stands by it */
    store_others = NULL;
    failure.text[0] = '\0';
    CU_ASSERT_EQUAL(detach(&tools, &ref, false, &failure), -1);
    CU_ASSERT_STRING_EQUAL(failure.text, "the guest refuses: 16 Device in use; refusing to close");
    CU_ASSERT_EQUAL(detach(&tools, &ref, true, &failure), 0);
    CU_ASSERT_EQUAL(count(DEVICE_BLOCK), 0);
    CU_ASSERT_EQUAL(stored(DEVICE_BLOCK), 0);
    end();
}

static void test_resize(void)
{
    struct device_ref ref;
    uint64_t now = 0;

    begin();
    ref = attached_disk("/a,,xvda");
    store_others = resize_disk;
    CU_ASSERT_EQUAL(attach_resize(&tools, &ref, 1048576, &now, &failure), 0);
    CU_ASSERT_EQUAL(now, 1048576);
    CU_ASSERT_EQUAL(attach_resize(&tools, &ref, 0, &now, &failure), -1);
    CU_ASSERT_STRING_EQUAL(failure.text, "not so");
    ref.back = "qdisk";
    failure.text[0] = '\0';
    CU_ASSERT_EQUAL(attach_resize(&tools, &ref, 0, &now, &failure), -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(failure.text, "qdisk"));
    end();
}

static CU_TestInfo tests[] = {
    {"a disk's nodes", test_disk_nodes},
    {"an interface's nodes", test_vif_nodes},
    {"attach", test_attach},
    {"attach all or nothing", test_attach_all},
    {"detach", test_detach},
    {"detach that the guest refuses", test_refusal},
    {"resize", test_resize},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return unit_run("devices", tests);
}
