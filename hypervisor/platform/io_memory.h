/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames of devices that the hypervisor itself drives: guests may map them to look, never to write. */
#ifndef HAVEN_PLATFORM_IO_MEMORY_H
#define HAVEN_PLATFORM_IO_MEMORY_H

#include "lib/types.h"

/* While booting: the frame holds the IO-APIC or the like. */
void io_frame_protect(uint64_t mfn);
bool io_frame_read_only(uint64_t mfn);

#endif
