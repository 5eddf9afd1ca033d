/* SPDX-License-Identifier: MIT
 *
 * Why: what a tool set does about guests that end must be seen with guests that end as they are told.
 * Trick: the command line says how and when: "ending=poweroff|reboot|crash|watchdog|fault|spin|never
 * after=MILLISECONDS". "fault" is what a triple fault is on a bare machine: an exception without a handler, a stack or
 * a way back. "spin" and "never" do not end: the one keeps all vCPUs busy with events off, the other blocks for ever.
 * As dom0, "ending=reboot" is the end of any test. Its page map is where crash tools look for it. Expect: the domain
 * lives for that time, and then shuts down with that code ("fault": as crashed).
 */
#include "clock.h"
#include "guest.h"
#include "memory.h"
#include "vcpu.h"

#include <xen/sched.h>
#include <xen/vcpu.h>

GUEST("ending");

/* The text behind "name=" on the command line, or NULL. */
static const char *argument(const char *name)
{
    const char *found = strstr(guest_cmdline(), name);

    return found ? found + strlen(name) : NULL;
}

static unsigned ending(void)
{
    static const struct {
        const char *name;
        unsigned reason;
    } endings[] = {{"poweroff", SHUTDOWN_poweroff},
                   {"reboot", SHUTDOWN_reboot},
                   {"crash", SHUTDOWN_crash},
                   {"watchdog", SHUTDOWN_watchdog}};
    const char *wanted = argument("ending=");

    for (unsigned i = 0; wanted && i < ARRAY_SIZE(endings); i++)
        if (!strncmp(wanted, endings[i].name, strlen(endings[i].name)))
            return endings[i].reason;
    return wanted ? ~0u : SHUTDOWN_reboot;
}

/* 0: for ever. */
static void sleep_until(uint64_t when)
{
    while (!when || clock_ns() < when) {
        struct sched_poll poll = {.timeout = when};

        set_xen_guest_handle(poll.ports, NULL);
        hv_sched_op(SCHEDOP_poll, &poll);
    }
}

static void spin(unsigned vcpu)
{
    shared_info->vcpu_info[vcpu].evtchn_upcall_mask = 1;
    for (;;)
        barrier();
}

static void spin_on_all(void)
{
    vcpus_init();
    for (unsigned vcpu = 1; vcpu < vcpu_count(); vcpu++)
        vcpu_boot(vcpu, spin);
    spin(0);
}

static void fault(void)
{
    hv_set_trap_table(NULL);
    asm volatile("xor %esp, %esp\n"
                 "ud2");
}

/* Where the page map is, as a tree of three levels that describes 1 GiB at most. */
static void publish_page_map(void)
{
    static uint64_t top[512] __attribute__((aligned(4096))), middle[512] __attribute__((aligned(4096)));
    uint64_t first = va_to_pfn((void *)start_info->mfn_list);

    for (uint64_t i = 0; i < 512 && i * 512 < start_info->nr_pages; i++)
        middle[i] = mfn_of_pfn(first + i);
    top[0] = mfn_of_pfn(va_to_pfn(middle));
    shared_info->arch.pfn_to_mfn_frame_list_list = mfn_of_pfn(va_to_pfn(top));
    shared_info->arch.max_pfn = start_info->nr_pages;
}

void guest_main(void)
{
    struct sched_shutdown how = {.reason = ending()};
    const char *after = argument("after=");
    const char *wanted = argument("ending=");
    uint64_t ms = 0;

    while (after && *after >= '0' && *after <= '9')
        ms = ms * 10 + (uint64_t)(*after++ - '0');
    bool spins = wanted && !strncmp(wanted, "spin", 4), faults = wanted && !strncmp(wanted, "fault", 5);
    publish_page_map();
    hv_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL); /* a hundred ticks a second, which Xen begins with */
    sleep_until(how.reason == ~0u && !spins && !faults ? 0 : clock_ns() + ms * 1000000);
    if (spins)
        spin_on_all();
    if (faults)
        fault();
    if (how.reason != SHUTDOWN_reboot || argument("ending="))
        hv_sched_op(SCHEDOP_shutdown, &how);
    check("lived on until the end", true);
}
