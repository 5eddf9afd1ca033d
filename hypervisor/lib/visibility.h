/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Included ahead of every source file of the hypervisor (hypervisor/local.mk). The option -fvisibility=hidden speaks of
 * definitions only; this makes declarations hidden too, so that addresses of functions elsewhere are formed relative to
 * RIP and not read from a table that nothing would fill.
 */
#pragma GCC visibility push(hidden)
