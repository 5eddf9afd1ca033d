/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HAVEN_PLATFORM_DEBUG_KEYS_H
#define HAVEN_PLATFORM_DEBUG_KEYS_H

/* While booting: registers the keys that this folder offers (help, registers, reboot). */
void debug_keys_init(void);

#endif
