/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 16550 UART. The transmitter's FIFO takes 16 bytes once it reports "empty", so it is asked only then. Where the
 * transmitter does not get ready (who reads the line has stopped, as a terminal does after Ctrl-S), it is waited for
 * once; then bytes are dropped until it is ready again, so that the machine goes on meanwhile.
 */
#include "platform/serial.h"
#include "cpu/x86.h"
#include "lib/compiler.h"

enum { UART_DATA, UART_INTERRUPTS, UART_FIFO, UART_FORMAT, UART_MODEM, UART_STATUS, UART_MODEM_STATUS, UART_SCRATCH };

#define INTERRUPT_RECEIVED 0x01
#define FIFO_ENABLE_CLEAR  0x87 /* on, both emptied, receive interrupt at 8 bytes (or after a pause) */
#define FIFO_IS_ON         0xc0
#define FORMAT_8N1         0x03
#define FORMAT_DIVISOR     0x80
#define MODEM_READY        0x0b /* DTR, RTS, OUT2: the last one lets interrupts out */
#define STATUS_RECEIVED    0x01
#define STATUS_EMPTY       0x20
#define FIFO_SIZE          16
#define UART_CLOCK         115200u
#define PATIENCE           1000000 /* status reads: about a second */

static struct {
    uint16_t base;
    int irq;
    unsigned int fifo_size, room;
    bool stuck;
} uart = {.irq = -1};

static const struct {
    uint16_t base;
    int irq;
} standard[] __initconst = {{0x3f8, 4}, {0x2f8, 3}};

static const char *__init parse_number(const char *s, unsigned int *value)
{
    unsigned int base = 10;
    *value = 0;
    if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
        base = 16;
        s += 2;
    }
    for (;; s++) {
        unsigned int digit;
        if (*s >= '0' && *s <= '9')
            digit = (unsigned int)(*s - '0');
        else if (base == 16 && (*s | 0x20) >= 'a' && (*s | 0x20) <= 'f')
            digit = (unsigned int)((*s | 0x20) - 'a' + 10);
        else
            return s;
        *value = *value * base + digit;
    }
}

/* Behind the next comma, or at the end of the string. */
static const char *__init next_field(const char *s)
{
    while (*s && *s != ',')
        s++;
    return *s ? s + 1 : s;
}

static void __init program(unsigned int baud)
{
    outb(uart.base + UART_INTERRUPTS, 0);
    outb(uart.base + UART_FORMAT, FORMAT_8N1 | FORMAT_DIVISOR);
    unsigned int divisor = inb(uart.base + UART_DATA) | (unsigned int)inb(uart.base + UART_INTERRUPTS) << 8;
    if (baud && baud <= UART_CLOCK)
        divisor = UART_CLOCK / baud;
    if (!divisor)
        divisor = 1;
    outb(uart.base + UART_DATA, (uint8_t)divisor);
    outb(uart.base + UART_INTERRUPTS, (uint8_t)(divisor >> 8));
    outb(uart.base + UART_FORMAT, FORMAT_8N1);
    outb(uart.base + UART_FIFO, FIFO_ENABLE_CLEAR);
    uart.fifo_size = (inb(uart.base + UART_FIFO) & FIFO_IS_ON) == FIFO_IS_ON ? FIFO_SIZE : 1;
    outb(uart.base + UART_MODEM, MODEM_READY);
}

bool __init serial_init(unsigned int index, const char *config)
{
    unsigned int baud, base = standard[index & 1].base, irq = (unsigned int)standard[index & 1].irq, value;
    parse_number(config, &baud);
    config = next_field(next_field(config)); /* the format is always 8n1 */
    if (*config) {
        parse_number(config, &value);
        base = value && value <= 0xfff8 ? value : base;
        config = next_field(config);
    }
    if (*config) {
        parse_number(config, &value);
        irq = value < 16 ? value : 0;
    }
    outb((uint16_t)(base + UART_SCRATCH), 0x5a);
    if (inb((uint16_t)(base + UART_SCRATCH)) != 0x5a)
        return false;
    uart.base = (uint16_t)base;
    uart.irq = irq ? (int)irq : -1;
    program(baud);
    return true;
}

uint16_t serial_base(void)
{
    return uart.base;
}

int __init serial_irq(void)
{
    return uart.base ? uart.irq : -1;
}

void serial_put(char c)
{
    if (!uart.base)
        return;
    if (!uart.room) {
        unsigned int patience = uart.stuck ? 1 : PATIENCE;
        uart.stuck = false;
        while (!(inb(uart.base + UART_STATUS) & STATUS_EMPTY))
            if (--patience == 0) {
                uart.stuck = true;
                return;
            }
        uart.room = uart.fifo_size;
    }
    uart.room--;
    outb(uart.base + UART_DATA, (uint8_t)c);
}

bool serial_get(char *c)
{
    if (!uart.base || !(inb(uart.base + UART_STATUS) & STATUS_RECEIVED))
        return false;
    *c = (char)inb(uart.base + UART_DATA);
    return true;
}

void __init serial_receive_interrupt_on(void)
{
    if (uart.base)
        outb(uart.base + UART_INTERRUPTS, INTERRUPT_RECEIVED);
}
