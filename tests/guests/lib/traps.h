/* SPDX-License-Identifier: MIT
 *
 * Exceptions, software interrupts and callbacks of the guest kernel.
 *
 * A trap is offered in this order: events to events.c; traps from guest user mode to user.c; a handler that the test
 * has set for the vector; the fixup of a TRY; otherwise it ends the test with verdict "error" and the registers.
 */
#ifndef GUEST_TRAPS_H
#define GUEST_TRAPS_H

#include <stdbool.h>
#include <stdint.h>

#include <xen/xen.h>

/* As entry.S builds it; from rax up it is struct iret_context, error_code being its flags. */
struct trap_frame {
    uint64_t r15, r14, r13, r12, rbp, rbx, r10, r9, r8, rdx, rsi, rdi;
    uint64_t vector;
    uint64_t rax, r11, rcx;
    uint64_t error_code;
    uint64_t rip;
    uint32_t cs; /* RPL 0: from guest kernel, 3: from guest user */
    uint8_t upcall_mask, pad[3];
    uint64_t rflags, rsp, ss;
};
_Static_assert(sizeof(struct trap_frame) == 22 * 8, "entry.S builds the frame by pushes");

// clang-format off
enum trap_vector {
    TRAP_DE = 0, TRAP_DB = 1, TRAP_BP = 3, TRAP_OF = 4, TRAP_BR = 5, TRAP_UD = 6, TRAP_NM = 7, TRAP_TS = 10, TRAP_NP = 11,
    TRAP_SS = 12, TRAP_GP = 13, TRAP_PF = 14, TRAP_MF = 16, TRAP_AC = 17, TRAP_XM = 19,
    TRAP_EVENT = 256, TRAP_SYSCALL = 257, TRAP_FAILSAFE = 258, TRAP_LIMIT = 259, TRAP_NONE = -1,
};
enum pf_error { PF_PRESENT = 1, PF_WRITE = 2, PF_USER = 4, PF_RESERVED = 8, PF_FETCH = 16 };
// clang-format on

/* What the latest TRY met.  Filled for the vCPU that ran it; tests use TRY on one vCPU at a time. */
struct trap_seen {
    int vector; /* TRAP_NONE: the instruction completed */
    uint32_t error;
    uint64_t cr2;
    uint64_t offset; /* of the reported RIP from the start of the instruction */
    struct trap_frame frame;
};
extern volatile struct trap_seen trap_seen;

/* TRY("instructions", : outputs : inputs : clobbers) runs them; on a trap goes on behind them.  Value: the vector. */
#define TRY(instructions, ...)                                                                                         \
    ({                                                                                                                 \
        trap_seen.vector = TRAP_NONE;                                                                                  \
        asm volatile("77: " instructions "\n78:\n"                                                                     \
                     ".pushsection .fixups, \"a\"\n .quad 77b, 78b\n .popsection" __VA_ARGS__);                        \
        trap_seen.vector;                                                                                              \
    })

/* A test's own handler for a vector or callback: true = dealt with, resume the frame (which it may have changed). */
typedef bool (*trap_handler)(struct trap_frame *frame);
void trap_set_handler(int vector, trap_handler handler);

void traps_init(void);
/* The table that traps_init registers: 256 vectors and the terminator.  dpl3 vectors: 3, 4, 0x40 to 0x4f, 0x80 to 0xff.
 */
extern struct trap_info trap_table[257];
void trap_dispatch(struct trap_frame *frame);
void trap_return(struct trap_frame *frame) __attribute__((noreturn));

/* Selectors that the hypervisor gave to the latest failsafe callback: ds es fs gs. */
extern uint64_t failsafe_selectors[4];
extern char event_entry[], syscall_entry[], failsafe_entry[], trap_stubs[];

/* Simple probes, built on TRY. */
int try_read64(const void *address, uint64_t *value);
int try_write64(void *address, uint64_t value);
int try_write8(void *address, uint8_t value);

/* "ok NAME" when the latest TRY met this vector (and error code). */
bool check_trap(const char *name, int vector);
bool check_trap_error(const char *name, int vector, uint32_t error);

#endif
