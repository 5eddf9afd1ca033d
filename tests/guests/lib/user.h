/* SPDX-License-Identifier: MIT
 *
 * Guest user mode: its own top-level table, reached by iret with a ring-3 selector and left by any trap.
 *
 * Code for user mode is written with USER_CODE("name", "instructions") in a guest's file; it lands in pages that are
 * mapped read-only at USER_TEXT, so it must be position-independent.  User data: USER_PAGES writable pages at
 * USER_DATA, whose home addresses user_page() gives.
 */
#ifndef GUEST_USER_H
#define GUEST_USER_H

#include <stdbool.h>
#include <stdint.h>

#include "traps.h"

#define USER_TEXT  0x40000000ul
#define USER_DATA  0x40100000ul
#define USER_PAGES 16u
#define USER_STACK (USER_DATA + USER_PAGES * 4096)

#define USER_CODE(name, instructions)                                                                                  \
    asm(".pushsection .user, \"ax\"\n.globl " name "\n" name ": " instructions "\n.popsection\n")

void user_init(void); /* builds and loads the user table for this vCPU; once */
extern uint64_t *user_l4;
uint64_t *user_entry(uint64_t va); /* L1 entry of a user address */
void *user_page(unsigned index);
uint64_t user_va(const char *code);

/* Enters user mode with the frame's registers (rip; rsp, cs, ss, rflags are given defaults when 0) and returns the
 * vector that left it; the frame then shows the state at the trap.  Events are served meanwhile. */
int user_run(struct trap_frame *frame);
/* user_run of a USER_CODE with all else default. */
int user_run_code(const char *code, struct trap_frame *frame);

/* For hostile tests: resume exactly this frame (error_code = flags of the iret hypercall) and come back at the first
 * trap of any kind, whichever mode it is reported from. */
int context_run(struct trap_frame *frame);

bool user_trap(struct trap_frame *frame); /* for trap_dispatch */

#endif
