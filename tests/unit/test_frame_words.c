/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bounce frames and HYPERVISOR_iret as arithmetic: the layout that guests rely on, the bits that a guest must never get
 * into its registers, and the way back restoring what the way in saved.
 */
#include "cpu/desc.h"
#include "guest/pv/frame_words.h"
#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

static struct cpu_regs interrupted(void)
{
    return (struct cpu_regs){
        .rcx = 0xc1,
        .r11 = 0x11b,
        .rax = 0xa,
        .rip = 0x401000,
        .cs = SEL_GUEST_CS64,
        .ss = SEL_GUEST_SS,
        .rsp = 0x7fff0000,
        .rflags = RFLAGS_IF | RFLAGS_MBS | RFLAGS_CF | RFLAGS_DF | RFLAGS_TF | RFLAGS_AC,
        .vector = 14,
    };
}

static void plain_frame(void)
{
    struct cpu_regs r = interrupted();
    struct frame_request q = {.rip = 0x1000};
    uint64_t w[FRAME_WORDS_MAX];

    CU_ASSERT_EQUAL(frame_words(w, &r, &q), 7);
    CU_ASSERT_EQUAL(w[0], r.rcx);
    CU_ASSERT_EQUAL(w[1], r.r11);
    CU_ASSERT_EQUAL(w[2], r.rip);
    CU_ASSERT_EQUAL(w[3], SEL_GUEST_CS64);
    CU_ASSERT_EQUAL(w[4], r.rflags); /* all flags but IF and IOPL are as they were */
    CU_ASSERT_EQUAL(w[5], r.rsp);
    CU_ASSERT_EQUAL(w[6], r.ss);
}

