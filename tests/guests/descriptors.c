/* SPDX-License-Identifier: MIT
 *
 * Why: a PV kernel has its own GDT and LDT, in frames that it gives to the hypervisor.
 * Trick: the CPU tells what is loaded: lsl, lar and selector loads.
 * Expect: code and data descriptors work at DPL 3 (the hypervisor raises lower ones), frames are read-only while in
 * use.
 */
#include "guest.h"
#include "memory.h"
#include "traps.h"
#include "vcpu.h"

GUEST("descriptors");

#define DATA_DESC 0x00cff3000000ffffull /* 32-bit data, DPL 3, present */
#define CODE_DESC 0x00affb000000ffffull /* 64-bit code, DPL 3, present */

static uint64_t *gdt, *ldt;

static void load_gdt(void)
{
    uint64_t frame;

    gdt = page_alloc();
    gdt[1] = DATA_DESC;
    gdt[2] = CODE_DESC;
    gdt[3] = DATA_DESC & ~(3ull << 45); /* DPL 0: will be raised */
    gdt[4] = DATA_DESC & ~(1ull << 47); /* not present */
    gdt[5] = 0x0040f3000000ffffull;     /* limit 64 KiB */
    frame = mfn_of(gdt);
    check_error("set_gdt of a writable page", hv_set_gdt(&frame, 512));
    page_readonly(gdt);
    check_eq("set_gdt", hv_set_gdt(&frame, 512), 0);
    check_error("its page cannot become writable", page_writable(gdt));
    check_error("nor by another mapping", scratch_set(0, pte_make(frame, PTE_KERNEL)));
    try_write64(gdt + 1, 0);
    check_trap("nor be written directly", TRAP_PF);
    check_hex("DPL was raised", gdt[3] >> 45 & 3, 3);
}

static void use_selectors(void)
{
    uint32_t limit = 0;
    uint16_t ds = 0;

    TRY("mov %0, %%ds", : : "r"((uint16_t)(1 << 3 | 3)));
    check_trap("load a data selector", TRAP_NONE);
    TRY("mov %0, %%es", : : "r"((uint16_t)(3 << 3 | 3)));
    check_trap("load the raised one", TRAP_NONE);
    TRY("mov %0, %%es", : : "r"((uint16_t)(4 << 3 | 3)));
    check_trap_error("not present", TRAP_NP, 4 << 3);
    TRY("mov %0, %%es", : : "r"((uint16_t)(6 << 3 | 3)));
    check_trap_error("empty descriptor", TRAP_GP, 6 << 3);
    asm volatile("lsl %1, %0" : "=r"(limit) : "r"(5u << 3 | 3));
    check_hex("limit of a small one", limit, 0xffff);
    asm volatile("mov %%ds, %0" : "=r"(ds));
    hv_xen_version(XENVER_version, NULL);
    asm volatile("mov %%ds, %0" : "=r"(limit));
    check_hex("a hypercall keeps DS", limit & 0xffff, ds);
    TRY("mov %0, %%ds; mov %0, %%es", : : "r"((uint16_t)0));
}

static void update(void)
{
    uint32_t limit = 0;

    check_eq("update_descriptor", hv_update_descriptor(machine_of(gdt + 8), 0x0040f3000000efffull), 0);
    asm volatile("lsl %1, %0" : "=r"(limit) : "r"(8u << 3 | 3));
    check_hex("is used", limit, 0xefff);
    check_eq("clear it", hv_update_descriptor(machine_of(gdt + 8), 0), 0);
    TRY("mov %0, %%es", : : "r"((uint16_t)(8 << 3 | 3)));
    check_trap("is gone", TRAP_GP);
    check_error("unaligned", hv_update_descriptor(machine_of(gdt + 8) + 4, DATA_DESC));
    check_error("in no frame", hv_update_descriptor(0xfffffffffff000ull, DATA_DESC));
    check_error("in a page table", hv_update_descriptor(machine_of(kernel_l4), DATA_DESC));
}

/* Kernels keep CS and SS of their own GDT; returning by iret uses them. */
static void own_code_selector(void)
{
    uint64_t cs = 0;

    asm volatile(
        "mov %%rsp, %%rax; pushq $0xb; pushq %%rax; pushfq; pushq $0x13; lea 1f(%%rip), %%rax; pushq %%rax; iretq;"
        "1: mov %%cs, %%rax; mov %%rax, %0; pop %%rcx; push %%rcx;"
        "mov %%rsp, %%rax; pushq %2; pushq %%rax; pushfq; pushq %1; lea 2f(%%rip), %%rax; pushq %%rax; iretq; 2:"
        : "=m"(cs)
        : "i"(FLAT_KERNEL_CS), "i"(FLAT_KERNEL_SS)
        : "rax", "rcx", "memory");
    check_hex("kernel runs on a code selector of its own", cs, 0x13);
}

