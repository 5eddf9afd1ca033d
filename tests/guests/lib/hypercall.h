/* SPDX-License-Identifier: MIT
 *
 * Hypercalls of a 64-bit PV guest: number in RAX, arguments in RDI RSI RDX R10 R8, then SYSCALL, which destroys RCX and
 * R11.  The raw form takes any number and any argument, as hostile guests need; below it a few typed short forms.
 */
#ifndef GUEST_HYPERCALL_H
#define GUEST_HYPERCALL_H

#include <stdint.h>
#include <xen/errno.h>
#include <xen/xen.h>

#include <xen/callback.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>

static inline long hypercall_raw(uint64_t nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
    register uint64_t r10 asm("r10") = d;
    register uint64_t r8 asm("r8") = e;
    long ret = (long)nr;

    asm volatile("syscall" : "+a"(ret), "+D"(a), "+S"(b), "+d"(c), "+r"(r10), "+r"(r8) : : "rcx", "r11", "memory");
    return ret;
}

// clang-format off
#define HYPERCALL_ARG(x) ((uint64_t)(x))
#define hypercall0(nr)                hypercall_raw(nr, 0, 0, 0, 0, 0)
#define hypercall1(nr, a)             hypercall_raw(nr, HYPERCALL_ARG(a), 0, 0, 0, 0)
#define hypercall2(nr, a, b)          hypercall_raw(nr, HYPERCALL_ARG(a), HYPERCALL_ARG(b), 0, 0, 0)
#define hypercall3(nr, a, b, c)       hypercall_raw(nr, HYPERCALL_ARG(a), HYPERCALL_ARG(b), HYPERCALL_ARG(c), 0, 0)
#define hypercall4(nr, a, b, c, d)    hypercall_raw(nr, HYPERCALL_ARG(a), HYPERCALL_ARG(b), HYPERCALL_ARG(c), HYPERCALL_ARG(d), 0)

#define hv_set_trap_table(table)               hypercall1(__HYPERVISOR_set_trap_table, table)
#define hv_mmu_update(req, n, done, dom)       hypercall4(__HYPERVISOR_mmu_update, req, n, done, dom)
#define hv_set_gdt(frames, entries)            hypercall2(__HYPERVISOR_set_gdt, frames, entries)
#define hv_stack_switch(ss, sp)                hypercall2(__HYPERVISOR_stack_switch, ss, sp)
#define hv_set_debugreg(reg, value)            hypercall2(__HYPERVISOR_set_debugreg, reg, value)
#define hv_get_debugreg(reg)                   hypercall1(__HYPERVISOR_get_debugreg, reg)
#define hv_update_descriptor(ma, desc)         hypercall2(__HYPERVISOR_update_descriptor, ma, desc)
#define hv_memory_op(cmd, arg)                 hypercall2(__HYPERVISOR_memory_op, cmd, arg)
#define hv_multicall(list, n)                  hypercall2(__HYPERVISOR_multicall, list, n)
#define hv_update_va_mapping(va, pte, flags)   hypercall3(__HYPERVISOR_update_va_mapping, va, pte, flags)
#define hv_set_timer_op(when)                  hypercall1(__HYPERVISOR_set_timer_op, when)
#define hv_xen_version(cmd, arg)               hypercall2(__HYPERVISOR_xen_version, cmd, arg)
#define hv_console_io(cmd, n, text)            hypercall3(__HYPERVISOR_console_io, cmd, n, text)
#define hv_physdev_op(cmd, arg)                hypercall2(__HYPERVISOR_physdev_op, cmd, arg)
#define hv_grant_table_op(cmd, list, n)        hypercall3(__HYPERVISOR_grant_table_op, cmd, list, n)
#define hv_vm_assist(cmd, type)                hypercall2(__HYPERVISOR_vm_assist, cmd, type)
#define hv_vcpu_op(cmd, vcpu, arg)             hypercall3(__HYPERVISOR_vcpu_op, cmd, vcpu, arg)
#define hv_set_segment_base(which, base)       hypercall2(__HYPERVISOR_set_segment_base, which, base)
#define hv_mmuext_op(list, n, done, dom)       hypercall4(__HYPERVISOR_mmuext_op, list, n, done, dom)
#define hv_sched_op(cmd, arg)                  hypercall2(__HYPERVISOR_sched_op, cmd, arg)
#define hv_callback_op(cmd, arg)               hypercall2(__HYPERVISOR_callback_op, cmd, arg)
#define hv_event_channel_op(cmd, arg)          hypercall2(__HYPERVISOR_event_channel_op, cmd, arg)
// clang-format on

#endif
