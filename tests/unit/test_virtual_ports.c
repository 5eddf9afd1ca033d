/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Emulated ports with pretended hardware: who reaches what, and that nothing else is touched. */
#include "platform/acpi.h"
#include "platform/cmos.h"
#include "platform/console.h"
#include "platform/pci.h"
#include "platform/virtual_ports.h"
#include <CUnit/Basic.h>
#include <string.h>

/* ---- the hardware ---- */

static unsigned int hardware_accesses;
static uint8_t port_value[0x100];
static uint8_t cmos[128];
static struct {
    pci_address_t a;
    unsigned int reg, size;
    uint32_t value;
    bool write;
} pci_last;

struct acpi_info acpi_info;

uint8_t inb(uint16_t port);
void outb(uint16_t port, uint8_t v);

uint8_t inb(uint16_t port)
{
    hardware_accesses++;
    return port_value[port & 0xff];
}

void outb(uint16_t port, uint8_t v)
{
    hardware_accesses++;
    port_value[port & 0xff] = v;
}

uint8_t cmos_read(uint8_t index)
{
    hardware_accesses++;
    return cmos[index];
}

void cmos_write(uint8_t index, uint8_t value)
{
    hardware_accesses++;
    cmos[index] = value;
}

uint32_t pci_config_read(pci_address_t a, unsigned int reg, unsigned int size)
{
    hardware_accesses++;
    pci_last.a = a;
    pci_last.reg = reg;
    pci_last.size = size;
    pci_last.write = false;
    return 0x12345678;
}

void pci_config_guest_write(pci_address_t a, unsigned int reg, unsigned int size, uint32_t value)
{
    hardware_accesses++;
    pci_last.a = a;
    pci_last.reg = reg;
    pci_last.size = size;
    pci_last.value = value;
    pci_last.write = true;
}

bool console_serial_ports(uint16_t *first, uint16_t *last)
{
    *first = 0x3f8;
    *last = 0x3ff;
    return true;
}

static void reset(void)
{
    hardware_accesses = 0;
    memset(port_value, 0, sizeof(port_value));
    memset(cmos, 0, sizeof(cmos));
    memset(&pci_last, 0, sizeof(pci_last));
    acpi_info.pm_timer_port = 0x608;
}

/* ---- tests ---- */

static uint32_t read_ok(struct port_state *s, bool privileged, uint16_t port, unsigned int size)
{
    uint32_t v = 0xdead;
    CU_ASSERT_TRUE(virtual_port_read(s, privileged, port, size, &v));
    return v;
}

static void test_pci_address(void)
{
    struct port_state s = {0};
    reset();
    CU_ASSERT_EQUAL(read_ok(&s, true, 0xcf8, 4), 0);
    CU_ASSERT_TRUE(virtual_port_write(&s, true, 0xcf8, 4, 0x80000000));
    CU_ASSERT_EQUAL(read_ok(&s, true, 0xcf8, 4), 0x80000000);
    /* Smaller accesses do not reach it; 0xcf9 would reset the machine. */
    CU_ASSERT_TRUE(virtual_port_write(&s, true, 0xcf9, 1, 6));
    CU_ASSERT_TRUE(virtual_port_write(&s, true, 0xcfb, 1, 1));
    CU_ASSERT_TRUE(virtual_port_write(&s, true, 0xcf7, 2, 0xffff));
    CU_ASSERT_EQUAL(read_ok(&s, true, 0xcf8, 1), 0xff);
    CU_ASSERT_EQUAL(read_ok(&s, true, 0xcf8, 4), 0x80000000);
    CU_ASSERT_EQUAL(hardware_accesses, 0);
}

static void test_pci_data(void)
{
    struct port_state s = {0};
    reset();
    CU_ASSERT_EQUAL(read_ok(&s, true, 0xcfc, 4), 0xffffffff); /* not enabled */
    CU_ASSERT_EQUAL(hardware_accesses, 0);
    virtual_port_write(&s, true, 0xcf8, 4, 0x80000000 | 0x1a << 8 | 0x44);
    CU_ASSERT_EQUAL(read_ok(&s, true, 0xcfc, 4), 0x12345678);
    CU_ASSERT_EQUAL(pci_last.a, 0x1a);
    CU_ASSERT_EQUAL(pci_last.reg, 0x44);
    CU_ASSERT_EQUAL(read_ok(&s, true, 0xcfe, 2), 0x5678);
    CU_ASSERT_EQUAL(pci_last.reg, 0x46);
    CU_ASSERT_TRUE(virtual_port_write(&s, true, 0xcfd, 1, 0xaabbccdd));
    CU_ASSERT_TRUE(pci_last.write);
    CU_ASSERT_EQUAL(pci_last.reg, 0x45);
    CU_ASSERT_EQUAL(pci_last.value, 0xdd);
    unsigned int before = hardware_accesses;
    CU_ASSERT_EQUAL(read_ok(&s, true, 0xcfd, 2), 0xffff); /* unaligned, and beyond the register */
    CU_ASSERT_EQUAL(read_ok(&s, true, 0xcff, 4), 0xffffffff);
    virtual_port_write(&s, true, 0xcfe, 4, 1);
    CU_ASSERT_EQUAL(hardware_accesses, before);
}

static void test_domains_have_their_own_registers(void)
{
    struct port_state a = {0}, b = {0};
    reset();
    cmos[3] = 0x33;
    virtual_port_write(&a, true, 0xcf8, 4, 0x80001000);
    virtual_port_write(&a, true, 0x70, 1, 3);
    CU_ASSERT_EQUAL(read_ok(&b, true, 0xcf8, 4), 0);
    CU_ASSERT_EQUAL(read_ok(&b, true, 0x71, 1), 0);
    CU_ASSERT_EQUAL(read_ok(&a, true, 0x71, 1), 0x33);
}

