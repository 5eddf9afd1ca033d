/* SPDX-License-Identifier: MIT
 *
 * Why: x87, SSE and AVX registers belong to a vCPU; a hypervisor that switches them late or not wholly mixes them up.
 * Trick: more vCPUs than CPUs (dom0_max_vcpus), each keeps its own pattern in all 16 YMM registers, MXCSR and the x87
 * control word, and gives the processor away after each check.
 * Expect: every register is as it was, after thousands of switches; XCR0 is per vCPU.
 *
 * QEMU's TCG lets XSAVE and XRSTOR run with CR0.TS set, so a hypervisor that switches late fails here: Debian's Xen
 * needs spec-ctrl=eager-fpu (guests.conf passes it; others ignore it).
 */
#include "clock.h"
#include "events.h"
#include "guest.h"
#include "memory.h"
#include "traps.h"
#include "vcpu.h"

GUEST("fpu");

#define ROUNDS 400

static volatile unsigned finished, wrong[VCPU_MAX], start;

static void cpuid(uint32_t leaf, uint32_t sub, uint32_t r[4])
{
    asm volatile(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e; cpuid"
                 : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
                 : "a"(leaf), "c"(sub));
}

/* CR4.OSXSAVE and XCR0, as a kernel does while it boots. */
static bool enable_avx(void)
{
    uint32_t r[4];
    uint64_t cr4;

    cpuid(1, 0, r);
    if (!(r[2] & 1u << 26) || !(r[2] & 1u << 28))
        return false;
    asm volatile("mov %%cr4, %0" : "=r"(cr4));
    asm volatile("mov %0, %%cr4" : : "r"(cr4 | 1ul << 18));
    asm volatile("xsetbv" : : "a"(7), "d"(0), "c"(0));
    return true;
}

static void load(const uint8_t (*v)[32], uint32_t mxcsr, uint16_t control)
{
    asm volatile(
        "vmovdqu (%0), %%ymm0; vmovdqu 32(%0), %%ymm1; vmovdqu 64(%0), %%ymm2; vmovdqu 96(%0), %%ymm3;"
        "vmovdqu 128(%0), %%ymm4; vmovdqu 160(%0), %%ymm5; vmovdqu 192(%0), %%ymm6; vmovdqu 224(%0), %%ymm7;"
        "vmovdqu 256(%0), %%ymm8; vmovdqu 288(%0), %%ymm9; vmovdqu 320(%0), %%ymm10; vmovdqu 352(%0), %%ymm11;"
        "vmovdqu 384(%0), %%ymm12; vmovdqu 416(%0), %%ymm13; vmovdqu 448(%0), %%ymm14; vmovdqu 480(%0), %%ymm15;"
        "ldmxcsr %1; fninit; fldcw %2; fld1"
        :
        : "r"(v), "m"(mxcsr), "m"(control)
        : "memory");
}

static void store(uint8_t (*v)[32], uint32_t *mxcsr, uint16_t *control)
{
    asm volatile(
        "vmovdqu %%ymm0, (%2); vmovdqu %%ymm1, 32(%2); vmovdqu %%ymm2, 64(%2); vmovdqu %%ymm3, 96(%2);"
        "vmovdqu %%ymm4, 128(%2); vmovdqu %%ymm5, 160(%2); vmovdqu %%ymm6, 192(%2); vmovdqu %%ymm7, 224(%2);"
        "vmovdqu %%ymm8, 256(%2); vmovdqu %%ymm9, 288(%2); vmovdqu %%ymm10, 320(%2); vmovdqu %%ymm11, 352(%2);"
        "vmovdqu %%ymm12, 384(%2); vmovdqu %%ymm13, 416(%2); vmovdqu %%ymm14, 448(%2); vmovdqu %%ymm15, 480(%2);"
        "stmxcsr %0; fnstcw %1"
        : "=m"(*mxcsr), "=m"(*control)
        : "r"(v)
        : "memory");
}

