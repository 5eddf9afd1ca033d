/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Linux's bzImage: finds the compressed kernel in it. Pure. */
#ifndef HAVEN_BOOT_BZIMAGE_H
#define HAVEN_BOOT_BZIMAGE_H

#include "lib/types.h"

struct bzimage {
    const uint8_t *payload; /* compressed kernel; its format tells itself (unpack.h) */
    size_t payload_size;    /* the last 4 bytes are the unpacked size */
};

/* Has the image the boot protocol's signature? */
bool bzimage_recognise(const void *image, size_t size);

/* NULL, or what is wrong with the image. */
const char *bzimage_find_payload(const void *image, size_t size, struct bzimage *out);

#endif
