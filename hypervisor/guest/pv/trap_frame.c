/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entering the guest kernel: the frame that a PV kernel finds on its stack, upwards from RSP:
 *
 *      rcx r11 [error code] rip cs|mask rflags rsp ss
 *
 * rcx and r11 are there because the kernel is entered by SYSRET, which destroys them. Bits 32..39 of the cs word hold
 * the upcall mask as it was; the interrupt flag in rflags is its opposite, and cs has RPL 0 when the kernel itself was
 * interrupted, so that a kernel sees what it would see on bare hardware. The failsafe callback finds ds, es, fs, gs
 * between r11 and rip.
 *
 * From user mode the vCPU changes to its kernel's address space first and the frame goes to the kernel stack that
 * stack_switch named; from kernel mode it goes below the present stack pointer. The frame is written with the guest's
 * own rights. A kernel without a handler or with a stack that cannot be written has no way on: its domain is crashed.
 *
 * All functions act on the current vCPU and its frame in cpu_local, and are called at most once per trip: two in a row
 * nest, as on hardware.
 */
#include "guest/pv/trap_frame.h"
#include "cpu/x86.h"
#include "guest/pv/address_space.h"
#include "guest/pv/frame_words.h"
#include "lib/log.h"
#include "mm/guest_copy.h"
#include "mm/layout.h"

#define ERROR_CODE_VECTORS                                                                                             \
    (1u << VECTOR_DF | 1u << VECTOR_TS | 1u << VECTOR_NP | 1u << VECTOR_SS | 1u << VECTOR_GP | 1u << VECTOR_PF |       \
     1u << VECTOR_AC | 1u << VECTOR_CP | 1u << VECTOR_VC | 1u << VECTOR_SX)
#define TRAP_DPL       3 /* bits of pv_trap.flags */
#define TRAP_MASKS     4
#define LENGTH_INT     2 /* int n */
#define LENGTH_SYSCALL 2

/*
 * Puts the frame on the kernel's stack and points the vCPU at rip. In line for each kind of frame: this is the hottest
 * path into a guest.
 */
static inline __attribute__((always_inline)) void enter_kernel(struct vcpu *v, struct frame_request *request)
{
    struct cpu_regs *regs = guest_regs();
    uint64_t words[FRAME_WORDS_MAX], sp;
    unsigned int count;

    if (unlikely(request->rip == 0)) {
        domain_crash(v->domain, "exception or callback without a handler");
        return;
    }
    request->from_kernel = v->pv.kernel_mode;
    sp = regs->rsp;
    if (!request->from_kernel) {
        address_space_toggle(v);
        sp = v->pv.kernel_sp;
    }
    request->upcall_mask = v->info->evtchn_upcall_mask;
    request->iopl_visible = v->domain->vm_assist >> VMASST_TYPE_architectural_iopl & 1 ? v->pv.iopl : 0;
    count = frame_words(words, regs, request);
    sp = (sp & ~15UL) - count * 8;
    if (unlikely(!guest_address_ok(sp) || !guest_address_ok(sp + count * 8 - 1) ||
                 !guest_write_words(sp, words, count))) {
        domain_crash(v->domain, "kernel stack cannot be written");
        return;
    }
    if (request->masks)
        v->info->evtchn_upcall_mask = 1;
    frame_registers(regs, sp, request->rip);
}

static void enter_without_error(struct vcpu *v, uint64_t rip, bool masks)
{
    struct frame_request request = {.rip = rip, .masks = masks};

    enter_kernel(v, &request);
}

static void enter_with_error(struct vcpu *v, uint64_t rip, bool masks, uint32_t error_code)
{
    struct frame_request request = {.rip = rip, .masks = masks, .extra_count = 1, .extra = {error_code}};

    enter_kernel(v, &request);
}

static inline void enter_trap(struct vcpu *v, unsigned int vector, bool has_error, uint32_t error_code)
{
    const struct pv_trap *trap = &v->pv.trap[vector];

    if (unlikely(trap->address == 0))
        log_guest("unhandled exception %u, error code 0x%x", vector, error_code);
    if (has_error)
        enter_with_error(v, trap->address, trap->flags & TRAP_MASKS, error_code);
    else
        enter_without_error(v, trap->address, trap->flags & TRAP_MASKS);
}

void trap_frame_exception(struct vcpu *v, unsigned int vector, uint32_t error_code)
{
    enter_trap(v, vector, vector < 32 && ERROR_CODE_VECTORS >> vector & 1, error_code);
}

/* The kernel runs in ring 3, too: the hardware's user bit says nothing, the mode does. */
void trap_frame_page_fault(struct vcpu *v, uint64_t address, uint32_t error_code)
{
    v->pv.cr2 = address;
    v->info->arch.cr2 = address;
    error_code &= ~PF_USER;
    if (!v->pv.kernel_mode)
        error_code |= PF_USER;
    enter_trap(v, VECTOR_PF, true, error_code);
}

/* Rings 0 to 2 of a kernel's gates are for its own mode (which counts as 1), ring 3 for both. */
void trap_frame_software_interrupt(struct vcpu *v, unsigned int vector)
{
    const struct pv_trap *trap = &v->pv.trap[vector];

    if (trap->address != 0 && (trap->flags & TRAP_DPL) >= (v->pv.kernel_mode ? 1 : 3)) {
        enter_trap(v, vector, false, 0);
        return;
    }
    guest_regs()->rip -= LENGTH_INT;
    enter_trap(v, VECTOR_GP, true, vector << 3 | 2); /* IDT bit: SDM 3A 6.13 */
}

void trap_frame_event(struct vcpu *v)
{
    enter_without_error(v, v->pv.callback[CALLBACKTYPE_event].address, true);
}

void trap_frame_failsafe(struct vcpu *v)
{
    struct frame_request request = {
        .rip = v->pv.callback[CALLBACKTYPE_failsafe].address,
        .masks = v->pv.callback[CALLBACKTYPE_failsafe].masks,
        .extra_count = 4,
        .extra = {v->pv.ds, v->pv.es, v->pv.fs, v->pv.gs},
    };

    enter_kernel(v, &request);
}

void trap_frame_syscall(struct vcpu *v, bool compat)
{
    const struct pv_callback *callback = &v->pv.callback[compat ? CALLBACKTYPE_syscall32 : CALLBACKTYPE_syscall];

    if (unlikely(callback->address == 0)) {
        guest_regs()->rip -= LENGTH_SYSCALL;
        enter_trap(v, VECTOR_UD, false, 0);
        return;
    }
    enter_without_error(v, callback->address, callback->masks);
    guest_regs()->rflags &= ~RFLAGS_DF; /* the ABI's fixed SYSCALL mask */
}

void trap_frame_sysenter(struct vcpu *v)
{
    const struct pv_callback *callback = &v->pv.callback[CALLBACKTYPE_sysenter];

    if (callback->address == 0)
        enter_trap(v, VECTOR_GP, true, 0);
    else
        enter_without_error(v, callback->address, callback->masks);
}

bool trap_frame_nmi(struct vcpu *v)
{
    if (v->pv.trap[VECTOR_NMI].address == 0)
        return false;
    v->pv.in_nmi = true; /* until its iret */
    enter_trap(v, VECTOR_NMI, false, 0);
    return true;
}
