/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Debug registers of PV vCPUs. Breakpoints may lie in the guest's part of the address space only, and must not watch
 * I/O ports or the debug registers themselves (DR7.GD); bits that the architecture fixes are forced (SDM 3B 17.2). They
 * are in the CPU only while the vCPU runs and DR7 enables any. The CPU's DR6 only collects causes for the next #DB and
 * is kept clear otherwise; what the guest reads and writes is the vCPU's.
 */
#include "guest/pv/debug_regs.h"
#include "cpu/x86.h"
#include "lib/errno.h"
#include "mm/layout.h"

#define DR6_ZEROS      0x1000UL
#define DR7_ZEROS      0xd800UL
#define DR7_GD         0x2000UL
#define DR7_TYPE_SHIFT 16 /* two bits type, two bits length for each of four */
#define DR7_TYPE_IO    2

static void (*const write_address[4])(uint64_t) = {write_dr0, write_dr1, write_dr2, write_dr3};

void debug_regs_load(const struct vcpu *v)
{
    if (!(v->pv.dr[7] & DR7_ACTIVE))
        return;
    for (unsigned int i = 0; i < 4; i++)
        write_address[i](v->pv.dr[i]);
    write_dr7(v->pv.dr[7]);
}

void debug_regs_unload(const struct vcpu *v)
{
    if (v->pv.dr[7] & DR7_ACTIVE)
        write_dr7(DR7_DEFAULT);
}

static int set_control(struct vcpu *v, uint64_t value)
{
    uint64_t io_enables = 0;

    value = (value & ~DR7_ZEROS) | DR7_DEFAULT;
    if (value & DR7_GD)
        return -EPERM;
    for (unsigned int i = 0; i < 4; i++) {
        if ((value >> (DR7_TYPE_SHIFT + 4 * i) & 3) != DR7_TYPE_IO)
            continue;
        /* With CR4.DE these watch ports, which trap anyway and never reach the CPU: kept off. Without it undefined. */
        if ((value & DR7_ACTIVE) && !(v->pv.cr4_guest & CR4_DE))
            return -EPERM;
        io_enables |= 3UL << (2 * i);
    }
    if (v == current)
        debug_regs_unload(v);
    v->pv.dr[7] = value & ~io_enables;
    if (v == current)
        debug_regs_load(v);
    return 0;
}

/* 4 and 5 are the old names of 6 and 7, unless CR4.DE is set (SDM 3B 17.2.2). */
static int number_of(const struct vcpu *v, unsigned int reg)
{
    if (reg == 4 || reg == 5)
        return v->pv.cr4_guest & CR4_DE ? -ENODEV : (int)reg + 2;
    return reg > 7 ? -ENODEV : (int)reg;
}

int debug_regs_set(struct vcpu *v, unsigned int reg, uint64_t value)
{
    int n = number_of(v, reg);

    if (n < 0)
        return n;
    if (n < 4) {
        if (!guest_address_ok(value))
            return -EPERM;
        v->pv.dr[n] = value;
        if (v == current)
            debug_regs_load(v);
        return 0;
    }
    if (value >> 32)
        return -EINVAL;
    if (n == 7)
        return set_control(v, value);
    v->pv.dr[6] = (value | DR6_DEFAULT) & ~DR6_ZEROS;
    return 0;
}

int debug_regs_get(const struct vcpu *v, unsigned int reg, uint64_t *value)
{
    int n = number_of(v, reg);

    if (n < 0)
        return n;
    *value = v->pv.dr[n];
    return 0;
}

void debug_regs_record(struct vcpu *v)
{
    uint64_t dr6 = read_dr6();

    write_dr6(DR6_DEFAULT);
    v->pv.dr[6] =
        (v->pv.dr[6] & ~0xfUL) | ((dr6 | DR6_DEFAULT) & ~DR6_ZEROS); /* causes accumulate, conditions do not */
}
