/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ports that guests reach only through the hypervisor.
 *
 *   0xcf8, 0xcfc..0xcff  PCI configuration. Each domain has its own address register; the data port does one checked
 *                        access at that address. Domains without devices read all ones from both: for the address
 *                        register that means "no such mechanism", which ends a kernel's probing with one access. Only
 *                        32-bit accesses reach 0xcf8 (PCI 3.0 section 3.2.2.3.2); 0xcf9 is the reset register.
 *   0x70, 0x71           CMOS. Each domain has its own index; data accesses are atomic pairs (cmos.c).
 *   0x42, 0x43, 0x61     PIT channel 2 and its gate. The hypervisor needs channel 2 only while booting, so the device's
 *                        owner gets the real one: kernels time short intervals with it. Channels 0 and 1 stay out of
 *                        reach, by letting only those control words pass that select channel 2. Other domains read 0
 *                        from channel 2: Linux then gives up at once, where it polls all ones 100,000 times.
 *   PM timer             not for guests, whose clock is the hypervisor's. Linux reads it up to 10,000 times to see it
 *                        move. A counter that goes backwards makes it give up after the second read.
 *   8259s, serial line   read all ones, writes are dropped.
 *
 * Writes to the data port may reach registers that the hypervisor programs (MSI): platform/pci.c has a filter for them.
 */
#include "platform/virtual_ports.h"
#include "platform/acpi.h"
#include "platform/cmos.h"
#include "platform/console.h"
#include "platform/pci.h"

#ifdef HAVEN_HOSTED
uint8_t inb(uint16_t port);
void outb(uint16_t port, uint8_t v);
#else
#include "cpu/x86.h"
#endif

#define PIC1            0x20
#define PIC2            0xa0
#define PIT_CHANNEL_0   0x40
#define PIT_CHANNEL_2   0x42
#define PIT_CONTROL     0x43
#define PIT_GATE        0x61
#define CMOS_INDEX      0x70
#define CMOS_DATA       0x71
#define PCI_ADDRESS_REG 0xcf8
#define PCI_DATA_REG    0xcfc
#define PCI_ENABLE      0x80000000u

enum port_kind { PORT_OTHER, PORT_ABSENT, PORT_PIT, PORT_CMOS, PORT_PCI_ADDRESS, PORT_PCI_DATA, PORT_PM_TIMER };

static bool overlaps(uint16_t port, unsigned int size, unsigned int first, unsigned int last)
{
    return port <= last && port + size > first;
}

static enum port_kind classify(uint16_t port, unsigned int size)
{
    uint16_t serial_first, serial_last;
    if (overlaps(port, size, PCI_ADDRESS_REG, PCI_DATA_REG - 1))
        return port == PCI_ADDRESS_REG && size == 4 ? PORT_PCI_ADDRESS : PORT_ABSENT;
    if (overlaps(port, size, PCI_DATA_REG, PCI_DATA_REG + 3))
        return PORT_PCI_DATA;
    if (overlaps(port, size, CMOS_INDEX, CMOS_DATA))
        return PORT_CMOS;
    if (overlaps(port, size, PIT_CHANNEL_0, PIT_CONTROL) || overlaps(port, size, PIT_GATE, PIT_GATE))
        return PORT_PIT;
    if (overlaps(port, size, PIC1, PIC1 + 1) || overlaps(port, size, PIC2, PIC2 + 1))
        return PORT_ABSENT;
    if (acpi_info.pm_timer_port && overlaps(port, size, acpi_info.pm_timer_port, acpi_info.pm_timer_port + 3))
        return PORT_PM_TIMER;
    if (console_serial_ports(&serial_first, &serial_last) && overlaps(port, size, serial_first, serial_last))
        return PORT_ABSENT;
    return PORT_OTHER;
}

static uint32_t all_ones(unsigned int size)
{
    return size == 4 ? ~0u : (1u << size * 8) - 1;
}

