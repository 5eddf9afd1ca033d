/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fields of the setup header are described in Linux's Documentation/arch/x86/boot.rst. The image is a real-mode
 * part of (setup_sects + 1) sectors and a protected-mode part; payload_offset counts from the latter's start.
 */
#include "boot/bzimage.h"
#include "lib/string.h"

#define SECTOR               512
#define SETUP_SECTS          0x1f1
#define SETUP_SECTS_OLD      4 /* what 0 means */
#define BOOT_FLAG            0x1fe
#define SIGNATURE            0x202
#define VERSION              0x206
#define PAYLOAD_OFFSET       0x248
#define PAYLOAD_LENGTH       0x24c
#define HEADER_END           0x250
#define VERSION_WITH_PAYLOAD 0x0208

static uint16_t read16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t read32(const uint8_t *p)
{
    return read16(p) | (uint32_t)read16(p + 2) << 16;
}

bool bzimage_recognise(const void *image, size_t size)
{
    const uint8_t *p = image;

    return size >= HEADER_END && read16(p + BOOT_FLAG) == 0xaa55 && memcmp(p + SIGNATURE, "HdrS", 4) == 0;
}

const char *bzimage_find_payload(const void *image, size_t size, struct bzimage *out)
{
    const uint8_t *p = image;

    if (!bzimage_recognise(image, size))
        return "not a bzImage";
    if (read16(p + VERSION) < VERSION_WITH_PAYLOAD)
        return "bzImage is too old: it does not say where its payload is";

    uint64_t setup_sectors = p[SETUP_SECTS] ? p[SETUP_SECTS] : SETUP_SECTS_OLD;
    uint64_t start = (setup_sectors + 1) * SECTOR + read32(p + PAYLOAD_OFFSET);
    uint64_t length = read32(p + PAYLOAD_LENGTH);
    if (length < 8)
        return "bzImage has no payload";
    if (start >= size || length > size - start)
        return "bzImage is truncated: its payload goes beyond the end of the file";

    out->payload = p + start;
    out->payload_size = length;
    return NULL;
}
