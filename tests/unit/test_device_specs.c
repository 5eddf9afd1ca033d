/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Specifications of disks and network interfaces: every form of xl's man pages, what is refused, and where the error
 * is. */
#include "config/disk.h"
#include "config/guest_config.h"
#include "config/vif.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

/* ---- disks ---- */

static struct disk_config disk;
static struct spec_error wrong;

static int parse_disk(const char *text)
{
    disk_free(&disk);
    return disk_parse(&text, 1, &disk, &wrong);
}

/* The disk as a line: target,format,vdev,access and what is not usual. What is written parses to the same. */
static void disk_is(const char *text, const char *want)
{
    char have[512];

    if (parse_disk(text))
        fprintf(stderr, "%s: %s\n", text, wrong.text);
    for (int again = 0; again < 2; again++) {
        snprintf(have, sizeof(have), "%s,%s,%s,%s%s%s%s%s%s%s", disk.target ? disk.target : "",
                 disk_format_name(disk.format), disk.vdev, disk.read_only ? "r" : "w",
                 disk.backend == DISK_BACKEND_KERNEL ? ",phy" : "", disk.cdrom ? ",cdrom" : "",
                 disk.removable ? ",removable" : "", disk.direct_io_safe ? ",direct" : "",
                 disk.discard == !disk.read_only ? ""
                 : disk.discard                  ? ",discard"
                                                 : ",no-discard",
                 disk.trusted ? "" : ",untrusted");
        CU_ASSERT_STRING_EQUAL(have, want);
        if (strcmp(have, want) != 0)
            fprintf(stderr, "%s: %s instead of %s\n", text, have, want);
        CU_ASSERT_EQUAL(disk.device, disk_device_number(disk.vdev));
        char *plain = disk_format_text(&disk);
        CU_ASSERT_EQUAL(parse_disk(plain), 0);
        free(plain);
    }
}

static void disk_fails(const char *text, size_t at, const char *words)
{
    CU_ASSERT_EQUAL(parse_disk(text), -1);
    if (!strstr(wrong.text, words) || wrong.at != at)
        fprintf(stderr, "%s: at %zu: %s\n", text, wrong.at, wrong.text);
    CU_ASSERT_EQUAL(wrong.at, at);
    CU_ASSERT_PTR_NOT_NULL(strstr(wrong.text, words));
    CU_ASSERT_PTR_NULL(disk.target);
}

static void test_disk_man_page(void)
{
    static const char volume[] = "/dev/vg/guest-volume,raw,hda,w";
    static const char image[] = "/root/image.iso,raw,hdc,r,cdrom,removable";

    disk_is("/dev/vg/guest-volume,,hda", volume);
    disk_is("/dev/vg/guest-volume,raw,hda,rw", volume);
    disk_is("format=raw, vdev=hda, access=rw, target=/dev/vg/guest-volume", volume);
    disk_is("raw:/dev/vg/guest-volume,hda,w", volume);
    disk_is("/root/image.iso,,hdc,cdrom", image);
    disk_is("/root/image.iso,,hdc,,cdrom", image);
    disk_is("/root/image.iso,raw,hdc,devtype=cdrom", image);
    disk_is("format=raw, vdev=hdc, access=ro, devtype=cdrom, target=/root/image.iso", image);
    disk_is("raw:/root/image.iso,hdc:cdrom,ro", image);
    disk_is(",hdc:cdrom,r", ",empty,hdc,r,cdrom,removable");
    disk_is(",,hdc,cdrom", ",empty,hdc,r,cdrom,removable");
    disk_is("vdev=hdc,cdrom", ",empty,hdc,r,cdrom,removable");
}

