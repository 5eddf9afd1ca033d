/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two questions for each access. May this code of the guest use the port: its kernel says so, by set_iopl and
 * set_iobitmap. Then, what does the domain find there: a port that the hypervisor shares or keeps
 * (platform/virtual_ports.c), the real one if the domain owns it, or nothing.
 */
#include "guest/pv/port_io.h"
#include "cpu/x86.h"
#include "guest/pv/address_space.h"
#include "lib/rangeset.h"
#include "platform/virtual_ports.h"

bool port_io_level_ok(const struct vcpu *v)
{
    unsigned int ring = 3;
    if (v->pv.kernel_mode) /* counts as ring 1, unless it asked to be ring 0 */
        ring = v->domain->vm_assist & (1u << VMASST_TYPE_architectural_iopl) ? 0 : 1;
    return v->pv.iopl >= ring;
}

bool port_io_allowed(struct vcpu *v, uint16_t port, unsigned int size)
{
    if (port_io_level_ok(v))
        return true;
    if (port + size > v->pv.io_bitmap_ports)
        return false;
    /* An access may straddle two bytes, as in the CPU's own (SDM 1 19.5.2). */
    uint64_t at = v->pv.io_bitmap + port / 8;
    uint8_t first, second = 0;
    if (!address_space_read_byte(v, at, &first) ||
        (port % 8 + size > 8 && !address_space_read_byte(v, at + 1, &second)))
        return false;
    return !((first | second << 8) >> (port % 8) & ((1 << size) - 1));
}

static bool domain_owns(const struct vcpu *v, uint16_t port, unsigned int size)
{
    return rangeset_contains(&v->domain->ports_allowed, port, port + size - 1);
}

uint32_t port_io_read(struct vcpu *v, uint16_t port, unsigned int size)
{
    uint32_t value;
    if (domain_owns(v, port, size))
        return port_read(port, size);
    if (virtual_port_read(&v->domain->ports, v->domain->privileged, port, size, &value))
        return value;
    return ~0u;
}

void port_io_write(struct vcpu *v, uint16_t port, unsigned int size, uint32_t value)
{
    if (domain_owns(v, port, size))
        port_write(port, size, value);
    else
        virtual_port_write(&v->domain->ports, v->domain->privileged, port, size, value);
}
