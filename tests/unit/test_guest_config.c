/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What keys mean: fields, defaults and bounds of the constant; unknown, harmless and unsupported keys by name. */
#include "config/guest_config.h"
#include "config/keys.h"
#include "unit.h"
#include <string.h>

#define MINIMAL "name='g'\nkernel='/k'\nmemory=64\n"

static struct diagnostics said;
static struct guest_config guest;

static int read_guest(const char *text)
{
    struct config *tree;

    guest_config_free(&guest);
    diagnostics_clear(&said);
    if (config_parse(text, strlen(text), "t.cfg", &tree, &said) != 0)
        return -1;
    int error = config_to_guest(tree, &guest, &said);
    config_free(tree);
    return error;
}

/* MINIMAL with these lines is fine, and says nothing. */
static void accepts(const char *lines)
{
    char text[4096];

    snprintf(text, sizeof(text), "%s%s", MINIMAL, lines);
    CU_ASSERT_EQUAL(read_guest(text), 0);
    diagnostics_print(&said, stderr);
    CU_ASSERT_EQUAL(said.count, 0);
}

/* MINIMAL with these lines leads to one word of this severity, with these words in it, on line 4. */
static void says(enum diagnostic_severity severity, const char *lines, const char *words)
{
    char text[4096];

    snprintf(text, sizeof(text), "%s%s", MINIMAL, lines);
    CU_ASSERT_EQUAL(read_guest(text), severity == DIAGNOSTIC_ERROR ? -1 : 0);
    CU_ASSERT_EQUAL_FATAL(said.count, 1);
    if (!strstr(said.items[0].text, words))
        diagnostics_print(&said, stderr);
    CU_ASSERT_EQUAL(said.items[0].severity, severity);
    CU_ASSERT_EQUAL(said.items[0].line, 4);
    CU_ASSERT_PTR_NOT_NULL(strstr(said.items[0].text, words));
}

static void test_defaults(void)
{
    accepts("");
    CU_ASSERT_EQUAL(guest.type, GUEST_PV);
    CU_ASSERT_STRING_EQUAL(guest.name, "g");
    CU_ASSERT_STRING_EQUAL(guest.kernel, "/k");
    CU_ASSERT_PTR_NULL(guest.ramdisk);
    CU_ASSERT_PTR_NULL(guest.cmdline);
    CU_ASSERT_EQUAL(guest.memory_mib, 64);
    CU_ASSERT_EQUAL(guest.max_memory_mib, 64);
    CU_ASSERT_EQUAL(guest.vcpus, 1);
    CU_ASSERT_EQUAL(guest.max_vcpus, 1);
    CU_ASSERT_PTR_NULL(guest.hard_affinity);
    CU_ASSERT_PTR_NULL(guest.soft_affinity);
    CU_ASSERT_EQUAL(guest.on_poweroff, GUEST_DESTROY);
    CU_ASSERT_EQUAL(guest.on_reboot, GUEST_RESTART);
    CU_ASSERT_EQUAL(guest.on_crash, GUEST_DESTROY);
    CU_ASSERT_EQUAL(guest.on_watchdog, GUEST_DESTROY);
    CU_ASSERT_EQUAL(guest.max_grant_frames, GUEST_LIMIT_UNSET);
    CU_ASSERT_EQUAL(guest.max_event_channels, 0);
    CU_ASSERT_EQUAL(guest.cpu_weight, 0);
    CU_ASSERT_TRUE(guest.claim);
    CU_ASSERT_FALSE(guest.uuid_given);
    CU_ASSERT_EQUAL(guest.uuid[6] >> 4, 4);
    CU_ASSERT_EQUAL(guest.uuid[8] >> 6, 2);
}

