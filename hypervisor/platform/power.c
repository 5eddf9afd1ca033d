/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ends of the machine. Only dom0 interprets AML, so the values that mean S5 come from it; a power-off without them can
 * but halt. Reset tries the ways from the cleanest to the surest.
 */
#include "platform/power.h"
#include "cpu/x86.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "mm/hv_map.h"
#include "platform/acpi.h"
#include "platform/stop.h"

#define PM1_SLEEP_ENABLE (1u << 13)

#define RESET_CONTROL        0xcf9 /* PIIX and ICH: bit 1 selects a hard reset, bit 2 starts it */
#define KEYBOARD_PORT        0x64
#define KEYBOARD_BUSY        0x02
#define KEYBOARD_PULSE_RESET 0xfe

#define PAUSE_LOOPS 2000000

bool power_noreboot;

static void short_pause(void)
{
    for (unsigned int i = 0; i < PAUSE_LOOPS; i++)
        cpu_pause();
}

static void reset_by_acpi(void)
{
    if (!acpi_info.reset.valid)
        return;
    if (acpi_info.reset.io) {
        outb((uint16_t)acpi_info.reset.address, acpi_info.reset.value);
    } else {
        volatile uint8_t *reg = hv_map_mmio(acpi_info.reset.address, 1, HV_CACHE_UC);
        if (reg)
            *reg = acpi_info.reset.value;
    }
    short_pause();
}

static void reset_by_keyboard(void)
{
    for (unsigned int i = 0; i < 100000 && (inb(KEYBOARD_PORT) & KEYBOARD_BUSY); i++)
        cpu_pause();
    outb(KEYBOARD_PORT, KEYBOARD_PULSE_RESET);
    short_pause();
}

static void reset_by_chipset(void)
{
    uint8_t old = inb(RESET_CONTROL) & (uint8_t)~6;
    outb(RESET_CONTROL, old | 2);
    outb(RESET_CONTROL, old | 6);
    short_pause();
}

/* Without an IDT the next exception cannot be delivered, nor the double fault about it. */
static void __noreturn_ reset_by_triple_fault(void)
{
    static const struct {
        uint16_t limit;
        uint64_t base;
    } __packed none = {0, 0};
    __asm__ volatile("lidt %0; int3" : : "m"(none));
    cpu_halt();
}

void power_reboot(void)
{
    irq_disable();
    stop_others();
    reset_by_acpi();
    reset_by_chipset();
    reset_by_keyboard();
    reset_by_triple_fault();
}

void power_off(void)
{
    log_info("Powered off as far as the hypervisor can: the machine is halted");
    power_halt();
}

void power_halt(void)
{
    irq_disable();
    stop_others();
    cpu_halt();
}

int power_acpi_sleep(uint8_t state, uint32_t pm1a, uint32_t pm1b)
{
    if (state != 5)
        return -EOPNOTSUPP; /* S1..S4 need all devices' and CPUs' state restored: not offered */
    if (!acpi_info.pm1a_control || ((pm1a | pm1b) & ~0xffffu))
        return -EINVAL;
    log_info("Power off (ACPI S5)");
    irq_disable();
    stop_others();
    pm1a &= ~PM1_SLEEP_ENABLE;
    /* The type first, then type and enable together: some chipsets want it in two steps (ACPI 16.1.6 says so too). */
    for (unsigned int step = 0; step < 2; step++) {
        uint32_t enable = step ? PM1_SLEEP_ENABLE : 0;
        outw(acpi_info.pm1a_control, (uint16_t)(pm1a | enable));
        if (acpi_info.pm1b_control)
            outw(acpi_info.pm1b_control, (uint16_t)((pm1b & ~PM1_SLEEP_ENABLE) | enable));
    }
    short_pause();
    log_error("The machine did not power off; halted");
    cpu_halt();
}
