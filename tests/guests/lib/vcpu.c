/* SPDX-License-Identifier: MIT
 *
 * See vcpu.h.
 */
#include "vcpu.h"
#include "clock.h"
#include "guest.h"
#include "memory.h"
#include "traps.h"

char vcpu_stacks[VCPU_MAX][VCPU_STACK_AREA] __attribute__((aligned(0x10000)));
static void (*volatile job[VCPU_MAX])(unsigned vcpu);
extern char vcpu_entry[];
void vcpu_start(unsigned vcpu) __attribute__((noreturn));

static uint64_t user_trap_stack(unsigned vcpu)
{
    return (uint64_t)vcpu_stacks[vcpu] + VCPU_STACK_AREA / 2;
}

void vcpus_init(void)
{
    for (unsigned v = 0; v < VCPU_MAX; v++)
        *(unsigned *)(void *)vcpu_stacks[v] = v;
    hv_stack_switch(FLAT_KERNEL_SS, user_trap_stack(0));
}

unsigned vcpu_count(void)
{
    unsigned n = 0;

    while (n < VCPU_MAX && hv_vcpu_op(VCPUOP_is_up, n, NULL) >= 0)
        n++;
    return n;
}

void vcpu_fill_context(unsigned vcpu, struct vcpu_guest_context *context)
{
    memset(context, 0, sizeof *context);
    context->flags = VGCF_in_kernel;
    context->user_regs.rip = (uint64_t)vcpu_entry;
    context->user_regs.cs = FLAT_KERNEL_CS;
    context->user_regs.ss = FLAT_KERNEL_SS;
    context->user_regs.rflags = 0x202;
    context->user_regs.rsp = (uint64_t)vcpu_stacks[vcpu] + VCPU_STACK_AREA;
    context->user_regs.rdi = vcpu;
    for (unsigned i = 0; i < 256; i++)
        context->trap_ctxt[i] = trap_table[i];
    context->kernel_ss = FLAT_KERNEL_SS;
    context->kernel_sp = user_trap_stack(vcpu);
    context->ctrlreg[3] = mfn_of(kernel_l4) << 12;
    context->event_callback_eip = (uint64_t)event_entry;
    context->failsafe_callback_eip = (uint64_t)failsafe_entry;
    context->syscall_callback_eip = (uint64_t)syscall_entry;
}

void vcpu_start(unsigned vcpu)
{
    for (;;) {
        job[vcpu](vcpu);
        hv_vcpu_op(VCPUOP_down, vcpu, NULL); /* comes back when it is started again, with the next job */
    }
}

long vcpu_boot(unsigned vcpu, void (*fn)(unsigned vcpu))
{
    static struct vcpu_guest_context context;
    long ret;

    job[vcpu] = fn;
    vcpu_fill_context(vcpu, &context);
    ret = hv_vcpu_op(VCPUOP_initialise, vcpu, &context);
    if (ret && ret != -XEN_EEXIST) /* initialised before: it resumes in the loop of vcpu_start */
        return ret;
    return hv_vcpu_op(VCPUOP_up, vcpu, NULL);
}

bool vcpu_wait_down(unsigned vcpu, unsigned milliseconds)
{
    uint64_t end = clock_ns() + milliseconds * 1000000ul;

    while (hv_vcpu_op(VCPUOP_is_up, vcpu, NULL) == 1) {
        if (clock_ns() > end)
            return false;
        vcpu_relax();
    }
    return true;
}

void vcpu_relax(void)
{
    asm volatile("pause");
    hv_sched_op(SCHEDOP_yield, NULL);
}