static void test_fields(void)
{
    accepts("type='pv'\nramdisk='/"
            "r'\nmaxmem='128'\nmemory_min=32\nmemory_from='guests'\nvcpus=2;maxvcpus=0x4\ncpu_weight=512\ncap=150\n"
            "on_poweroff='preserve'\non_reboot='rename-restart'\non_crash='coredump-restart'\non_watchdog='restart'\n"
            "max_event_channels=100\nmax_grant_frames=32\nmax_maptrack_frames=0\nmax_grant_version=1\n"
            "tsc_mode='native'\nrtc_timeoffset='-3600'\nlocaltime=1\nclaim_mode=0\ndriver_domain=1\nnomigrate=1\n"
            "uuid='00112233-4455-6677-8899-aabbccddeeff'\ndisk=[]\nvif=[]\npci=[]\nvnc=0\npassthrough='disabled'\n");
    CU_ASSERT_STRING_EQUAL(guest.ramdisk, "/r");
    CU_ASSERT_EQUAL(guest.memory_mib, 64);
    CU_ASSERT_EQUAL(guest.max_memory_mib, 128);
    CU_ASSERT_EQUAL(guest.min_memory_mib, 32);
    CU_ASSERT_EQUAL(guest.memory_from, MEMORY_FROM_GUESTS);
    CU_ASSERT_EQUAL(guest.vcpus, 2);
    CU_ASSERT_EQUAL(guest.max_vcpus, 4);
    CU_ASSERT_EQUAL(guest.cpu_weight, 512);
    CU_ASSERT_EQUAL(guest.cpu_cap, 150);
    CU_ASSERT_EQUAL(guest.on_poweroff, GUEST_PRESERVE);
    CU_ASSERT_EQUAL(guest.on_reboot, GUEST_RENAME_RESTART);
    CU_ASSERT_EQUAL(guest.on_crash, GUEST_COREDUMP_RESTART);
    CU_ASSERT_EQUAL(guest.on_watchdog, GUEST_RESTART);
    CU_ASSERT_EQUAL(guest.max_event_channels, 100);
    CU_ASSERT_EQUAL(guest.max_grant_frames, 32);
    CU_ASSERT_EQUAL(guest.max_maptrack_frames, 0);
    CU_ASSERT_EQUAL(guest.max_grant_version, 1);
    CU_ASSERT_EQUAL(guest.tsc_mode, GUEST_TSC_NATIVE);
    CU_ASSERT_EQUAL(guest.rtc_timeoffset, -3600);
    CU_ASSERT_TRUE(guest.localtime && guest.driver_domain && guest.nomigrate);
    CU_ASSERT_FALSE(guest.claim);
    CU_ASSERT_TRUE(guest.uuid_given);
    CU_ASSERT_EQUAL(guest.uuid[0], 0x00);
    CU_ASSERT_EQUAL(guest.uuid[15], 0xff);
    accepts("tsc_mode=1\n");
    CU_ASSERT_EQUAL(guest.tsc_mode, GUEST_TSC_ALWAYS_EMULATE);
    accepts("maxvcpus=3\n");
    CU_ASSERT_EQUAL(guest.vcpus, 1);
    CU_ASSERT_EQUAL(guest.max_vcpus, 3);
}

static void test_cmdline(void)
{
    accepts("cmdline='a b'\n");
    CU_ASSERT_STRING_EQUAL(guest.cmdline, "a b");
    accepts("root='/dev/xvda1 ro'\n");
    CU_ASSERT_STRING_EQUAL(guest.cmdline, "root=/dev/xvda1 ro");
    accepts("extra='console=hvc0'\n");
    CU_ASSERT_STRING_EQUAL(guest.cmdline, "console=hvc0");
    accepts("root='/dev/xvda1'\nextra='console='\nextra+='hvc0'\n");
    CU_ASSERT_STRING_EQUAL(guest.cmdline, "root=/dev/xvda1 console=hvc0");
    says(DIAGNOSTIC_WARNING, "cmdline='a'\nroot='b'\n", "root and extra have no effect");
    CU_ASSERT_STRING_EQUAL(guest.cmdline, "a");

    char lines[2048] = "cmdline='", *end = lines + strlen(lines);
    memset(end, 'x', 1024);
    strcpy(end + 1023, "'\n");
    accepts(lines);
    strcpy(end + 1023, "x'\n");
    says(DIAGNOSTIC_ERROR, lines, "1024 bytes");
}

