/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Undoes the x86 filter of xz ("BCJ"). Pure. */
#ifndef HAVEN_BOOT_BCJ_X86_H
#define HAVEN_BOOT_BCJ_X86_H

#include "lib/types.h"

/* data: all of what was filtered, from position 0; changed in place. */
void bcj_x86_decode(uint8_t *data, size_t size);

#endif