static void local_table(void)
{
    uint64_t frame;

    ldt = page_alloc();
    ldt[0] = DATA_DESC;
    ldt[1] = DATA_DESC & ~(3ull << 45);
    page_readonly(ldt);
    check_eq("SET_LDT", mmuext_args(MMUEXT_SET_LDT, (uint64_t)ldt, 2), 0);
    TRY("mov %0, %%es", : : "r"((uint16_t)(0 << 3 | 7)));
    check_trap("load a local selector", TRAP_NONE);
    TRY("mov %0, %%es", : : "r"((uint16_t)(1 << 3 | 7)));
    check_trap("load the raised one", TRAP_NONE);
    TRY("mov %0, %%es", : : "r"((uint16_t)(2 << 3 | 7)));
    check_trap_error("beyond its end", TRAP_GP, 2 << 3 | 4);
    check_error("its page cannot become writable", page_writable(ldt));
    check_eq("update in it", hv_update_descriptor(machine_of(ldt), 0), 0);
    TRY("mov %0, %%es", : : "r"((uint16_t)7));
    check_trap("is used", TRAP_GP);
    TRY("mov %0, %%es", : : "r"((uint16_t)0));
    check_eq("SET_LDT of none", mmuext_args(MMUEXT_SET_LDT, 0, 0), 0);
    TRY("mov %0, %%es", : : "r"((uint16_t)(1 << 3 | 7)));
    check_trap("no table any more", TRAP_GP);
    check_eq("the page is plain again", page_writable(ldt), 0);
    check_error("SET_LDT unaligned", mmuext_args(MMUEXT_SET_LDT, (uint64_t)ldt + 8, 2));
    check_error("SET_LDT too many", mmuext_args(MMUEXT_SET_LDT, (uint64_t)ldt, 8193));
    check_error("SET_LDT in the hypervisor", mmuext_args(MMUEXT_SET_LDT, HYPERVISOR_START, 512) ?: -1);
    mmuext_args(MMUEXT_SET_LDT, 0, 0);
    frame = mfn_of(ldt);
    check("the frame can be used again", frame != 0 && !page_writable(ldt));
}

/* A selector that has become bad while the vCPU was away: the hypervisor cannot load it and tells by the failsafe
 * callback. */
static volatile unsigned other_ran, failsafes;

static void other_vcpu(unsigned vcpu)
{
    (void)vcpu;
    other_ran++;
}

static bool count_failsafe(struct trap_frame *frame)
{
    (void)frame;
    failsafes++;
    return true;
}

static void failsafe_on_switch(void)
{
    uint16_t es = 0;

    if (vcpu_count() < 2) {
        report_note("one vCPU: no failsafe callback by a context switch");
        return;
    }
    trap_set_handler(TRAP_FAILSAFE, count_failsafe);
    hv_update_descriptor(machine_of(gdt + 9), DATA_DESC);
    TRY("mov %0, %%es", : : "r"((uint16_t)(9 << 3 | 3)));
    hv_update_descriptor(machine_of(gdt + 9), 0);
    if (vcpu_boot(1, other_vcpu))
        report_error("cannot start vCPU 1");
    for (unsigned i = 0; i < 100000 && !other_ran; i++)
        vcpu_relax();
    vcpu_relax();
    check_eq("the other vCPU ran", other_ran, 1);
    check_eq("one failsafe callback", failsafes, 1);
    check_hex("it tells the selector", failsafe_selectors[1] & 0xffff, 9 << 3 | 3);
    asm volatile("mov %%es, %0" : "=r"(es));
    check_hex("ES is null now", es & ~3, 0);
    trap_set_handler(TRAP_FAILSAFE, NULL);
}

static void segment_bases(void)
{
    static uint64_t data[4] = {0xaa, 0xbb, 0xcc, 0xdd};
    uint64_t v = 0;

    check_eq("FS base", hv_set_segment_base(SEGBASE_FS, data), 0);
    asm volatile("movq %%fs:8, %0" : "=r"(v));
    check_hex("FS relative read", v, 0xbb);
    check_eq("kernel GS base", hv_set_segment_base(SEGBASE_GS_KERNEL, data + 1), 0);
    asm volatile("movq %%gs:8, %0" : "=r"(v));
    check_hex("GS relative read", v, 0xcc);
    check_eq("user GS base", hv_set_segment_base(SEGBASE_GS_USER, data + 2), 0);
    asm volatile("movq %%gs:8, %0" : "=r"(v));
    check_hex("does not change the kernel's", v, 0xcc);
    check_eq("user GS selector", hv_set_segment_base(SEGBASE_GS_USER_SEL, 0), 0);
    asm volatile("movq %%gs:8, %0" : "=r"(v));
    check_hex("nor does that", v, 0xcc);
    check_error("non-canonical base", hv_set_segment_base(SEGBASE_FS, 0x8000000000000000ul));
}

static void unload_gdt(void)
{
    check_eq("set_gdt of none", hv_set_gdt(NULL, 0), 0);
    check_eq("the page is plain again", page_writable(gdt), 0);
    check_error("set_gdt of too many", hv_set_gdt(gdt, 14 * 512 + 1));
    check_error("set_gdt with a bad list", hv_set_gdt(scratch_va(1), 512));
}

void guest_main(void)
{
    load_gdt();
    use_selectors();
    update();
    own_code_selector();
    failsafe_on_switch();
    local_table();
    segment_bases();
    unload_gdt();
}
