/* SPDX-License-Identifier: MIT
 *
 * From the first instruction to guest_main: each step needs the ones before it.
 */
#include "events.h"
#include "guest.h"
#include "memory.h"
#include "traps.h"
#include "vcpu.h"

struct start_info *start_info;
static char shared_page[4096] __attribute__((aligned(4096)));
struct shared_info *shared_info = (struct shared_info *)(void *)shared_page;

const char *guest_cmdline(void)
{
    return (const char *)start_info->cmd_line;
}

uint64_t guest_option(const char *name, uint64_t otherwise)
{
    const char *at = strstr(guest_cmdline(), name);
    uint64_t number = 0;

    if (!at)
        return otherwise;
    for (at += strlen(name); *at >= '0' && *at <= '9'; at++)
        number = number * 10 + (uint64_t)(*at - '0');
    return number;
}

void guest_start(struct start_info *info) __attribute__((noreturn));
void guest_start(struct start_info *info)
{
    long ret;

    start_info = info;
    if (strncmp(info->magic, "xen-3.0-x86_64", 14))
        report_error("start_info has no magic");
    ret = hv_update_va_mapping(shared_page, info->shared_info | PTE_KERNEL, UVMF_INVLPG);
    if (ret)
        report_error("cannot map the shared page: %ld", ret);
    vcpus_init();
    events_init();
    traps_init();
    memory_init();
    guest_main();
    report_finish();
}
