/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps from the boot loader to dom0. */
#ifndef HAVEN_BOOT_START_H
#define HAVEN_BOOT_START_H

#include "lib/compiler.h"
#include "lib/types.h"

/* Called by head.S on the boot stack: the loader's magic and the physical address of its information. */
__noreturn_ void start(uint32_t magic, uint64_t info);

#endif
