/* SPDX-License-Identifier: GPL-2.0-or-later */
/* I/O port instructions of PV guests, all of which trap. */
#ifndef HAVEN_GUEST_PV_PORT_IO_H
#define HAVEN_GUEST_PV_PORT_IO_H

#include "domain/vcpu.h"

/* The virtual I/O privilege level allows all ports, and cli and sti, to the code that runs. */
bool port_io_level_ok(const struct vcpu *v);

/* What the guest's kernel grants to the code that runs: by its I/O privilege level, else by its bitmap. */
bool port_io_allowed(struct vcpu *v, uint16_t port, unsigned int size);

/* size 1, 2, 4. What the domain may not touch reads all ones and swallows writes. */
uint32_t port_io_read(struct vcpu *v, uint16_t port, unsigned int size);
void port_io_write(struct vcpu *v, uint16_t port, unsigned int size, uint32_t value);

#endif