static void test_disk_positional(void)
{
    disk_is("/a,qcow2,xvda,r", "/a,qcow2,xvda,r");
    disk_is("/a,qcow2,xvda,ro", "/a,qcow2,xvda,r");
    disk_is("/a,qcow2,xvda,", "/a,qcow2,xvda,w");
    disk_is("vg/lv,,xvda", "/dev/vg/lv,raw,xvda,w");
    disk_is("format=vhd,/a,xvda", "/a,vhd,xvda,w");
    disk_is("vdev=xvda,/a,qed,r", "/a,qed,xvda,r");
    disk_is("access=r,/a,,xvda", "/a,raw,xvda,r");
    disk_is(",raw,xvda,target=/a,b=c ", "/a,b=c ,raw,xvda,w");
    disk_is(" \t/a,\n ,\t xvda, r", "/a,raw,xvda,r");
    disk_is("/a,vmdk,sda1,rw,direct-io-safe,no-discard,untrusted,removable",
            "/a,vmdk,sda1,w,removable,direct,no-discard,untrusted");
    disk_is("/a,vdi,d0p1,ro,discard", "/a,vdi,d0p1,r,discard");
    disk_is("/a,,xvda,,devtype=disk,backend=Domain-0,specification=xen,trusted,no-colo", "/a,raw,xvda,w");
    disk_is("/a,,xvda,,script=block", "/a,raw,xvda,w");
    disk_is("/a,,xvda,,backendtype=phy", "/a,raw,xvda,w,phy");
    disk_is("/a,,xvda,,backendtype=haven", "/a,raw,xvda,w");
    disk_is("/a,,xvda,,backendtype=qdisk", "/a,raw,xvda,w");
    disk_is("/a,format=raw,format=raw,vdev=xvda", "/a,raw,xvda,w");
}

static void test_disk_prefixes(void)
{
    disk_is("phy:/dev/x,xvda,w", "/dev/x,raw,xvda,w");
    disk_is("phy:vg/x,xvda,w", "/dev/vg/x,raw,xvda,w");
    disk_is("file:/x,xvda1,r", "/x,raw,xvda1,r");
    disk_is("tap:aio:/x,xvda,w", "/x,raw,xvda,w");
    disk_is("tap:qcow2:/x,xvda,w", "/x,qcow2,xvda,w");
    disk_is("tap:tapdisk:aio:vhd:/x,xvda,w", "/x,vhd,xvda,w");
    disk_is("tap2:qcow:/x,xvda,w", "/x,qcow,xvda,w");
    disk_is("ioemu:/x,xvda:disk,w", "/x,raw,xvda,w");
    disk_fails("foo:/x,xvda,w", 0, "unknown prefix \"foo:\"");
    disk_fails("iscsi:iqn,xvda,w", 0, "iscsi: is understood but not supported");
    disk_fails("nbd:host,xvda,w", 0, "give the URI");
    disk_fails("tap:drbd:x,xvda,w", 4, "drbd:");
}

static void test_disk_nbd(void)
{
    disk_is("nbd://host/export,,xvda", "nbd://host/export,nbd,xvda,w");
    disk_is("nbd+unix:///export?socket=/run/n,raw,xvda,r", "nbd+unix:///export?socket=/run/n,nbd,xvda,r");
    disk_is("vdev=xvda,format=nbd,target=nbd://host:10809/a,b", "nbd://host:10809/a,b,nbd,xvda,w");
    disk_fails("nbd://host/x,qcow2,xvda", 23, "format \"qcow2\"");
    disk_fails("/x,nbd,xvda", 11, "needs a URI");
    disk_fails("nbd://host/x,,xvda,backendtype=phy", 34, "raw files and block devices only");
}

