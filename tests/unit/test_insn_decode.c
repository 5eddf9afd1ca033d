/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The decoder of page-table writes against the CPU itself: each instruction is executed here, and emulated; memory,
 * registers and flags must agree. Operands are random and include the awkward ones.
 */
#include "guest/pv/insn_decode.h"
#include "unit.h"
#include <string.h>
#include <sys/mman.h>

#define FLAGS 0x8d5UL

/* Runs one instruction at 'code' with rax, rcx, rdx, rbx and flags from and to *r. */
struct run {
    uint64_t rax, rcx, rdx, rbx, flags;
};

static void execute(const uint8_t *code, struct run *r)
{
    __asm__ volatile("push %[f]\n\tpopfq\n\tcall *%[code]\n\tpushfq\n\tpop %[f]"
                     : "+a"(r->rax), "+c"(r->rcx), "+d"(r->rdx), "+b"(r->rbx), [f] "+r"(r->flags)
                     : [code] "r"(code)
                     : "memory", "cc");
}

/* All with (%rdx) as memory and %rcx (cl, ch) as register operand. */
static const struct {
    const char *text;
    uint8_t bytes[12];
    uint8_t length;
    bool af_undefined; /* and, or, xor leave AF undefined; bit operations all but CF */
} cases[] = {
    {"mov %rcx,(%rdx)", {0x48, 0x89, 0x0a}, 3, false},
    {"mov %ecx,(%rdx)", {0x89, 0x0a}, 2, false},
    {"mov %cx,(%rdx)", {0x66, 0x89, 0x0a}, 3, false},
    {"mov %cl,(%rdx)", {0x88, 0x0a}, 2, false},
    {"mov %ch,(%rdx)", {0x88, 0x2a}, 2, false},
    {"movq $-2,(%rdx)", {0x48, 0xc7, 0x02, 0xfe, 0xff, 0xff, 0xff}, 7, false},
    {"movb $0x63,(%rdx)", {0xc6, 0x02, 0x63}, 3, false},
    {"movw $0x1234,(%rdx)", {0x66, 0xc7, 0x02, 0x34, 0x12}, 5, false},
    {"xchg %rcx,(%rdx)", {0x48, 0x87, 0x0a}, 3, false},
    {"xchg %ecx,(%rdx)", {0x87, 0x0a}, 2, false},
    {"xchg %ch,(%rdx)", {0x86, 0x2a}, 2, false},
    {"lock cmpxchg %rcx,(%rdx)", {0xf0, 0x48, 0x0f, 0xb1, 0x0a}, 5, false},
    {"lock cmpxchg %ecx,(%rdx)", {0xf0, 0x0f, 0xb1, 0x0a}, 4, false},
    {"cmpxchg %cl,(%rdx)", {0x0f, 0xb0, 0x0a}, 3, false},
    {"lock xadd %rcx,(%rdx)", {0xf0, 0x48, 0x0f, 0xc1, 0x0a}, 5, false},
    {"xadd %cl,(%rdx)", {0x0f, 0xc0, 0x0a}, 3, false},
    {"lock andb $0xfd,(%rdx)", {0xf0, 0x80, 0x22, 0xfd}, 4, true},
    {"lock and %rcx,(%rdx)", {0xf0, 0x48, 0x21, 0x0a}, 4, true},
    {"lock orq $-0x80,(%rdx)", {0xf0, 0x48, 0x83, 0x0a, 0x80}, 5, true},
    {"orl $0x12345678,(%rdx)", {0x81, 0x0a, 0x78, 0x56, 0x34, 0x12}, 6, true},
    {"xor %cx,(%rdx)", {0x66, 0x31, 0x0a}, 3, true},
    {"add %rcx,(%rdx)", {0x48, 0x01, 0x0a}, 3, false},
    {"addw $-1,(%rdx)", {0x66, 0x83, 0x02, 0xff}, 4, false},
    {"sub %ecx,(%rdx)", {0x29, 0x0a}, 2, false},
    {"subq $1,(%rdx)", {0x48, 0x83, 0x2a, 0x01}, 4, false},
    {"lock btrq $5,(%rdx)", {0xf0, 0x48, 0x0f, 0xba, 0x32, 0x05}, 6, true},
    {"btsl $31,(%rdx)", {0x0f, 0xba, 0x2a, 0x1f}, 4, true},
    {"btcq $63,(%rdx)", {0x48, 0x0f, 0xba, 0x3a, 0x3f}, 5, true},
    {"mov %rcx,8(%rdx)", {0x48, 0x89, 0x4a, 0x08}, 4, false},
    {"mov %rcx,-8(%rdx,%rbx,8)", {0x48, 0x89, 0x4c, 0xda, 0xf8}, 5, false},
    {"mov %rcx,0x10(%rdx,%rbx,1)", {0x48, 0x89, 0x8c, 0x1a, 0x10, 0, 0, 0}, 8, false},
};

static uint64_t random64(void)
{
    static const uint64_t awkward[] = {0, 1, ~0ULL, 0x8000000000000000, 0x7fffffffffffffff, 0x80, 0xff, 0x80000000};
    if (unit_random() % 3 == 0)
        return awkward[unit_random() % 8];
    return (uint64_t)unit_random() << 42 ^ (uint64_t)unit_random() << 21 ^ (uint64_t)unit_random();
}

