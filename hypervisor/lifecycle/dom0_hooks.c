/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Without dom0 nobody drives the devices, so the machine ends with it. How it ends says SCHEDOP_shutdown's code;
 * noreboot is for crashes, so that what they left on the screen can be read, and does not hinder a wanted restart.
 */
#include "lifecycle/dom0_hooks.h"
#include "domain/vcpu.h"
#include "event/channel.h"
#include "lib/compiler.h"
#include "lib/log.h"
#include "lifecycle/hooks.h"
#include "platform/console.h"
#include "platform/power.h"
#include "platform/symbols.h"
#include "time/clock.h"
#include <xen/sched.h>

#define CRASH_DELAY_SECONDS 5

static void __noreturn_ end_by_crash(void)
{
    if (current->domain == domain0) {
        log_error("dom0 crashed in d%uv%d, which stands at:", current->domain->id, current->id);
        symbols_dump_regs(guest_regs());
    }
    if (power_noreboot) {
        log_error("dom0 crashed: halted (noreboot)");
        power_halt();
    }
    log_error("dom0 crashed: restart in %u seconds", CRASH_DELAY_SECONDS);
    for (unsigned int i = 0; i < CRASH_DELAY_SECONDS * 1000; i++)
        clock_delay_us(1000);
    power_reboot();
}

static void dom0_ended(uint32_t code)
{
    switch (code) {
    case SHUTDOWN_poweroff:
        log_info("dom0 shut down: power off");
        power_off();
    case SHUTDOWN_reboot:
        log_info("dom0 shut down: restart");
        power_reboot();
    case SHUTDOWN_watchdog:
        log_error("dom0's watchdog expired: restart");
        power_reboot();
    default:
        end_by_crash();
    }
}

static void input_came(void)
{
    event_send_global_virq(VIRQ_CONSOLE);
}

void __init dom0_hooks_set(void)
{
    hooks_set();
    domain0_shut_down = dom0_ended;
    console_input_hook = input_came;
}
