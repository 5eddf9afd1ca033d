/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CMOS memory and clock behind ports 0x70 and 0x71. Index and data are two accesses to one register pair that dom0
 * uses as well (through virtual_ports.c), so each pair is done under one lock. NMI stays enabled (index bit 7 clear).
 */
#ifndef HAVEN_PLATFORM_CMOS_H
#define HAVEN_PLATFORM_CMOS_H

#include "lib/types.h"

uint8_t cmos_read(uint8_t index);
void cmos_write(uint8_t index, uint8_t value);

#endif