static void test_disk_errors(void)
{
    disk_fails("", 0, "vdev is missing");
    disk_fails("/x", 2, "vdev is missing");
    disk_fails("/x,,", 4, "vdev is missing");
    disk_fails(",,xvda", 6, "target is missing");
    disk_fails("/x,,xvda,w,foo", 11, "one parameter too many");
    disk_fails("/x,foo,xvda", 3, "format \"foo\"");
    disk_fails("/x,,xvda,k", 9, "access \"k\"");
    disk_fails("/x,,xvda,access=k", 9, "access \"k\"");
    disk_fails("/x,,xvdA", 4, "vdev \"xvdA\"");
    disk_fails("/x,,hde", 4, "vdev \"hde\"");
    disk_fails("/x,,xvda:floppy", 9, "devtype \"floppy\"");
    disk_fails("/x,raw,xvda,format=qcow2", 12, "given twice");
    disk_fails("/x,,xvda,vdev=xvdb", 9, "vdev is given twice");
    disk_fails("/x,,xvda,target=/y", 9, "target is given twice");
    disk_fails("/x,,xvda,r,access=w", 11, "access is given twice");
    disk_fails("/x,,xvda,fromat=raw", 9, "unknown key \"fromat\"");
    disk_fails("/x=y,,xvda", 0, "must be given as target=");
    disk_fails("/x,,xvda,,devtype=floppy", 10, "devtype \"floppy\"");
    disk_fails("/x,,xvda,,backend=drv", 10, "disks come from Domain-0");
    disk_fails("/x,,xvda,,backendtype=foo", 10, "none of haven, phy, qdisk");
    disk_fails("/x,,xvda,,backendtype=standalone", 10, "virtio");
    disk_fails("/x,qcow2,xvda,,backendtype=phy", 30, "raw files and block devices only, not qcow2");
    disk_fails("/x,,xvda,,script=block-drbd", 10, "no scripts are run");
    disk_fails("/x,,xvda,,specification=virtio", 10, "specification \"virtio\"");
    disk_fails("/x,,xvda,,colo", 10, "colo is understood but not supported");
    disk_fails("/x,,xvda,,colo-host=h", 10, "colo-host is understood but not supported");
    disk_fails("/x,,xvda,,grant_usage=1", 10, "grant_usage is understood but not supported");
    disk_fails("/x,empty,hdc,cdrom", 18, "has no target");
}

static void test_disk_words(void)
{
    const char *const xend[] = {"phy:/dev/x", "xvdb", "r"};
    const char *const keys[] = {"vdev=xvdb", "target=/a,b", "ro", "backendtype=foo"};

    disk_free(&disk);
    CU_ASSERT_EQUAL(disk_parse(xend, 3, &disk, &wrong), 0);
    CU_ASSERT_STRING_EQUAL(disk.target, "/dev/x");
    CU_ASSERT_TRUE(disk.read_only);
    disk_free(&disk);
    CU_ASSERT_EQUAL(disk_parse(keys, 4, &disk, &wrong), -1);
    CU_ASSERT_EQUAL(wrong.string, 2);
    disk_free(&disk);
}

static void test_device_numbers(void)
{
    static const struct {
        const char *vdev;
        int64_t number;
    } cases[] = {
        {"xvda", 51712},
        {"xvdb2", 51730},
        {"xvdp15", 51967},
        {"xvda16", 1 << 28 | 16},
        {"xvdq", 1 << 28 | 16 << 8},
        {"xvdtq37", 1 << 28 | 536 << 8 | 37},
        {"xvdzzzzz", -1},
        {"hda", 768},
        {"hdb1", 833},
        {"hdc2", 5634},
        {"hdd63", 5759},
        {"hde", -1},
        {"hda64", -1},
        {"sda", 2048},
        {"sdb3", 2067},
        {"sdp15", 2303},
        {"sdq", -1},
        {"sda16", -1},
        {"d0", 51712},
        {"d0p0", 51712},
        {"d1p2", 51730},
        {"d536p37", 1 << 28 | 536 << 8 | 37},
        {"d1048576p0", -1},
        {"d0p256", -1},
        {"d0p", -1},
        {"51712", 51712},
        {"0xca00", 51712},
        {"0145000", 51712},
        {"2147483648", -1},
        {"-1", -1},
        {"xvda0", -1},
        {"xvda01", -1},
        {"xvd", -1},
        {"xvd1", -1},
        {"xvda1x", -1},
        {"", -1},
        {"foo", -1},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t number = disk_device_number(cases[i].vdev);
        if (number != cases[i].number)
            fprintf(stderr, "%s: %lld\n", cases[i].vdev, (long long)number);
        CU_ASSERT_EQUAL(number, cases[i].number);
    }
    /* The last disk of all is 1 << 20, less one. */
    CU_ASSERT_EQUAL(disk_device_number("d1048575p255"), (1 << 28) + (INT64_C(1048575) << 8) + 255);
}

