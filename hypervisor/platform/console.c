/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The console: everything goes to the ring; to the serial line goes what guests write and what the log's level lets by.
 *
 * Output is serialised by one lock, the last in the lock order, with interrupts off. It can be entered again on the CPU
 * that holds it: an NMI or a machine check may log in the middle of a line, and a panic may come from anywhere. Then
 * the output goes ahead without the lock: mixed letters beat silence.
 *
 * Input comes by the UART's interrupt into a small ring of its own, for dom0 to read. Ctrl-A three times in a row turns
 * the keyboard over to the debug keys, and back.
 */
#include "platform/console.h"
#include "cpu/cpu_local.h"
#include "cpu/x86.h"
#include "lib/compiler.h"
#include "lib/log.h"
#include "lib/spinlock.h"
#include "lib/string.h"
#include "platform/console_ring.h"
#include "platform/serial.h"

#define RING_SIZE    (128 * 1024)
#define INPUT_SIZE   1024 /* power of two */
#define SWITCH_KEY   '\x01'
#define SWITCH_COUNT 3

static char ring_buf[RING_SIZE];
static struct console_ring ring = {.buf = ring_buf, .size = RING_SIZE};

static struct spinlock lock = SPINLOCK_INIT(LOCK_LEVEL_CONSOLE);
static int holder = -1; /* CPU that holds the lock */
static bool forced;

/* Serial line; lock. */
static char last_out = '\n';

/* Highest level of the log that goes to the serial line; -1: none. Set while booting. */
static int threshold = LOG_INFO, guest_threshold = LOG_WARNING;

/* Input; lock. */
static char input[INPUT_SIZE];
static uint32_t input_head, input_tail;
static unsigned int switch_keys;
static bool keys_to_hypervisor;

void (*console_input_hook)(void);
void (*debug_key_defer)(char key);

struct console_hold {
    uint64_t flags;
    bool locked;
};

static struct console_hold console_lock(void)
{
    struct console_hold h = {.flags = irq_save()};
    if (forced || READ_ONCE(holder) == (int)cpu_id())
        return h;
    spin_lock(&lock);
    WRITE_ONCE(holder, (int)cpu_id());
    h.locked = true;
    return h;
}

static void console_unlock(struct console_hold h)
{
    if (h.locked) {
        WRITE_ONCE(holder, -1);
        spin_unlock(&lock);
    }
    irq_restore(h.flags);
}

static void serial_write(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '\n' && last_out != '\r')
            serial_put('\r');
        serial_put(s[i]);
        last_out = s[i];
    }
}

void console_write(const char *s, size_t n)
{
    struct console_hold h = console_lock();
    console_ring_write(&ring, s, n);
    serial_write(s, n);
    console_unlock(h);
}

/* Sink of lib/log.c: whole lines. A guest's unfinished line is ended first. */
static void console_log(enum log_level level, bool guest, const char *s, size_t n)
{
    bool to_serial = (int)level <= (guest ? guest_threshold : threshold);
    struct console_hold h = console_lock();
    console_ring_write(&ring, s, n);
    if (to_serial) {
        if (last_out != '\n')
            serial_write("\n", 1);
        serial_write(s, n);
    }
    console_unlock(h);
}

void console_force(void)
{
    forced = true;
}

size_t console_ring_read(uint32_t *position, char *buf, size_t n)
{
    struct console_hold h = console_lock();
    size_t count = console_ring_copy(&ring, position, buf, n);
    console_unlock(h);
    return count;
}

void console_ring_clear(void)
{
    struct console_hold h = console_lock();
    ring.tail = ring.head;
    console_unlock(h);
}

/* ---- input ---- */

static void input_store(char c)
{
    if (input_head - input_tail < INPUT_SIZE)
        input[input_head++ & (INPUT_SIZE - 1)] = c; /* else dom0 does not read: the byte is lost, as on a real line */
}

/*
 * One byte from the line; lock held. True: there is something for dom0. Switch keys are held back until it is clear
 * what they were meant for.
 */
static bool input_byte(char c)
{
    if (c == SWITCH_KEY) {
        if (++switch_keys < SWITCH_COUNT)
            return false;
        switch_keys = 0;
        keys_to_hypervisor = !keys_to_hypervisor;
        log_info("Keys go to %s; three times Ctrl-A switches%s", keys_to_hypervisor ? "the hypervisor" : "dom0",
                 keys_to_hypervisor ? ", 'h' shows help" : "");
        return false;
    }
    unsigned int held_back = switch_keys;
    switch_keys = 0;
    if (keys_to_hypervisor) {
        debug_key_defer(c);
        return false;
    }
    for (; held_back; held_back--)
        input_store(SWITCH_KEY);
    input_store(c);
    return true;
}

void console_serial_interrupt(unsigned int, void *)
{
    bool for_guest = false;
    char c;
    struct console_hold h = console_lock();
    while (serial_get(&c))
        for_guest |= input_byte(c);
    console_unlock(h);
    if (for_guest && console_input_hook)
        console_input_hook();
}

size_t console_read(char *buf, size_t n)
{
    struct console_hold h = console_lock();
    size_t count = 0;
    while (count < n && input_tail != input_head)
        buf[count++] = input[input_tail++ & (INPUT_SIZE - 1)];
    console_unlock(h);
    return count;
}

int __init console_serial_irq(void)
{
    if (serial_irq() >= 0)
        serial_receive_interrupt_on();
    return serial_irq();
}

bool console_serial_ports(uint16_t *first, uint16_t *last)
{
    *first = serial_base();
    *last = (uint16_t)(*first + SERIAL_PORTS - 1);
    return *first;
}

/* "none", "error", "warning", "info", "debug" or "all"; what follows a '/' (a lower, rate-limited level) is not used.
 */
static int __init level_parse(const char *word, int otherwise)
{
    static const char *const names[] = {"none", "error", "warning", "info", "debug"};
    if (!strncmp(word, "all", 3))
        return LOG_DEBUG;
    for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
        if (!strncmp(word, names[i], strlen(names[i])))
            return (int)i - 1;
    return otherwise;
}

void __init console_set_levels(const char *loglvl, const char *guest_loglvl)
{
    if (loglvl)
        threshold = level_parse(loglvl, threshold);
    if (guest_loglvl)
        guest_threshold = level_parse(guest_loglvl, guest_threshold);
}

void __init console_init_early(const char *com_option)
{
    unsigned int index = 0;
    if (!strncmp(com_option, "com", 3) && (com_option[3] == '1' || com_option[3] == '2')) {
        index = (unsigned int)(com_option[3] - '1');
        com_option += 4;
        if (*com_option == '=')
            com_option++;
    }
    serial_init(index, com_option);
    log_sink = console_log;
}