static void test_affinity(void)
{
    accepts("vcpus=2\ncpus='0-3,5,^1'\n");
    for (int v = 0; v < 2; v++)
        for (unsigned int cpu = 0; cpu < 1100; cpu++)
            CU_ASSERT_EQUAL(cpu_set_has(&guest.hard_affinity[v], cpu), cpu == 0 || cpu == 2 || cpu == 3 || cpu == 5);
    accepts("vcpus=3\ncpus=[\"2\", \"3-8,^5\"]\ncpus_soft='all,^7'\n");
    CU_ASSERT_TRUE(cpu_set_has(&guest.hard_affinity[0], 2));
    CU_ASSERT_FALSE(cpu_set_has(&guest.hard_affinity[0], 3));
    CU_ASSERT_TRUE(cpu_set_has(&guest.hard_affinity[1], 8));
    CU_ASSERT_FALSE(cpu_set_has(&guest.hard_affinity[1], 5));
    CU_ASSERT_TRUE(cpu_set_has(&guest.hard_affinity[2], 1023));
    CU_ASSERT_FALSE(cpu_set_has(&guest.soft_affinity[0], 7));
    CU_ASSERT_TRUE(cpu_set_has(&guest.soft_affinity[2], 1023));
    accepts("cpus=2\n");
    CU_ASSERT_TRUE(cpu_set_has(&guest.hard_affinity[0], 2));
    accepts("cpus=[]\n");
    CU_ASSERT_PTR_NULL(guest.hard_affinity);

    says(DIAGNOSTIC_WARNING, "cpus=[0,1]\n", "names CPUs for 2 vCPUs");
    says(DIAGNOSTIC_ERROR, "cpus='nodes:0-3'\n", "nodes in CPU lists");
    says(DIAGNOSTIC_ERROR, "cpus='3-1'\n", "ends before it begins");
    says(DIAGNOSTIC_ERROR, "cpus='1024'\n", "expected CPU numbers");
    says(DIAGNOSTIC_ERROR, "cpus='1,^1'\n", "no CPU is left");
    says(DIAGNOSTIC_ERROR, "cpus='1 2'\n", "expected a comma");
    says(DIAGNOSTIC_ERROR, "cpus='^all'\n", "no CPU");
    says(DIAGNOSTIC_ERROR, "cpus=['1,']\n", "cpus for vCPU 0");
    says(DIAGNOSTIC_ERROR, "cpus=[[1]]\n", "list in its list");
}

static void test_cpu_set_text(void)
{
    struct cpu_set set;
    char text[32];

    CU_ASSERT_PTR_NULL(cpu_set_parse(" 0, 2-4 ,^3,1023", &set));
    CU_ASSERT_EQUAL(cpu_set_format(&set, text, sizeof(text)), 0);
    CU_ASSERT_STRING_EQUAL(text, "0,2,4,1023");
    CU_ASSERT_EQUAL(cpu_set_format(&set, text, 11), 0);
    CU_ASSERT_EQUAL(cpu_set_format(&set, text, 10), -1);
    CU_ASSERT_PTR_NULL(cpu_set_parse("all", &set));
    CU_ASSERT_EQUAL(cpu_set_format(&set, text, sizeof(text)), 0);
    CU_ASSERT_STRING_EQUAL(text, "all");
    CU_ASSERT_PTR_NULL(cpu_set_parse("all,^0", &set));
    CU_ASSERT_EQUAL(cpu_set_format(&set, text, sizeof(text)), 0);
    CU_ASSERT_STRING_EQUAL(text, "1-1023");
    CU_ASSERT_PTR_NOT_NULL(cpu_set_parse("", &set));
    CU_ASSERT_PTR_NOT_NULL(cpu_set_parse("99999999999999999999", &set));
}