/* ---- network interfaces ---- */

static struct vif_config vif;

static int parse_vif(const char *text)
{
    return vif_parse(&text, 1, &vif, &wrong);
}

static void vif_accepts(const char *text)
{
    struct vif_config first;

    if (parse_vif(text))
        fprintf(stderr, "%s: %s\n", text, wrong.text);
    first = vif;
    char *plain = vif_format_text(&vif);
    CU_ASSERT_EQUAL(parse_vif(plain), 0);
    CU_ASSERT_EQUAL(memcmp(&first, &vif, sizeof(vif)), 0);
    free(plain);
}

static void vif_fails(const char *text, size_t at, const char *words)
{
    CU_ASSERT_EQUAL(parse_vif(text), -1);
    if (!strstr(wrong.text, words) || wrong.at != at)
        fprintf(stderr, "%s: at %zu: %s\n", text, wrong.at, wrong.text);
    CU_ASSERT_EQUAL(wrong.at, at);
    CU_ASSERT_PTR_NOT_NULL(strstr(wrong.text, words));
}

static void test_vif_man_page(void)
{
    char mac[VIF_MAC_TEXT];

    vif_accepts("");
    CU_ASSERT_STRING_EQUAL(vif.bridge, "xenbr0");
    CU_ASSERT_FALSE(vif.mac_given || vif.antispoof || vif.rate_bytes || vif.mtu || vif.ip[0] || vif.name[0]);
    CU_ASSERT_TRUE(vif.trusted && vif.devid == VIF_DEVID_UNSET && vif.backend == VIF_BACKEND_HAVEN);
    vif_accepts("mac=00:16:3E:74:3d:76,model=rtl8139,bridge=xenbr0");
    vif_mac_format(vif.mac, mac);
    CU_ASSERT_STRING_EQUAL(mac, "00:16:3e:74:3d:76");
    vif_accepts("mac=00:16:3e:5f:48:e4,bridge=xenbr1");
    CU_ASSERT_STRING_EQUAL(vif.bridge, "xenbr1");
    vif_accepts(" type=vif , vifname=web0,, ip=10.0.0.1 10.1.0.0/16  fe80::1, gatewaydev=eth0, devid=3 ,mtu=9000,");
    CU_ASSERT_STRING_EQUAL(vif.name, "web0");
    CU_ASSERT_STRING_EQUAL(vif.ip, "10.0.0.1 10.1.0.0/16 fe80::1");
    CU_ASSERT_STRING_EQUAL(vif.gatewaydev, "eth0");
    CU_ASSERT_EQUAL(vif.devid, 3);
    CU_ASSERT_EQUAL(vif.mtu, 9000);
    vif_accepts("ip=10.0.0.1 10.0.0.2,vifname=longer,rate=100MB/s,ip=::1,vifname=x,rate=1MB/s"); /* the last holds */
    CU_ASSERT_STRING_EQUAL(vif.ip, "::1");
    vif_accepts("netdev=eth1,script=/etc/xen/scripts/vif-bridge,backend=0,untrusted");
    CU_ASSERT_STRING_EQUAL(vif.gatewaydev, "eth1");
    CU_ASSERT_FALSE(vif.trusted);
    vif_accepts("script=vif-bridge,trusted,backendtype=linux");
    CU_ASSERT_EQUAL(vif.backend, VIF_BACKEND_KERNEL);
    vif_accepts("antispoof=1,backendtype=haven");
    CU_ASSERT_TRUE(vif.antispoof);
}

