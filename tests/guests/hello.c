/* SPDX-License-Identifier: MIT
 *
 * Why: before anything else can be tested, a domain must start and speak.
 * Trick: none.  Looks at what the hypervisor promised for the first instruction: start_info, shared page, memory.
 * Expect: all of it as the ABI says, and output on the console.
 */
#include "guest.h"
#include "memory.h"

GUEST("hello");

static void check_start_info(void)
{
    check("start_info magic names 64-bit", !strncmp(start_info->magic, "xen-3.0-x86_64", 14));
    check("start_info is page aligned", (uint64_t)start_info % PAGE_SIZE == 0);
    check("flags: privileged initial domain", (start_info->flags & (SIF_PRIVILEGED | SIF_INITDOMAIN)) == 3);
    check("shared_info is page aligned", start_info->shared_info % PAGE_SIZE == 0);
    check("has pages", start_info->nr_pages >= 4096);
    check("pt_base is page aligned", start_info->pt_base % PAGE_SIZE == 0);
    check_range("page-table frames", (long)start_info->nr_pt_frames, 4, 64);
    check("mfn_list is set", start_info->mfn_list != 0);
    check("command line ends", strlen(guest_cmdline()) < MAX_GUEST_CMDLINE);
    report_note("%lu pages, %lu table frames, flags 0x%x, command line \"%s\"", start_info->nr_pages,
                start_info->nr_pt_frames, start_info->flags, guest_cmdline());
}

static void check_memory(void)
{
    unsigned wrong = 0;
    uint8_t *page = page_alloc();

    for (uint64_t pfn = 0; pfn < start_info->nr_pages; pfn++)
        wrong += pfn_of_mfn(mfn_of_pfn(pfn)) != pfn;
    check_eq("machine-to-physical inverts mfn_list", wrong, 0);
    check("a page can be written", (page[0] = 7, page[4095] = 9, page[0] + page[4095] == 16));
    check("top-level slot 256 is the hypervisor's", kernel_l4[256] & PTE_P);
}

void guest_main(void)
{
    check_eq("xen_version", hv_xen_version(XENVER_version, NULL), 0x40011);
    check_start_info();
    check_memory();
}