static void test_bad_values(void)
{
    says(DIAGNOSTIC_ERROR, "vcpus=0\n", "vcpus must be a number from 1 to 64, not \"0\"");
    says(DIAGNOSTIC_ERROR, "vcpus=65\n", "from 1 to 64");
    says(DIAGNOSTIC_ERROR, "vcpus='two'\n", "not \"two\"");
    says(DIAGNOSTIC_ERROR, "vcpus=2x\n", "not \"2x\"");
    says(DIAGNOSTIC_ERROR, "vcpus=[1]\n", "a single value");
    says(DIAGNOSTIC_ERROR, "vcpus+=1\n", "+= can't add");
    says(DIAGNOSTIC_ERROR, "vcpus=3;maxvcpus=2\n", "more than maxvcpus (2)");
    says(DIAGNOSTIC_ERROR, "memory=65;maxmem=64\n", "more than maxmem");
    says(DIAGNOSTIC_ERROR, "maxmem=99999999999999999999\n", "from 1 to");
    says(DIAGNOSTIC_ERROR, "memory_min=65\n", "more than memory");
    says(DIAGNOSTIC_ERROR, "memory_from='nobody'\n", "one of auto, free, dom0, guests");
    says(DIAGNOSTIC_ERROR, "cpu_weight=65536\n", "from 1 to 65535");
    says(DIAGNOSTIC_ERROR, "uuid='0011'\n", "no UUID");
    says(DIAGNOSTIC_ERROR, "tsc_mode='native_paravirt'\n", "tsc_mode");
    says(DIAGNOSTIC_ERROR, "on_crash='explode'\n", "none of destroy");
    says(DIAGNOSTIC_ERROR, "on_crash='soft-reset'\n", "not supported for PV");
    says(DIAGNOSTIC_ERROR, "name='a/b'\n", "would be a path");
    says(DIAGNOSTIC_ERROR, "name='a\\nb'\n", "control character");
    says(DIAGNOSTIC_WARNING, "name='12'\n", "number of a domain");
    says(DIAGNOSTIC_ERROR, "name=''\n", "name is missing");
    says(DIAGNOSTIC_ERROR, "kernel=''\n", "kernel is missing");
    CU_ASSERT_EQUAL(read_guest("name='g'\nkernel='/k'\n"), -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(said.items[0].text, "memory is missing"));
    CU_ASSERT_PTR_NOT_NULL(said.items[0].source); /* the file, though no line of it */
    CU_ASSERT_EQUAL(read_guest(""), -1);
    CU_ASSERT_EQUAL(said.errors, 3);
}

static void test_keys_that_do_nothing(void)
{
    says(DIAGNOSTIC_ERROR, "type='pvh'\n", "type \"pvh\" is understood but not supported");
    says(DIAGNOSTIC_ERROR, "type='p'\n", "unknown type");
    says(DIAGNOSTIC_ERROR, "builder='hvm'\n", "builder \"hvm\"");
    accepts("builder='generic'\n");
    says(DIAGNOSTIC_WARNING, "memroy=64\n", "unknown key memroy is ignored (did you mean memory?)");
    says(DIAGNOSTIC_WARNING, "vcpu=1\n", "did you mean vcpus?");
    says(DIAGNOSTIC_WARNING, "frobnicate=1\n", "unknown key frobnicate is ignored");
    CU_ASSERT_PTR_NULL(strstr(said.items[0].text, "did you mean"));
    says(DIAGNOSTIC_WARNING, "nographic=1\n", "nographic has no effect: it is for HVM guests only");
    says(DIAGNOSTIC_WARNING, "seclabel='x'\n", "seclabel has no effect");
    accepts("bootloader=''\n");
    says(DIAGNOSTIC_ERROR, "bootloader='pygrub'\n", "bootloader is understood but not supported");
    says(DIAGNOSTIC_ERROR, "pci=['01:00.0']\n", "pci is understood but not supported");
    says(DIAGNOSTIC_ERROR, "vnc=1\n", "vnc is understood but not supported");
    says(DIAGNOSTIC_ERROR, "vnuma=[['pnode=0']]\n", "vnuma is understood");
    says(DIAGNOSTIC_ERROR, "disk=['/dev/x,xvda,w']\n", "disk: format \"xvda\"");
    says(DIAGNOSTIC_ERROR, "vif=['type=ioemu']\n", "vif: type \"ioemu\" is understood but not supported");
    says(DIAGNOSTIC_ERROR, "pool='other'\n", "pool \"other\"");
    accepts("pool='Pool-0'\n");
    says(DIAGNOSTIC_ERROR, "passthrough='enabled'\n", "passthrough is understood");
}

