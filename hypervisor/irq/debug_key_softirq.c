/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A key that is typed while another waits replaces it: dumps are for people, who see what they get. */
#include "irq/debug_key_softirq.h"
#include "irq/softirq.h"
#include "lib/compiler.h"
#include "platform/console.h"

static char typed; /* atomic; 0: none */

static void run(void)
{
    char key = __atomic_exchange_n(&typed, 0, __ATOMIC_SEQ_CST);

    if (key)
        debug_key_run(key);
}

static void defer(char key)
{
    __atomic_store_n(&typed, key, __ATOMIC_SEQ_CST);
    softirq_raise(SOFTIRQ_DEBUG_KEY);
}

void __init debug_key_softirq_init(void)
{
    softirq_register(SOFTIRQ_DEBUG_KEY, run);
    debug_key_defer = defer;
}