static void test_vif_rate(void)
{
    static const struct {
        const char *text;
        uint64_t bytes;
        uint32_t interval_us;
    } cases[] = {
        {"rate=10Mb/s", 62500, 50000},
        {"rate=250KB/s", 12500, 50000},
        {"rate=1MB/s@20ms", 20000, 20000},
        {"rate=8b/s@1s", 1, 1000000},
        {"rate=1GB/s@5000us", 5000000, 5000},
        {"rate=100B/s@2", 200, 2000000},
        {"rate=1MB/s@20m", 20000, 20000},
        {"rate=1MB/s@20u", 20, 20},
        {"rate=4294967295GB/s@1s", UINT64_C(4294967295000000000), 1000000},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (i == 8) { /* more than can be counted */
            vif_fails(cases[i].text, 0, "rate");
            continue;
        }
        vif_accepts(cases[i].text);
        CU_ASSERT_EQUAL(vif.rate_bytes, cases[i].bytes);
        CU_ASSERT_EQUAL(vif.rate_interval_us, cases[i].interval_us);
    }
    static const char *const bad[] = {
        "rate=",          "rate=1",         "rate=1MB",          "rate=0MB/s",    "rate=1TB/s",
        "rate=1MB/s@",    "rate=1MB/s@0ms", "rate=1MB/s@1h",     "rate=1MB/s ms", "rate=1MKB/s",
        "rate=1B/s@50ms", "rate=-1MB/s",    "rate=5000000000B/s"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        vif_fails(bad[i], 0, "rate \"");
}

static void test_vif_errors(void)
{
    vif_fails("mac=00:16:3e:00:00", 0, "no MAC address");
    vif_fails("mac=00:16:3e:00:00:00:00", 0, "no MAC address");
    vif_fails("mac=00-16-3e-00-00-00", 0, "no MAC address");
    vif_fails("mac=01:16:3e:00:00:00", 0, "address of a group");
    vif_fails("bridge=br0, type=ioemu", 12, "type \"ioemu\" is understood but not supported");
    vif_fails("type=foo", 0, "expected vif");
    vif_fails("bridge=a-much-too-long-name", 0, "can't be the name");
    vif_fails("vifname=a/b", 0, "can't be the name");
    vif_fails("ip=10.0.0", 0, "no IPv4 or IPv6 address");
    vif_fails("ip=10.0.0.1/33", 0, "no IPv4 or IPv6 address");
    vif_fails("script=vif-route", 0, "no scripts are run");
    vif_fails("backend=drv", 0, "interfaces come from Domain-0");
    vif_fails("backendtype=qemu", 0, "none of haven, linux");
    vif_fails("devid=-1", 0, "devid \"-1\"");
    vif_fails("mtu=10", 0, "mtu \"10\"");
    vif_fails("mtu=100000", 0, "mtu \"100000\"");
    vif_fails("antispoof=yes", 0, "expected 0 or 1");
    vif_fails("antispoof=1,backendtype=linux", 29, "needs backendtype=haven");
    vif_fails("colo_compare_out=x", 0, "colo_compare_out is understood but not supported");
    vif_fails("forwarddev=x", 0, "forwarddev is understood but not supported");
    vif_fails("vlan=3", 0, "vlan");
    vif_fails("brigde=br0", 0, "unknown key \"brigde\"");
    vif_fails("bridge", 0, "no key=value");
}

static void test_vif_mac(void)
{
    const uint8_t one[16] = {1}, other[16] = {2};
    struct vif_config a = {.devid = 0}, b = {.devid = 1}, c = {.devid = 0}, again = {.devid = 0};

    vif_choose_mac(&a, one);
    vif_choose_mac(&b, one);
    vif_choose_mac(&c, other);
    vif_choose_mac(&again, one);
    CU_ASSERT_EQUAL(memcmp(a.mac, "\x00\x16\x3e", 3), 0);
    CU_ASSERT_EQUAL(a.mac[3] & 0x80, 0);
    CU_ASSERT_NOT_EQUAL(memcmp(a.mac, b.mac, 6), 0);
    CU_ASSERT_NOT_EQUAL(memcmp(a.mac, c.mac, 6), 0);
    CU_ASSERT_EQUAL(memcmp(a.mac, again.mac, 6), 0);
}

/* ---- in a guest's configuration ---- */

static struct guest_config guest;
static struct diagnostics said;

static int read_guest(const char *lines)
{
    char text[2048];
    struct config *tree;

    guest_config_free(&guest);
    diagnostics_clear(&said);
    snprintf(text, sizeof(text), "name='g'\nkernel='/k'\nmemory=64\nuuid='00112233-4455-6677-8899-aabbccddeeff'\n%s",
             lines);
    if (config_parse(text, strlen(text), "t.cfg", &tree, &said) != 0)
        return -1;
    int error = config_to_guest(tree, &guest, &said);
    config_free(tree);
    return error;
}

static void test_guest_lists(void)
{
    CU_ASSERT_EQUAL(read_guest("disk=['/a,,xvda','/b,,xvdb,r']\nvif=['','devid=0','bridge=br7']\n"), 0);
    CU_ASSERT_EQUAL(guest.disks, 2);
    CU_ASSERT_EQUAL(guest.disk[1].device, 51728);
    CU_ASSERT_EQUAL(guest.vifs, 3);
    CU_ASSERT_EQUAL(guest.vif[0].devid, 1);
    CU_ASSERT_EQUAL(guest.vif[1].devid, 0);
    CU_ASSERT_EQUAL(guest.vif[2].devid, 2);
    CU_ASSERT_TRUE(guest.vif[0].mac_given);
    CU_ASSERT_EQUAL(read_guest("disk=['/a,,xvda','/b,,51712']\n"), -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(said.items[0].text, "disk: 51712 is given twice"));
    CU_ASSERT_EQUAL(read_guest("vif=['devid=1','devid=1']\n"), -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(said.items[0].text, "devid 1 is given twice"));
    CU_ASSERT_EQUAL(read_guest("vif='bridge=br0'\n"), -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(said.items[0].text, "list of strings"));
    CU_ASSERT_EQUAL(read_guest("disk=[['/a']]\n"), -1);
    CU_ASSERT_EQUAL(read_guest("disk=['/a,,xvda','/b,foo,xvdb']\n"), -1);
    CU_ASSERT_EQUAL(said.items[0].line, 5);
    CU_ASSERT_EQUAL(said.items[0].column, 22);
}

/* Devices that came and went are in the text from which the guest is made again. */
static void test_guest_text(void)
{
    CU_ASSERT_EQUAL(read_guest("disk=['/a,,xvda','/b\\\"x,,xvdb,r']\nvif=['mac=00:16:3e:00:00:01']\n"), 0);
    disk_free(&guest.disk[0]);
    guest.disk[0] = guest.disk[1];
    guest.disks = 1;
    guest.vif[0].devid = 5;
    char *text = guest_config_with_devices(&guest);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    struct config *tree;
    CU_ASSERT_EQUAL(config_parse(text, strlen(text), "again", &tree, &said), 0);
    guest_config_free(&guest);
    CU_ASSERT_EQUAL(config_to_guest(tree, &guest, &said), 0);
    config_free(tree);
    free(text);
    CU_ASSERT_EQUAL(guest.disks, 1);
    CU_ASSERT_STRING_EQUAL(guest.disk[0].target, "/b\"x");
    CU_ASSERT_EQUAL(guest.vif[0].devid, 5);
    CU_ASSERT_EQUAL(guest.vif[0].mac[5], 1);
    guest_config_free(&guest);
    diagnostics_clear(&said);
}

static CU_TestInfo tests[] = {
    {"disks of the man page", test_disk_man_page},
    {"positional parameters", test_disk_positional},
    {"prefixes", test_disk_prefixes},
    {"NBD", test_disk_nbd},
    {"wrong disks", test_disk_errors},
    {"disks of several words", test_disk_words},
    {"device numbers", test_device_numbers},
    {"vifs of the man page", test_vif_man_page},
    {"rates", test_vif_rate},
    {"wrong vifs", test_vif_errors},
    {"MAC addresses", test_vif_mac},
    {"lists of a guest", test_guest_lists},
    {"devices that came and went", test_guest_text},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    int failed = unit_run("device specifications", tests);

    disk_free(&disk);
    guest_config_free(&guest);
    diagnostics_clear(&said);
    return failed;
}
