/* SPDX-License-Identifier: MIT
 *
 * See traps.h.  All vectors get a stub, so that nothing goes unseen; the hypervisor masks events on each entry
 * (flag 4), and trap_return's iret opens them again by the saved RFLAGS.IF.
 */
#include "traps.h"
#include "events.h"
#include "guest.h"
#include "user.h"

volatile struct trap_seen trap_seen;
uint64_t failsafe_selectors[4];
struct trap_info trap_table[257];
static trap_handler handlers[TRAP_LIMIT];

struct fixup {
    uint64_t start, end;
};
extern const struct fixup _fixups_start[], _fixups_end[];

void trap_set_handler(int vector, trap_handler handler)
{
    handlers[vector] = handler;
}

/* Traps report the RIP behind the instruction, faults the RIP of it. */
static bool reports_next_rip(uint64_t vector)
{
    return vector == TRAP_DB || vector == TRAP_BP || vector == TRAP_OF || vector >= 32;
}

static bool resume_after_try(struct trap_frame *frame)
{
    for (const struct fixup *f = _fixups_start; f < _fixups_end; f++) {
        if (frame->rip < f->start || frame->rip > f->end)
            continue;
        if (frame->rip == f->end && !reports_next_rip(frame->vector))
            continue;
        trap_seen.vector = (int)frame->vector;
        trap_seen.error = (uint32_t)frame->error_code;
        trap_seen.cr2 = shared_info->vcpu_info[0].arch.cr2;
        trap_seen.offset = frame->rip - f->start;
        memcpy((void *)(uintptr_t)&trap_seen.frame, frame, sizeof *frame);
        frame->rip = f->end;
        frame->rflags &= ~0x100ul; /* a TRY may have set the trap flag */
        return true;
    }
    return false;
}

static void __attribute__((noreturn)) die(const struct trap_frame *f)
{
    printf("# rax %016lx rbx %016lx rcx %016lx rdx %016lx\n", f->rax, f->rbx, f->rcx, f->rdx);
    printf("# rsi %016lx rdi %016lx rbp %016lx rsp %016lx\n", f->rsi, f->rdi, f->rbp, f->rsp);
    printf("# r8  %016lx r9  %016lx r10 %016lx r11 %016lx\n", f->r8, f->r9, f->r10, f->r11);
    printf("# r12 %016lx r13 %016lx r14 %016lx r15 %016lx\n", f->r12, f->r13, f->r14, f->r15);
    report_error("unexpected trap %lu error 0x%lx at %04x:%016lx flags 0x%lx cr2 0x%lx", f->vector, f->error_code,
                 f->cs, f->rip, f->rflags, shared_info->vcpu_info[0].arch.cr2);
}

void trap_dispatch(struct trap_frame *frame)
{
    trap_handler handler = handlers[frame->vector];

    if (handler && handler(frame))
        return;
    if (frame->vector == TRAP_EVENT) {
        events_upcall();
        return;
    }
    if (user_trap(frame))
        return;
    if ((frame->cs & 3) == 0 && resume_after_try(frame))
        return;
    die(frame);
}

static void register_callback(uint16_t type, char *entry)
{
    struct callback_register reg = {.type = type, .flags = CALLBACKF_mask_events, .address = (uint64_t)entry};
    long ret = hv_callback_op(CALLBACKOP_register, &reg);

    if (ret)
        report_error("callback_op register %u: %ld", type, ret);
}

void traps_init(void)
{
    long ret;

    for (unsigned v = 0; v < 256; v++) {
        bool dpl3 = v == TRAP_BP || v == TRAP_OF || v >= 0x80 || (v >= 0x40 && v < 0x50);

        trap_table[v] = (struct trap_info){
            .vector = (uint8_t)v,
            .flags = 4 | (dpl3 ? 3 : 0),
            .cs = FLAT_KERNEL_CS,
            .address = (uint64_t)trap_stubs + 32 * v,
        };
    }
    ret = hv_set_trap_table(trap_table);
    if (ret)
        report_error("set_trap_table: %ld", ret);
    register_callback(CALLBACKTYPE_event, event_entry);
    register_callback(CALLBACKTYPE_failsafe, failsafe_entry);
    register_callback(CALLBACKTYPE_syscall, syscall_entry);
}

int try_read64(const void *address, uint64_t *value)
{
    uint64_t v = 0;
    int vector = TRY("movq (%1), %0", : "+r"(v) : "r"(address) : "memory");

    if (value)
        *value = v;
    return vector;
}

int try_write64(void *address, uint64_t value)
{
    return TRY("movq %1, (%0)", : : "r"(address), "r"(value) : "memory");
}

int try_write8(void *address, uint8_t value)
{
    return TRY("movb %1, (%0)", : : "r"(address), "q"(value) : "memory");
}

bool check_trap(const char *name, int vector)
{
    if (trap_seen.vector == vector) {
        case_ok(name);
        return true;
    }
    case_failed(name, "vector %d (error 0x%x cr2 0x%lx), want %d", trap_seen.vector, trap_seen.error, trap_seen.cr2,
                vector);
    return false;
}

bool check_trap_error(const char *name, int vector, uint32_t error)
{
    if (trap_seen.vector == vector && trap_seen.error == error) {
        case_ok(name);
        return true;
    }
    case_failed(name, "vector %d error 0x%x (cr2 0x%lx), want %d with 0x%x", trap_seen.vector, trap_seen.error,
                trap_seen.cr2, vector, error);
    return false;
}
