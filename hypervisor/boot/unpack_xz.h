/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HAVEN_BOOT_UNPACK_XZ_H
#define HAVEN_BOOT_UNPACK_XZ_H

#include "lib/types.h"

/* Results of a decoder besides a length. */
#define DECODE_CORRUPT   (-1L)
#define DECODE_TOO_SMALL (-2L) /* the result does not fit */
#define DECODE_NO_MEMORY (-3L)

/* Unpacks the xz stream at the start of 'in'; what follows it is not looked at. Its length, or DECODE_*. */
long unpack_xz(const uint8_t *in, size_t size, uint8_t *out, size_t room);

#endif