static void keep_state(unsigned vcpu)
{
    uint8_t mine[16][32], now[16][32];
    uint32_t mxcsr = 0x1f80 | (vcpu & 3) << 13, mxcsr_now; /* rounding mode by vCPU */
    uint16_t control = (uint16_t)(0x37f | (vcpu & 3) << 10), control_now;
    uint64_t one;

    if (vcpu)
        enable_avx();
    for (unsigned i = 0; i < 16; i++)
        for (unsigned k = 0; k < 32; k++)
            mine[i][k] = (uint8_t)(vcpu * 97 + i * 32 + k);
    __atomic_add_fetch(&start, 1, __ATOMIC_SEQ_CST);
    load((const uint8_t(*)[32])mine, mxcsr, control);
    for (unsigned round = 0; round < ROUNDS; round++) {
        hv_sched_op(SCHEDOP_yield, NULL);
        if (round % 16 == 0) {
            struct sched_poll poll = {.timeout = clock_ns() + 200000};

            hv_sched_op(SCHEDOP_poll, &poll);
        }
        store(now, &mxcsr_now, &control_now);
        asm volatile("fstpl %0; fld1" : "=m"(one));
        wrong[vcpu] += memcmp(mine, now, sizeof mine) != 0;
        wrong[vcpu] += mxcsr_now != mxcsr || control_now != control || one != 0x3ff0000000000000ul;
        if (wrong[vcpu])
            load((const uint8_t(*)[32])mine, mxcsr, control);
    }
    __atomic_add_fetch(&finished, 1, __ATOMIC_SEQ_CST);
}

static void xcr0(void)
{
    uint32_t low, high;

    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    check_eq("XCR0 as set", low, 7);
    TRY("xsetbv", : : "a"(6), "d"(0), "c"(0));
    check_trap("XCR0 without x87 is #GP", TRAP_GP);
    TRY("xsetbv", : : "a"(5), "d"(0), "c"(0));
    check_trap("XCR0 with AVX but not SSE is #GP", TRAP_GP);
    TRY("xsetbv", : : "a"(7), "d"(0x80000000), "c"(0));
    check_trap("XCR0 with a reserved bit is #GP", TRAP_GP);
    TRY("xsetbv", : : "a"(7), "d"(0), "c"(1));
    check_trap("XCR1 is #GP", TRAP_GP);
    TRY("xsetbv", : : "a"(3), "d"(0), "c"(0));
    check_trap("XCR0 without AVX", TRAP_NONE);
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    check_eq("is read back", low, 3);
    TRY("vpxor %%ymm0, %%ymm0, %%ymm0", : : :);
    check_trap("AVX is #UD then", TRAP_UD);
    TRY("xsetbv", : : "a"(7), "d"(0), "c"(0));
    check_trap("XCR0 back", TRAP_NONE);
}

static void events_keep(void)
{
    static const uint8_t pattern[16][32] = {{1, 2, 3}, {4, 5, 6}};
    uint8_t now[16][32];
    uint32_t mxcsr;
    uint16_t control;
    unsigned port = (unsigned)event_bind_ipi(0);

    event_unmask(port);
    load(pattern, 0x1f80, 0x37f);
    events_on();
    for (unsigned i = 0; i < 100; i++)
        event_send(port);
    events_off();
    store(now, &mxcsr, &control);
    check("upcalls keep the registers", !memcmp(pattern, now, sizeof now) && mxcsr == 0x1f80);
    event_close(port);
}

void guest_main(void)
{
    unsigned vcpus = vcpu_count();

    if (!enable_avx())
        report_skip("the processor has no AVX");
    report_note("%u vcpus", vcpus);
    xcr0();
    events_keep();
    for (unsigned v = 1; v < vcpus; v++)
        check_eq(case_name("start vcpu %u", v), vcpu_boot(v, keep_state), 0);
    keep_state(0);
    for (uint64_t end = clock_ns() + 30000000000ul; finished < vcpus && clock_ns() < end;)
        vcpu_relax();
    check_eq("all finish", finished, vcpus);
    for (unsigned v = 0; v < vcpus; v++)
        check_eq(case_name("vcpu %u kept its registers %u times", v, ROUNDS), wrong[v], 0);
}
