/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stops the other CPUs for good: before a reset, and in a panic. */
#ifndef HAVEN_PLATFORM_STOP_H
#define HAVEN_PLATFORM_STOP_H

#include "cpu/regs.h"
#include "lib/compiler.h"
#include "lib/types.h"

/* By VECTOR_IPI_STOP first, by NMI where that is not heard. Returns when they stand still, or after a while. */
void stop_others(void);

/* Handler of VECTOR_IPI_STOP. */
__noreturn_ void stop_ipi_handler(const struct cpu_regs *regs);

/* First thing in the NMI handler: does not return if the NMI is a call to stop. */
void stop_check_nmi(const struct cpu_regs *regs);

#endif
