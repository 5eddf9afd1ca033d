/* SPDX-License-Identifier: MIT
 *
 * Why: a descriptor for ring 0 code, a call gate or a system segment in a guest's table would open the hypervisor.
 * Trick: put each dangerous descriptor into a GDT, an LDT and through update_descriptor, also before the page becomes
 * one. Expect: refused, or made harmless (DPL raised to 3); the CPU never loads it with more privilege.
 */
#include "guest.h"
#include "memory.h"
#include "traps.h"
#include "vcpu.h"

GUEST("hostile_desc");

static const struct {
    const char *name;
    uint64_t value;
} dangerous[] = {
    {"call gate to hypervisor code", 0x8000ec00e0080000ull | 0x1000},
    {"call gate, DPL 3, 64-bit", 0xffffec00e0081000ull},
    {"interrupt gate", 0x8000ee00e0081000ull},
    {"trap gate", 0x8000ef00e0081000ull},
    {"task gate", 0x0000e500e0400000ull},
    {"available TSS", 0x0000e9000000ffffull},
    {"busy TSS", 0x0000eb000000ffffull},
    {"LDT descriptor", 0x0000e2000000ffffull},
    {"16-bit call gate", 0x0000e400e0081000ull},
    {"reserved system type 0", 0x0000e0000000ffffull},
    {"reserved system type 8", 0x0000e8000000ffffull},
    {"reserved system type 10", 0x0000ea000000ffffull},
    {"reserved system type 13", 0x0000ed000000ffffull},
    {"64-bit code, DPL 0", 0x00af9b000000ffffull},
    {"64-bit code, DPL 1", 0x00afbb000000ffffull},
    {"conforming code, DPL 0", 0x00af9f000000ffffull},
    {"conforming code, DPL 3", 0x00afff000000ffffull},
    {"code with both L and D", 0x00effb000000ffffull},
    {"data, DPL 0", 0x00cf93000000ffffull},
};

/* What is present in the table afterwards must be a code or data segment of DPL 3 (conforming code keeps none). */
static bool harmless(uint64_t d)
{
    if (!(d >> 47 & 1))
        return true;
    if (!(d >> 44 & 1))
        return !(d >> 40 & 15); /* system type 0 means nothing; Xen lets it pass */
    return (d >> 45 & 3) == 3;
}

static void by_whole_table(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(dangerous); i++) {
        uint64_t *gdt = page_alloc(), frame = mfn_of(gdt);
        long ret;

        gdt[7] = dangerous[i].value;
        page_readonly(gdt);
        ret = hv_set_gdt(&frame, 512);
        if (ret < 0)
            case_ok(case_name("GDT with %s is refused", dangerous[i].name));
        else
            check(case_name("GDT with %s is made harmless", dangerous[i].name), harmless(gdt[7]));
        if (ret < 0 && page_writable(gdt))
            case_failed("refused GDT is a plain page again", "%s", dangerous[i].name);
        hv_set_gdt(NULL, 0);
        page_writable(gdt);
        page_free(gdt);
    }
    check_alive("whole tables");
}

static void by_update(void)
{
    uint64_t *gdt = page_alloc(), frame = mfn_of(gdt);

    page_readonly(gdt);
    check_eq("an empty GDT", hv_set_gdt(&frame, 512), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(dangerous); i++) {
        long ret = hv_update_descriptor(machine_of(gdt + 9), dangerous[i].value);

        if (ret < 0)
            check_hex(case_name("update to %s is refused, entry kept", dangerous[i].name), gdt[9], 0);
        else
            check(case_name("update to %s is made harmless", dangerous[i].name), harmless(gdt[9]));
        TRY("mov %0, %%es", : : "r"((uint16_t)(9 << 3 | 3)));
        TRY("mov %0, %%es", : : "r"((uint16_t)0));
        hv_update_descriptor(machine_of(gdt + 9), 0);
    }
    check_error("writable mapping of it", page_writable(gdt));
    try_write64(gdt + 9, dangerous[0].value);
    check_trap("direct write to it", TRAP_PF);
    TRY("lock orq %1, (%0)", : : "r"(gdt + 9), "r"(dangerous[0].value) : "memory");
    check_trap("locked write to it", TRAP_PF);
    check_error("it cannot be a page table", pin(1, frame));
    hv_set_gdt(NULL, 0);
    check_eq("afterwards it can", pin(1, frame), 0);
    check_error("and then not a GDT", hv_set_gdt(&frame, 512));
    unpin(frame);
    page_writable(gdt);
    page_free(gdt);
}

