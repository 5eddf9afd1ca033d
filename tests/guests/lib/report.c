/* SPDX-License-Identifier: MIT
 *
 * Cases and the verdict.  The runner reads only the lines "ok", "not ok" and "VERDICT"; all else is for people.
 * A passing case is printed too: the list of what ran is how one sees that two hypervisors ran the same cases.
 */
#include <stdarg.h>

#include "guest.h"
#include "text.h"

static unsigned passed, failed;

void case_ok(const char *name)
{
    __atomic_add_fetch(&passed, 1, __ATOMIC_RELAXED);
    printf("ok %s\n", name);
}

void case_failed(const char *name, const char *format, ...)
{
    char why[256];
    va_list args;

    __atomic_add_fetch(&failed, 1, __ATOMIC_RELAXED);
    va_start(args, format);
    format_text(why, sizeof why, format, args);
    va_end(args);
    printf("not ok %s: %s\n", name, why);
}

const char *case_name(const char *format, ...)
{
    static char name[160];
    va_list args;

    va_start(args, format);
    format_text(name, sizeof name, format, args);
    va_end(args);
    return name;
}

bool check(const char *name, bool held)
{
    if (held)
        case_ok(name);
    else
        case_failed(name, "does not hold");
    return held;
}

bool check_eq(const char *name, long got, long want)
{
    if (got == want)
        case_ok(name);
    else
        case_failed(name, "got %ld, want %ld", got, want);
    return got == want;
}

bool check_hex(const char *name, uint64_t got, uint64_t want)
{
    if (got == want)
        case_ok(name);
    else
        case_failed(name, "got 0x%lx, want 0x%lx", got, want);
    return got == want;
}

bool check_one_of(const char *name, long got, long want1, long want2)
{
    bool held = got == want1 || got == want2;

    if (held)
        case_ok(name);
    else
        case_failed(name, "got %ld, want %ld or %ld", got, want1, want2);
    return held;
}

bool check_range(const char *name, long got, long low, long high)
{
    bool held = got >= low && got <= high;

    if (held)
        case_ok(name);
    else
        case_failed(name, "got %ld, want %ld..%ld", got, low, high);
    return held;
}

bool check_error(const char *name, long got)
{
    bool held = got < 0 && got >= -4095;

    if (held)
        case_ok(name);
    else
        case_failed(name, "got %ld (0x%lx), want an error", got, (uint64_t)got);
    return held;
}

void check_alive(const char *after)
{
    long version = hv_xen_version(XENVER_version, NULL);

    if (version != 0x40011)
        case_failed(after, "afterwards xen_version answers 0x%lx", (uint64_t)version);
}

void report_note(const char *format, ...)
{
    char text[300];
    va_list args;

    va_start(args, format);
    format_text(text, sizeof text, format, args);
    va_end(args);
    printf("# %s\n", text);
}

/* Reboot, because QEMU runs with -no-reboot: it ends there at once, on any hypervisor. */
static void __attribute__((noreturn)) stop_machine(void)
{
    struct sched_shutdown how = {.reason = SHUTDOWN_reboot};

    for (;;)
        hv_sched_op(SCHEDOP_shutdown, &how);
}

void report_skip(const char *why)
{
    printf("VERDICT %s skip: %s\n", guest_name, why);
    stop_machine();
}

void report_error(const char *format, ...)
{
    char why[300];
    va_list args;

    va_start(args, format);
    format_text(why, sizeof why, format, args);
    va_end(args);
    printf("VERDICT %s error: %s\n", guest_name, why);
    stop_machine();
}

void report_finish(void)
{
    if (!passed && !failed)
        report_error("no case ran");
    printf("VERDICT %s %s: %u passed, %u failed\n", guest_name, failed ? "failure" : "pass", passed, failed);
    stop_machine();
}
