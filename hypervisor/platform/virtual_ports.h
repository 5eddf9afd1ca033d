/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * I/O ports that no domain touches directly, because the hypervisor needs them too or must see what is written: PCI
 * configuration (0xcf8..0xcff), CMOS clock, PIT, interrupt controllers, PM timer, the console's serial line. Everything
 * else is a matter of the domain's port rights. Theory in virtual_ports.c.
 */
#ifndef HAVEN_PLATFORM_VIRTUAL_PORTS_H
#define HAVEN_PLATFORM_VIRTUAL_PORTS_H

#include "lib/types.h"

/* One domain's index registers; all zero at first. Its vCPUs may race on it like on the real ones. */
struct port_state {
    uint32_t pci_address; /* as last written to 0xcf8 */
    uint8_t cmos_index;   /* as last written to 0x70 */
    uint8_t pm_timer_low; /* see virtual_ports.c */
};

/*
 * A guest's access of size 1, 2 or 4. True: one of the ports above, done (reads: *value holds it, zero-extended).
 * False: the caller looks at the domain's port rights. 'privileged' domains own the devices.
 */
bool virtual_port_read(struct port_state *s, bool privileged, uint16_t port, unsigned int size, uint32_t *value);
bool virtual_port_write(struct port_state *s, bool privileged, uint16_t port, unsigned int size, uint32_t value);

#endif
