/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * panic: the hypervisor found itself wrong. Nothing can be relied on, so: say what, stop everybody, show where, and
 * reboot (or halt, option noreboot). A panic inside a panic goes on to the reboot at once; a third one halts.
 */
#include "cpu/cpu_local.h"
#include "cpu/x86.h"
#include "lib/assert.h"
#include "lib/format.h"
#include "lib/log.h"
#include "platform/console.h"
#include "platform/power.h"
#include "platform/stop.h"
#include "platform/symbols.h"

#define REBOOT_DELAY_TICKS 5000000000ULL /* TSC: a second or some, to read the message */

static int panicking; /* 0, or CPU + 1; atomic */

void panic(const char *fmt, ...)
{
    char message[256];
    va_list ap;
    int expected = 0, self = (int)cpu_id() + 1;

    irq_disable();
    if (!__atomic_compare_exchange_n(&panicking, &expected, self, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        static bool nested;
        if (expected != self || nested || power_noreboot)
            cpu_halt(); /* another CPU's panic will stop us */
        nested = true;
        power_reboot();
    }
    stop_others();
    console_force();

    va_start(ap, fmt);
    format_string_va(message, sizeof(message), fmt, ap);
    va_end(ap);
    log_error("****************************************");
    log_error("Panic on CPU %u:", cpu_id());
    log_error("%s", message);
    symbols_backtrace((uint64_t)__builtin_frame_address(0));
    log_error("Guest frame of this CPU:");
    symbols_dump_regs(guest_regs());
    log_error("****************************************");

    if (power_noreboot) {
        log_error("Halted (noreboot)");
        cpu_halt();
    }
    log_error("Rebooting");
    for (uint64_t start = rdtsc(); rdtsc() - start < REBOOT_DELAY_TICKS;)
        cpu_pause();
    power_reboot();
}
