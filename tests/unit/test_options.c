/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hypervisor's command line, and what dom0_mem= makes of a machine's memory. */
#include "boot/options.h"
#include "unit.h"
#include <string.h>

static struct boot_options o;
static unsigned int complaints;
static char last[256];

static void complain(const char *what, const char *word)
{
    (void)what;
    complaints++;
    snprintf(last, sizeof(last), "%s", word);
}

/* Returns how many words were refused. */
static unsigned int parse(const char *line)
{
    complaints = 0;
    options_parse(line, &o, complain);
    return complaints;
}

static void test_usual(void)
{
    CU_ASSERT_EQUAL(parse("placeholder console=com1,vga com1=115200,8n1 dom0_mem=768M,max:1G loglvl=all noreboot"), 0);
    CU_ASSERT_STRING_EQUAL(o.console, "com1,vga");
    CU_ASSERT_STRING_EQUAL(o.com1, "115200,8n1");
    CU_ASSERT_STRING_EQUAL(o.loglvl, "all");
    CU_ASSERT_TRUE(o.dom0_mem.given && o.dom0_mem.bytes == MIB(768) && !o.dom0_mem.all_but);
    CU_ASSERT_TRUE(o.dom0_mem_max.given && o.dom0_mem_max.bytes == GIB(1));
    CU_ASSERT_FALSE(o.dom0_mem_min.given);
    CU_ASSERT_TRUE(o.noreboot);
    CU_ASSERT_FALSE(o.nosmp);
    CU_ASSERT_EQUAL(parse(""), 0);
    CU_ASSERT_FALSE(o.noreboot || o.dom0_mem.given);
}

static void test_unknown(void)
{
    CU_ASSERT_EQUAL(parse("spec-ctrl=no nosmp dom0_vcpus_pin"), 2);
    CU_ASSERT_STRING_EQUAL(last, "dom0_vcpus_pin");
    CU_ASSERT_TRUE(o.nosmp);
    CU_ASSERT_EQUAL(parse("nosmpx nosm =1 ="), 4);
}

static void test_flags(void)
{
    CU_ASSERT_EQUAL(parse("noreboot=no nosmp=1"), 0);
    CU_ASSERT_FALSE(o.noreboot);
    CU_ASSERT_TRUE(o.nosmp);
    CU_ASSERT_EQUAL(parse("noreboot noreboot=maybe"), 1);
    CU_ASSERT_TRUE(o.noreboot);
}

static void test_memory(void)
{
    CU_ASSERT_EQUAL(parse("dom0_mem=1024"), 0); /* KiB */
    CU_ASSERT_EQUAL(o.dom0_mem.bytes, MIB(1));
    CU_ASSERT_EQUAL(parse("dom0_mem=max:-256M,min:64m,2g"), 0);
    CU_ASSERT_TRUE(o.dom0_mem_max.all_but && o.dom0_mem_max.bytes == MIB(256));
    CU_ASSERT_EQUAL(o.dom0_mem_min.bytes, MIB(64));
    CU_ASSERT_EQUAL(o.dom0_mem.bytes, GIB(2));

    static const char *const bad[] = {"dom0_mem",
                                      "dom0_mem=",
                                      "dom0_mem=M",
                                      "dom0_mem=1M,",
                                      "dom0_mem=1Mx",
                                      "dom0_mem=,1M",
                                      "dom0_mem=min:",
                                      "dom0_mem=--1M",
                                      "dom0_mem=1M,,2M",
                                      "dom0_mem=mid:1M",
                                      "dom0_mem=18446744073709551615"};
    for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
        CU_ASSERT_EQUAL(parse(bad[i]), 1);
        CU_ASSERT_FALSE(o.dom0_mem.given || o.dom0_mem_min.given || o.dom0_mem_max.given);
    }
}

static void test_vcpus(void)
{
    CU_ASSERT_EQUAL(parse("dom0_max_vcpus=4"), 0);
    CU_ASSERT_TRUE(o.dom0_max_vcpus == 4 && o.dom0_max_vcpus_min == 4);
    CU_ASSERT_EQUAL(parse("dom0_max_vcpus=2-8"), 0);
    CU_ASSERT_TRUE(o.dom0_max_vcpus == 8 && o.dom0_max_vcpus_min == 2);
    CU_ASSERT_EQUAL(parse("dom0_max_vcpus=-8"), 0);
    CU_ASSERT_TRUE(o.dom0_max_vcpus == 8 && o.dom0_max_vcpus_min == 0);
    CU_ASSERT_EQUAL(parse("dom0_max_vcpus=3-"), 0);
    CU_ASSERT_TRUE(o.dom0_max_vcpus == 0 && o.dom0_max_vcpus_min == 3);
    CU_ASSERT_EQUAL(parse("dom0_max_vcpus=0 dom0_max_vcpus=x dom0_max_vcpus=4-2 dom0_max_vcpus=9999999999"), 4);
}

static void expect_line(const char *options, const char *line)
{
    char out[80];

    parse(options);
    options_serial_line(&o, out, sizeof(out));
    CU_ASSERT_STRING_EQUAL(out, line);
}

static void test_serial(void)
{
    expect_line("", "com1");
    expect_line("console=vga", "com1");
    expect_line("console=vga,com2 com2=9600 com1=115200", "com2=9600");
    expect_line("console=com1 com1=115200,8n1", "com1=115200,8n1");
    expect_line("console=com2,com1", "com2");
}

/* Whatever stands there, parsing ends and stays within its fields. */
static void test_random(void)
{
    static const char *const piece[] = {"dom0_mem=",
                                        "console=",
                                        "com1=",
                                        "min:",
                                        "max:",
                                        ",",
                                        "-",
                                        "1",
                                        "G",
                                        " ",
                                        "=",
                                        "dom0_max_vcpus=",
                                        "99999999999999999999",
                                        "noreboot",
                                        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"};
    char line[1024];

    for (unsigned int round = 0; round < 20000; round++) {
        line[0] = 0;
        for (uint64_t n = unit_random_below(12); n; n--)
            strcat(line, piece[unit_random_below(ARRAY_SIZE(piece))]);
        parse(line);
        CU_ASSERT_TRUE(strlen(o.console) < sizeof(o.console) && strlen(o.com1) < sizeof(o.com1));
    }
}

int main(void)
{
    CU_TestInfo cases[] = {{"the usual line", test_usual}, {"unknown words", test_unknown},
                           {"flags", test_flags},          {"dom0's memory", test_memory},
                           {"dom0's vCPUs", test_vcpus},   {"the serial line", test_serial},
                           {"random words", test_random},  CU_TEST_INFO_NULL};
    return unit_run("options", cases);
}
