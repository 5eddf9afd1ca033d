/* SPDX-License-Identifier: MIT
 *
 * See user.h.  Traps from user mode arrive on the lower half of the vCPU's stack area (stack_switch told the
 * hypervisor); user_trap copies the frame out and returns from user_enter on the upper half.
 */
#include "user.h"
#include "guest.h"
#include "memory.h"
#include "vcpu.h"

uint64_t *user_l4;
static uint64_t *user_l1;
static void *pages[USER_PAGES];
extern char _user_start[], _user_end[];

long user_enter(struct trap_frame *frame, uint64_t *saved_rsp);
void user_leave(uint64_t saved_rsp, long result) __attribute__((noreturn));

static uint64_t saved_rsp[VCPU_MAX];
static struct trap_frame *running[VCPU_MAX];
static bool any_mode[VCPU_MAX];

void *user_page(unsigned index)
{
    return pages[index];
}

uint64_t *user_entry(uint64_t va)
{
    return user_l1 + (va >> 12 & 511);
}

uint64_t user_va(const char *code)
{
    return USER_TEXT + (uint64_t)(code - _user_start);
}

void user_init(void)
{
    uint64_t *l3 = table_new(), *l2 = table_new();
    unsigned i = 0;
    long ret;

    user_l1 = table_new();
    for (char *p = _user_start; p < _user_end; p += PAGE_SIZE)
        user_l1[i++] = pte_make(mfn_of(p), PTE_P | PTE_US | PTE_A);
    for (i = 0; i < USER_PAGES; i++) {
        pages[i] = page_alloc();
        user_l1[(USER_DATA >> 12 & 511) + i] = pte_make(mfn_of(pages[i]), PTE_USER | PTE_NX);
    }
    table_seal(user_l1);
    l2[USER_TEXT >> 21 & 511] = pte_make(mfn_of(user_l1), PTE_TABLE);
    table_seal(l2);
    l3[USER_TEXT >> 30 & 511] = pte_make(mfn_of(l2), PTE_TABLE);
    table_seal(l3);
    user_l4 = table_new();
    user_l4[0] = pte_make(mfn_of(l3), PTE_TABLE);
    table_seal(user_l4);
    ret = pin(4, mfn_of(user_l4));
    if (!ret)
        ret = pt_set(&kernel_l4[0], pte_make(mfn_of(l3), PTE_TABLE));
    if (!ret)
        ret = mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(user_l4));
    if (ret)
        report_error("cannot build the user address space: %ld", ret);
}

int user_run(struct trap_frame *frame)
{
    struct trap_frame go = *frame;

    if (!go.cs)
        go.cs = FLAT_USER_CS;
    if (!go.ss)
        go.ss = FLAT_USER_SS;
    if (!go.rsp)
        go.rsp = USER_STACK - 64;
    if (!go.rflags)
        go.rflags = 0x202;
    go.error_code = 0;
    any_mode[vcpu_id()] = false;
    running[vcpu_id()] = frame;
    return (int)user_enter(&go, &saved_rsp[vcpu_id()]);
}

int user_run_code(const char *code, struct trap_frame *frame)
{
    memset(frame, 0, sizeof *frame);
    frame->rip = user_va(code);
    return user_run(frame);
}

int context_run(struct trap_frame *frame)
{
    struct trap_frame go = *frame;

    any_mode[vcpu_id()] = true;
    running[vcpu_id()] = frame;
    return (int)user_enter(&go, &saved_rsp[vcpu_id()]);
}

bool user_trap(struct trap_frame *frame)
{
    unsigned vcpu = vcpu_id();
    struct trap_frame *out = running[vcpu];

    if (!out || ((frame->cs & 3) != 3 && !any_mode[vcpu]))
        return false;
    running[vcpu] = NULL;
    *out = *frame;
    user_leave(saved_rsp[vcpu], (long)frame->vector);
}