static void test_unprivileged_reach_nothing(void)
{
    static const uint16_t ports[] = {0x20, 0x21, 0x40, 0x43, 0x61, 0x70, 0x71, 0xa0, 0x3f8, 0x608, 0xcf8, 0xcf9, 0xcfc};
    struct port_state s = {0};
    reset();
    for (unsigned int i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
        for (unsigned int size = 1; size <= 4; size *= 2) {
            CU_ASSERT_TRUE(virtual_port_write(&s, false, ports[i], size, 0x80000000));
            CU_ASSERT_EQUAL(read_ok(&s, false, ports[i], size), size == 4 ? ~0u : (1u << size * 8) - 1);
        }
    }
    CU_ASSERT_EQUAL(read_ok(&s, false, 0x42, 1), 0); /* ends a kernel's calibration at once */
    CU_ASSERT_EQUAL(hardware_accesses, 0);
    CU_ASSERT_EQUAL(s.pci_address, 0);
}

static void test_cmos(void)
{
    struct port_state s = {0};
    reset();
    CU_ASSERT_TRUE(virtual_port_write(&s, true, 0x70, 1, 0x8a)); /* bit 7 switches NMI off: not for guests */
    CU_ASSERT_EQUAL(s.cmos_index, 0x0a);
    virtual_port_write(&s, true, 0x71, 1, 0x55);
    CU_ASSERT_EQUAL(cmos[0x0a], 0x55);
    CU_ASSERT_EQUAL(read_ok(&s, true, 0x71, 1), 0x55);
    CU_ASSERT_EQUAL(read_ok(&s, true, 0x70, 1), 0xff);
    virtual_port_write(&s, true, 0x70, 2, 0x6610);
    CU_ASSERT_EQUAL(cmos[0x10], 0x66);
}

static void test_pit_channel_2_only(void)
{
    struct port_state s = {0};
    reset();
    virtual_port_write(&s, true, 0x43, 1, 0x34); /* channel 0 */
    virtual_port_write(&s, true, 0x43, 1, 0x74); /* channel 1 */
    virtual_port_write(&s, true, 0x43, 1, 0xc2); /* read back channel 0 */
    virtual_port_write(&s, true, 0x43, 1, 0xca); /* read back channels 0 and 2 */
    virtual_port_write(&s, true, 0x40, 1, 1);
    virtual_port_write(&s, true, 0x41, 1, 1);
    virtual_port_write(&s, true, 0x42, 2, 1);
    CU_ASSERT_EQUAL(read_ok(&s, true, 0x40, 1), 0xff);
    CU_ASSERT_EQUAL(hardware_accesses, 0);
    virtual_port_write(&s, true, 0x43, 1, 0xb0);
    CU_ASSERT_EQUAL(port_value[0x43], 0xb0);
    virtual_port_write(&s, true, 0x43, 1, 0xe8);
    CU_ASSERT_EQUAL(port_value[0x43], 0xe8);
    virtual_port_write(&s, true, 0x42, 1, 0x99);
    CU_ASSERT_EQUAL(read_ok(&s, true, 0x42, 1), 0x99);
    port_value[0x61] = 0x0c;
    virtual_port_write(&s, true, 0x61, 1, 0xf1);
    CU_ASSERT_EQUAL(port_value[0x61], 0x0d);
}

/* What Linux's acpi_pm does: two reads must tell it that the timer is no use. */
static void test_pm_timer_goes_backwards(void)
{
    struct port_state s = {0};
    reset();
    uint32_t first = read_ok(&s, true, 0x608, 4), second = read_ok(&s, true, 0x608, 4);
    if (first < second) {
        first = second;
        second = read_ok(&s, true, 0x608, 4);
    }
    CU_ASSERT_TRUE(second < first && (second & 0xffffff) >= 0xfff);
    CU_ASSERT_EQUAL(hardware_accesses, 0);
}

static void test_others_are_not_ours(void)
{
    struct port_state s = {0};
    uint32_t v = 0;
    reset();
    static const uint16_t ports[] = {0x60, 0x64, 0x80, 0x22, 0xa2, 0x3f7, 0x2f8, 0x604, 0x60c, 0xd00, 0xffff};
    for (unsigned int i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
        CU_ASSERT_FALSE(virtual_port_read(&s, true, ports[i], 1, &v));
        CU_ASSERT_FALSE(virtual_port_write(&s, true, ports[i], 1, 0));
    }
    /* Wide accesses that reach into a port of ours are ours. */
    CU_ASSERT_TRUE(virtual_port_read(&s, true, 0x606, 4, &v));
    CU_ASSERT_TRUE(virtual_port_read(&s, true, 0x3f6, 4, &v));
    CU_ASSERT_FALSE(virtual_port_read(&s, true, 0xfffe, 4, &v));
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("virtual_ports", NULL, NULL);
    CU_add_test(s, "PCI address register", test_pci_address);
    CU_add_test(s, "PCI data register", test_pci_data);
    CU_add_test(s, "domains have their own registers", test_domains_have_their_own_registers);
    CU_add_test(s, "unprivileged domains reach nothing", test_unprivileged_reach_nothing);
    CU_add_test(s, "CMOS", test_cmos);
    CU_add_test(s, "PIT: channel 2 only", test_pit_channel_2_only);
    CU_add_test(s, "PM timer goes backwards", test_pm_timer_goes_backwards);
    CU_add_test(s, "other ports are not ours", test_others_are_not_ours);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    return CU_get_number_of_failures() || CU_get_error() ? 1 : 0;
}