/* An access to the data port is within one aligned register of its size; others do not reach the bus. */
static bool pci_selected(const struct port_state *s, uint16_t port, unsigned int size)
{
    return (s->pci_address & PCI_ENABLE) && (port & 3) + size <= 4 && port % size == 0;
}

static pci_address_t pci_target(const struct port_state *s)
{
    return s->pci_address >> 8 & 0xffff;
}

static unsigned int pci_register(const struct port_state *s, uint16_t port)
{
    return (s->pci_address & 0xfc) | (port & 3);
}

static uint32_t pci_data_read(const struct port_state *s, uint16_t port, unsigned int size)
{
    if (!pci_selected(s, port, size))
        return all_ones(size);
    return pci_config_read(pci_target(s), pci_register(s, port), size) & all_ones(size);
}

static uint32_t pm_timer_read(struct port_state *s, unsigned int size)
{
    s->pm_timer_low ^= 1;
    return all_ones(size) - (s->pm_timer_low ? 0 : 1u);
}

bool virtual_port_read(struct port_state *s, bool privileged, uint16_t port, unsigned int size, uint32_t *value)
{
    enum port_kind kind = classify(port, size);
    if (kind == PORT_OTHER)
        return false;
    *value = all_ones(size);
    if (!privileged) {
        if (port == PIT_CHANNEL_2)
            *value = 0;
        return true;
    }
    switch (kind) {
    case PORT_PCI_ADDRESS:
        *value = s->pci_address;
        break;
    case PORT_PCI_DATA:
        *value = pci_data_read(s, port, size);
        break;
    case PORT_CMOS:
        if (port == CMOS_DATA && size == 1)
            *value = cmos_read(s->cmos_index);
        break;
    case PORT_PIT:
        if (size == 1 && (port == PIT_CHANNEL_2 || port == PIT_GATE))
            *value = inb(port);
        break;
    case PORT_PM_TIMER:
        *value = pm_timer_read(s, size);
        break;
    case PORT_ABSENT:
    case PORT_OTHER:
        break;
    }
    return true;
}

/* Bits 7..6 of a control word select the channel; 3 is the read-back command, whose bits 3..1 do (8254 data sheet). */
static bool pit_control_allowed(uint8_t word)
{
    return word >> 6 == 2 || (word >> 6 == 3 && (word & 0xe) == 0x8);
}

static void pit_write(uint16_t port, uint8_t value)
{
    if (port == PIT_CONTROL && !pit_control_allowed(value))
        return;
    if (port == PIT_CHANNEL_2 || port == PIT_CONTROL)
        outb(port, value);
    else if (port == PIT_GATE)
        outb(port, (uint8_t)((inb(port) & 0xc) | (value & 3))); /* gate and speaker only, as the other bits are NMI's */
}

bool virtual_port_write(struct port_state *s, bool privileged, uint16_t port, unsigned int size, uint32_t value)
{
    enum port_kind kind = classify(port, size);
    if (kind == PORT_OTHER)
        return false;
    if (!privileged)
        return true;
    switch (kind) {
    case PORT_PCI_ADDRESS:
        s->pci_address = value;
        break;
    case PORT_PCI_DATA:
        if (pci_selected(s, port, size))
            pci_config_guest_write(pci_target(s), pci_register(s, port), size, value & all_ones(size));
        break;
    case PORT_CMOS:
        if (port == CMOS_INDEX)
            s->cmos_index = (uint8_t)(value & 0x7f);
        if (port == CMOS_INDEX && size == 2)
            cmos_write(s->cmos_index, (uint8_t)(value >> 8));
        if (port == CMOS_DATA && size == 1)
            cmos_write(s->cmos_index, (uint8_t)value);
        break;
    case PORT_PIT:
        if (size == 1)
            pit_write(port, (uint8_t)value);
        break;
    case PORT_PM_TIMER:
    case PORT_ABSENT:
    case PORT_OTHER:
        break;
    }
    return true;
}
