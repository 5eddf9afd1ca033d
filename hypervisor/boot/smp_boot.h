/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Brings up the application processors. Only while booting. */
#ifndef HAVEN_BOOT_SMP_BOOT_H
#define HAVEN_BOOT_SMP_BOOT_H

#include "cpu/cpu_local.h"

/*
 * Starts the processors of acpi_info, one after the other; one that does not answer is reported and left out. CPUs are
 * numbered from 0 (this one) without holes. Interrupts may be on or off.
 */
void smp_boot(void);

#endif
