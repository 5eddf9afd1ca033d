/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HAVEN_PLATFORM_POWER_H
/* Ways to end the machine. */
#define HAVEN_PLATFORM_POWER_H

#include "lib/compiler.h"
#include "lib/types.h"

/* Stops the other CPUs, then: reset (ACPI register, keyboard controller, triple fault), S5, or halt. */
__noreturn_ void power_reboot(void);
__noreturn_ void power_off(void);
__noreturn_ void power_halt(void);

/* XENPF_enter_acpi_sleep: values for PM1a/b control as the guest's ACPI code wants to write them. S5 only: does not
 * return on success. */
int power_acpi_sleep(uint8_t state, uint32_t pm1a, uint32_t pm1b);

extern bool power_noreboot; /* option noreboot: halt instead, after a panic or dom0's crash */

#endif