static void error_code_and_segments(void)
{
    struct cpu_regs r = interrupted();
    struct frame_request q = {.rip = 0x1000, .extra_count = 1, .extra = {0xfffffff6}};
    uint64_t w[FRAME_WORDS_MAX];

    CU_ASSERT_EQUAL(frame_words(w, &r, &q), 8);
    CU_ASSERT_EQUAL(w[2], 0xfffffff6UL);
    CU_ASSERT_EQUAL(w[3], r.rip);

    q = (struct frame_request){.rip = 0x1000, .extra_count = 4, .extra = {1, 2, 3, 4}};
    CU_ASSERT_EQUAL(frame_words(w, &r, &q), 11);
    for (unsigned int i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(w[2 + i], i + 1);
    CU_ASSERT_EQUAL(w[6], r.rip);
}

static void mask_and_kernel_mode(void)
{
    struct cpu_regs r = interrupted();
    struct frame_request q = {.rip = 0x1000, .upcall_mask = 1, .from_kernel = true, .iopl_visible = 3};
    uint64_t w[FRAME_WORDS_MAX];

    r.cs |= 0xabcd0000UL; /* the CPU leaves the upper part undefined */
    frame_words(w, &r, &q);
    CU_ASSERT_EQUAL(w[3], (SEL_GUEST_CS64 & ~3UL) | 1UL << 32);
    CU_ASSERT_FALSE(w[4] & RFLAGS_IF);
    CU_ASSERT_EQUAL(w[4] & RFLAGS_IOPL, RFLAGS_IOPL);
    q.upcall_mask = 0;
    q.iopl_visible = 0;
    r.rflags |= RFLAGS_IOPL;
    frame_words(w, &r, &q);
    CU_ASSERT_TRUE(w[4] & RFLAGS_IF);
    CU_ASSERT_FALSE(w[4] & RFLAGS_IOPL);
}

static void handler_registers(void)
{
    struct cpu_regs r = interrupted();

    r.rflags |= RFLAGS_NT | RFLAGS_RF | RFLAGS_VM;
    frame_registers(&r, 0x5000, 0x1000);
    CU_ASSERT_EQUAL(r.vector, VECTOR_SYSCALL);
    CU_ASSERT_EQUAL(r.rip, 0x1000);
    CU_ASSERT_EQUAL(r.rsp, 0x5000);
    CU_ASSERT_EQUAL(r.cs, SEL_GUEST_CS64);
    CU_ASSERT_EQUAL(r.ss, SEL_GUEST_SS);
    CU_ASSERT_EQUAL(r.rflags, RFLAGS_IF | RFLAGS_MBS | RFLAGS_CF | RFLAGS_DF);
}

static void return_by_iret(void)
{
    struct cpu_regs r = interrupted();
    struct iret_context c = {.rax = 1, .r11 = 2, .rcx = 3, .rip = 4, .cs = 0x10, .rflags = 0, .rsp = 5, .ss = 0x18};

    r.vector = VECTOR_SYSCALL;
    frame_return(&r, &c);
    CU_ASSERT_NOT_EQUAL(r.vector, VECTOR_SYSCALL); /* SYSRET would lose rcx and r11 */
    CU_ASSERT_EQUAL(r.r11, 2);
    CU_ASSERT_EQUAL(r.rcx, 3);
    CU_ASSERT_EQUAL(r.rip, 4);
    CU_ASSERT_EQUAL(r.cs, 0x13);
    CU_ASSERT_EQUAL(r.ss, 0x1b);
    CU_ASSERT_EQUAL(r.rflags, RFLAGS_IF | RFLAGS_MBS);
}

static void return_by_sysret(void)
{
    struct cpu_regs r = interrupted();
    struct iret_context c = {
        .flags = VGCF_in_syscall, .r11 = 2, .rcx = 3, .rip = 4, .cs = 0x33, .rflags = RFLAGS_CF, .rsp = 5};

    frame_return(&r, &c);
    CU_ASSERT_EQUAL(r.vector, VECTOR_SYSCALL);
    CU_ASSERT_EQUAL(r.cs, SEL_GUEST_CS64);
    CU_ASSERT_EQUAL(r.ss, SEL_GUEST_SS);
    CU_ASSERT_EQUAL(r.rip, 4);
    CU_ASSERT_EQUAL(r.rsp, 5);

    c.cs = SEL_GUEST_CS32; /* compatibility mode: not by SYSRET */
    frame_return(&r, &c);
    CU_ASSERT_NOT_EQUAL(r.vector, VECTOR_SYSCALL);
    CU_ASSERT_EQUAL(r.cs, SEL_GUEST_CS32);
}

/* Whatever the guest supplies: ring 3, interrupts on, no IOPL, no VM, and flat selectors where SYSRET is used. */
static void hostile_contexts(void)
{
    srandom(7);
    for (unsigned int n = 0; n < 100000; n++) {
        struct cpu_regs r;
        struct iret_context c;
        uint8_t *bytes = (uint8_t *)&c;

        memset(&r, (int)random(), sizeof(r));
        for (size_t i = 0; i < sizeof(c); i++)
            bytes[i] = (uint8_t)random();
        frame_return(&r, &c);
        if ((r.cs & 3) != 3 || (r.ss & 3) != 3 || r.cs >> 16 || r.ss >> 16 || !(r.rflags & RFLAGS_IF) ||
            (r.rflags & (RFLAGS_IOPL | RFLAGS_VM)) || r.rflags >> 22 ||
            (r.vector == VECTOR_SYSCALL && (r.cs != SEL_GUEST_CS64 || r.ss != SEL_GUEST_SS))) {
            CU_FAIL("a hostile context got through");
            return;
        }
    }
    CU_PASS("all tamed");
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("bounce frames", NULL, NULL);

    CU_add_test(s, "plain frame", plain_frame);
    CU_add_test(s, "error code, segments", error_code_and_segments);
    CU_add_test(s, "upcall mask, kernel mode, IOPL", mask_and_kernel_mode);
    CU_add_test(s, "registers of the handler", handler_registers);
    CU_add_test(s, "iret by IRETQ", return_by_iret);
    CU_add_test(s, "iret by SYSRET", return_by_sysret);
    CU_add_test(s, "hostile contexts", hostile_contexts);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned int failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