/* The table is in order and has a reason wherever one is printed. */
static void test_table_of_keys(void)
{
    for (unsigned int i = 0; i < config_keys_count; i++) {
        const struct config_key *key = &config_keys[i];

        if (i)
            CU_ASSERT(strcmp(config_keys[i - 1].name, key->name) < 0);
        CU_ASSERT_PTR_EQUAL(config_key_find(key->name), key);
        if (key->kind >= KEY_HARMLESS)
            CU_ASSERT_PTR_NOT_NULL(key->note);
    }
    CU_ASSERT_PTR_NULL(config_key_find(""));
    CU_ASSERT_PTR_NULL(config_key_similar("a-name-of-forty-or-more-letters-is-like-nothing-else"));
}

static void test_text_makes_the_guest_again(void)
{
    char uuid[GUEST_UUID_TEXT], *text;

    accepts("extra='a \"b\" \\\\ c'\ncpus=['0','1-2']\nvcpus=2 # two\n");
    guest_uuid_format(guest.uuid, uuid);
    text = strdup(guest.text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, uuid));
    CU_ASSERT_EQUAL(read_guest(text), 0);
    CU_ASSERT_EQUAL(said.count, 0);
    CU_ASSERT_STRING_EQUAL(guest.text, text);
    CU_ASSERT_STRING_EQUAL(guest.cmdline, "a \"b\" \\ c");
    CU_ASSERT_TRUE(guest.uuid_given);
    free(text);
}

static void test_uuid_text(void)
{
    uint8_t uuid[16];
    char text[GUEST_UUID_TEXT];

    CU_ASSERT_EQUAL(guest_uuid_parse("00112233-4455-6677-8899-AABBCCDDEEFF", uuid), 0);
    guest_uuid_format(uuid, text);
    CU_ASSERT_STRING_EQUAL(text, "00112233-4455-6677-8899-aabbccddeeff");
    CU_ASSERT_EQUAL(guest_uuid_parse("00112233445566778899aabbccddeeff", uuid), 0);
    CU_ASSERT_EQUAL(guest_uuid_parse("00112233445566778899aabbccddeeff0", uuid), -1);
    CU_ASSERT_EQUAL(guest_uuid_parse("0-112233445566778899aabbccddeeff", uuid), -1);
    CU_ASSERT_EQUAL(guest_uuid_parse("", uuid), -1);
}

static CU_TestInfo cases[] = {
    {"defaults", test_defaults},
    {"fields", test_fields},
    {"command line", test_cmdline},
    {"affinity", test_affinity},
    {"CPU lists as text", test_cpu_set_text},
    {"bad values", test_bad_values},
    {"unknown, harmless and refused keys", test_keys_that_do_nothing},
    {"the table of keys", test_table_of_keys},
    {"the kept text makes the same guest", test_text_makes_the_guest_again},
    {"UUIDs as text", test_uuid_text},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    int failed = unit_run("guest config", cases);

    guest_config_free(&guest);
    diagnostics_clear(&said);
    return failed;
}