static void by_local_table(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(dangerous); i++) {
        uint64_t *ldt = page_alloc();
        long ret;

        ldt[0] = dangerous[i].value;
        page_readonly(ldt);
        ret = mmuext_args(MMUEXT_SET_LDT, (uint64_t)ldt, 4);
        /* It is validated when it is first used. */
        if (!ret)
            TRY("mov %0, %%es", : : "r"((uint16_t)7));
        check(case_name("LDT with %s", dangerous[i].name), ret < 0 || trap_seen.vector == TRAP_GP ||
                                                               trap_seen.vector == TRAP_PF ||
                                                               trap_seen.vector == TRAP_NP || harmless(ldt[0]));
        TRY("mov %0, %%es", : : "r"((uint16_t)0));
        mmuext_args(MMUEXT_SET_LDT, 0, 0);
        page_writable(ldt);
        page_free(ldt);
        check_alive(dangerous[i].name);
    }
}

static void bad_frames(void)
{
    uint64_t frame, frames[16];

    frame = mfn_of(kernel_l4);
    check_error("GDT in a page table", hv_set_gdt(&frame, 512));
    frame = (kernel_l4[256] & PTE_ADDR) >> 12;
    check_error("GDT in the hypervisor", hv_set_gdt(&frame, 512));
    frame = 0xfee00;
    check_error("GDT in the local APIC", hv_set_gdt(&frame, 512));
    frame = 0xfffffffffful;
    check_error("GDT in no frame", hv_set_gdt(&frame, 512));
    frame = ~0ul;
    check_error("GDT in frame -1", hv_set_gdt(&frame, 512));
    for (unsigned i = 0; i < 16; i++)
        frames[i] = mfn_of(kernel_l4);
    check_error("GDT of more entries than there may be", hv_set_gdt(frames, 14 * 512 + 1));
    check_error("GDT of 0xffffffff entries", hv_set_gdt(frames, 0xffffffff));
    check_error("LDT in the hypervisor", mmuext_args(MMUEXT_SET_LDT, HYPERVISOR_START, 16) ?: -1);
    mmuext_args(MMUEXT_SET_LDT, 0, 0);
    check_error("LDT of 8193 entries", mmuext_args(MMUEXT_SET_LDT, VIRT_BASE, 8193));
    check_error("LDT at an odd address", mmuext_args(MMUEXT_SET_LDT, VIRT_BASE + 1, 1));
    check_error("LDT at a non-canonical address", mmuext_args(MMUEXT_SET_LDT, 0x8000000000000000ul, 1) ?: -1);
    TRY("mov %0, %%es", : : "r"((uint16_t)7));
    check("using it faults", trap_seen.vector == TRAP_GP || trap_seen.vector == TRAP_PF);
    mmuext_args(MMUEXT_SET_LDT, 0, 0);
    check_error("update_descriptor in a data page", hv_update_descriptor(machine_of(page_alloc()), dangerous[0].value));
    check_error("update_descriptor in the hypervisor",
                hv_update_descriptor((kernel_l4[256] & PTE_ADDR) + 8, 0x00cff3000000ffffull));
    check_alive("bad frames");
}

/* The hypervisor's own selectors, as a guest may name them. */
static void own_selectors(void)
{
    static const uint16_t ok[] = {0xe02b, 0xe033, 0xe023};

    for (unsigned s = 0xe000; s <= 0xfff8; s += 8) {
        bool known = false;

        for (unsigned i = 0; i < ARRAY_SIZE(ok); i++)
            known |= (s | 3) == ok[i];
        TRY("mov %0, %%es", : : "r"((uint16_t)(s | 3)));
        if (!known && trap_seen.vector == TRAP_NONE && s != 0xe000) {
            uint32_t rights = 0;

            asm volatile("lar %1, %0" : "+r"(rights) : "r"(s | 3));
            if ((rights >> 13 & 3) != 3)
                case_failed("reserved selectors", "0x%x loads, rights 0x%x", s, rights);
        }
    }
    TRY("mov %0, %%es", : : "r"((uint16_t)0));
    case_ok("reserved selectors give no privilege");
}

static void contexts(void)
{
    static struct vcpu_guest_context context;
    static const uint16_t cs[] = {0, 8, 0xe008, 0xe010, 0xe011, 0xe038, 0xfff8};

    if (vcpu_count() < 2) {
        report_note("one vCPU: contexts are not tried");
        return;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(cs); i++) {
        vcpu_fill_context(1, &context);
        context.gdt_ents = 0xffffffff;
        check_error(case_name("context with an absurd GDT"), hv_vcpu_op(VCPUOP_initialise, 1, &context));
    }
    check_alive("contexts");
}

void guest_main(void)
{
    by_whole_table();
    by_update();
    by_local_table();
    bad_frames();
    own_selectors();
    contexts();
}
