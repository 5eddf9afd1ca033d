/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Debug keys: one character each, registered while booting by whoever has something to show; later the table only is
 * read. Those that need nothing from above are here.
 */
#include "platform/debug_keys.h"
#include "cpu/cpu_local.h"
#include "lib/assert.h"
#include "lib/compiler.h"
#include "lib/log.h"
#include "platform/console.h"
#include "platform/power.h"
#include "platform/symbols.h"

#define KEYS_MAX 40

static const struct debug_key *keys[KEYS_MAX];
static unsigned int key_count;

void __init debug_key_register(const struct debug_key *k)
{
    ASSERT(key_count < KEYS_MAX);
    keys[key_count++] = k;
}

void debug_key_run(char key)
{
    for (unsigned int i = 0; i < key_count; i++) {
        if (keys[i]->key != key)
            continue;
        log_info("'%c': %s", key, keys[i]->what);
        keys[i]->fn();
        return;
    }
    log_info("no debug key '%c'; 'h' shows them", key >= ' ' && key < 0x7f ? key : '?');
}

static void show_help(void)
{
    for (unsigned int i = 0; i < key_count; i++)
        log_info("  %c  %s", keys[i]->key, keys[i]->what);
}

/* The other CPUs' frames are read while they run: a picture of their last entry from a guest. */
static void show_registers(void)
{
    unsigned int c;
    cpu_for_each (c) {
        log_info("CPU %u%s, guest frame:", c, c == cpu_id() ? " (this one)" : "");
        symbols_dump_regs(&cpu_local_of(c)->guest);
    }
    symbols_backtrace((uint64_t)__builtin_frame_address(0));
}

static void reboot(void)
{
    power_reboot();
}

static const struct debug_key own_keys[] = {
    {'h', "show this help", show_help},
    {'d', "registers of all CPUs", show_registers},
    {'R', "reboot the machine at once", reboot},
};

void __init debug_keys_init(void)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(own_keys); i++)
        debug_key_register(&own_keys[i]);
}