static void compare_one(unsigned int c, uint8_t *code)
{
    uint64_t real[8], emulated[8];
    for (unsigned int i = 0; i < 8; i++)
        real[i] = emulated[i] = random64();
    struct run r = {random64(), random64(), (uint64_t)&real[2], (uint64_t)(unit_random() % 3), random64() & FLAGS};
    if (unit_random() & 1)
        r.rax = real[2]; /* so that cmpxchg matches now and then */
    struct cpu_regs regs = {.rax = r.rax, .rcx = r.rcx, .rdx = (uint64_t)&emulated[2], .rbx = r.rbx, .rip = 0x1000};
    regs.rflags = r.flags | 2;
    uint64_t undefined = cases[c].af_undefined ? 0x10 : 0;
    memcpy(code, cases[c].bytes, cases[c].length);
    code[cases[c].length] = 0xc3;

    struct insn insn;
    CU_ASSERT_FATAL(insn_decode(cases[c].bytes, sizeof(cases[c].bytes), &regs, &insn));
    CU_ASSERT_EQUAL_FATAL(insn.length, cases[c].length);
    uint64_t old = 0, new, rflags = regs.rflags;
    memcpy(&old, (void *)insn.address, insn.size);
    bool written = insn_compute(&insn, &regs, old, &new, &rflags);
    if (written)
        memcpy((void *)insn.address, &new, insn.size);
    insn_retire(&insn, &regs, old, written, rflags);

    execute(code, &r);
    if (insn.op >= INSN_BTS)
        undefined = 0x894; /* OF SF AF PF */
    bool same = memcmp(real, emulated, sizeof(real)) == 0 && r.rax == regs.rax && r.rcx == regs.rcx &&
                !((r.flags ^ regs.rflags) & FLAGS & ~undefined) && regs.rip == 0x1000u + insn.length;
    if (!same)
        printf("\n%s: flags %lx / %lx rcx %lx / %lx mem %lx / %lx\n", cases[c].text, r.flags & FLAGS,
               regs.rflags & FLAGS, r.rcx, regs.rcx, real[2], emulated[2]);
    CU_ASSERT_FATAL(same);
}

static void test_against_cpu(void)
{
    uint8_t *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CU_ASSERT_FATAL(code != MAP_FAILED);
    for (unsigned int c = 0; c < sizeof(cases) / sizeof(cases[0]); c++)
        for (unsigned int i = 0; i < 2000; i++)
            compare_one(c, code);
    munmap(code, 4096);
}

static void test_refused(void)
{
    static const uint8_t bad[][8] = {
        {0x48, 0x89, 0xca},       /* register to register */
        {0x64, 0x48, 0x89, 0x0a}, /* %fs */
        {0x67, 0x48, 0x89, 0x0a}, /* 32-bit address */
        {0xf3, 0x48, 0xab},       /* rep stos */
        {0x48, 0x0f, 0xc7, 0x0a}, /* cmpxchg16b */
        {0x48, 0x11, 0x0a},       /* adc */
        {0x0f, 0x11, 0x02},       /* movups */
        {0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0},
    };
    struct cpu_regs regs = {0};
    struct insn insn;
    for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CU_ASSERT_FALSE(insn_decode(bad[i], 8, &regs, &insn));
    /* Every truncation of a good one. */
    for (unsigned int c = 0; c < sizeof(cases) / sizeof(cases[0]); c++)
        for (unsigned int n = 0; n < cases[c].length; n++)
            CU_ASSERT_FALSE(insn_decode(cases[c].bytes, n, &regs, &insn));
}

static void test_stos(void)
{
    static const uint8_t rep_stosq[] = {0xf3, 0x48, 0xab};
    uint64_t table[3] = {1, 2, 3};
    struct cpu_regs regs = {.rax = 7, .rcx = 2, .rdi = (uint64_t)&table[0], .rip = 0x1000};
    struct insn insn;
    for (unsigned int i = 0; i < 2; i++) {
        uint64_t new, rflags = 0;
        CU_ASSERT_FATAL(insn_decode(rep_stosq, sizeof(rep_stosq), &regs, &insn));
        CU_ASSERT_EQUAL(insn.address, (uint64_t)&table[i]);
        CU_ASSERT(insn_compute(&insn, &regs, table[i], &new, &rflags));
        CU_ASSERT_EQUAL(new, 7);
        insn_retire(&insn, &regs, table[i], true, rflags);
        CU_ASSERT_EQUAL(regs.rip, i == 0 ? 0x1000u : 0x1003u);
        CU_ASSERT_EQUAL(regs.rcx, 1 - i);
    }
}

static void test_garbage(void)
{
    struct cpu_regs regs = {.rsp = 1};
    struct insn insn;
    uint8_t bytes[15];
    for (unsigned int i = 0; i < 1000000; i++) {
        for (unsigned int k = 0; k < sizeof(bytes); k++)
            bytes[k] = (uint8_t)unit_random();
        if (insn_decode(bytes, (unsigned int)unit_random() % 16, &regs, &insn)) {
            CU_ASSERT_FATAL(insn.length <= 15 &&
                            (insn.size == 1 || insn.size == 2 || insn.size == 4 || insn.size == 8));
            uint64_t new, flags = 0;
            insn_compute(&insn, &regs, 5, &new, &flags);
        }
    }
}

int main(void)
{
    CU_TestInfo list[] = {{"agrees with the CPU", test_against_cpu},
                          {"refuses what it does not know, and truncations", test_refused},
                          {"repeats stos element by element", test_stos},
                          {"survives garbage", test_garbage},
                          CU_TEST_INFO_NULL};
    return unit_run("insn_decode", list);
}
