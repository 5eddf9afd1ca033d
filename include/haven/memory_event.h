/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An event of Haven's own for the control domain: a domain changed its reservation (its balloon took or gave memory).
 * Which one is not said: the list of domains tells. Unlike other virtual interrupts it can be bound by any number of
 * ports at a time, since every tool that waits for a balloon binds its own. On Xen the number can be bound, too, but
 * nothing ever fires: whoever waits asks first which hypervisor it is.
 */
#ifndef HAVEN_MEMORY_EVENT_H
#define HAVEN_MEMORY_EVENT_H

#include <xen/xen.h>

#define VIRQ_MEMORY VIRQ_ARCH_7 /* Xen leaves VIRQ_ARCH_* to the architecture; on x86 it uses the first one */

#endif
