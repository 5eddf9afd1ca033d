/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The decompressors, by table; see unpack.h. Pure: this is what the fuzzer runs. */
#include "build/unpack.h"

#include <lz4.h>
#include <lzma.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#define DICTIONARY_MEMORY (192u << 20) /* Linux uses 32 MiB for xz and 128 MiB at most for zstd */
#define LZ4_BLOCK         (8u << 20)   /* what a legacy frame's block unpacks to, but the last */

static const char corrupt[] = "compressed kernel is corrupt or truncated";
static const char too_large[] = "compressed kernel unpacks to more than its header says, or than any kernel can have";

static const char *unpack_gzip(const uint8_t *in, size_t size, uint8_t *out, size_t room, size_t *unpacked)
{
    z_stream z = {.next_in = (uint8_t *)in, .avail_in = (uInt)size, .next_out = out, .avail_out = (uInt)room};

    if (inflateInit2(&z, MAX_WBITS + 16) != Z_OK)
        return "no memory to unpack the kernel";
    int r = inflate(&z, Z_FINISH);
    *unpacked = z.total_out;
    inflateEnd(&z);
    if (r == Z_STREAM_END)
        return NULL;
    return r == Z_BUF_ERROR && *unpacked == room ? too_large : corrupt;
}

static const char *unpack_xz(const uint8_t *in, size_t size, uint8_t *out, size_t room, size_t *unpacked)
{
    uint64_t memory = DICTIONARY_MEMORY;
    size_t at = 0;

    *unpacked = 0;
    switch (lzma_stream_buffer_decode(&memory, 0, NULL, in, &at, size, out, unpacked, room)) {
    case LZMA_OK:
        return NULL;
    case LZMA_BUF_ERROR:
        return too_large;
    case LZMA_MEM_ERROR:
    case LZMA_MEMLIMIT_ERROR:
        return "no memory to unpack the kernel";
    default:
        return corrupt;
    }
}

static uint32_t read32(const uint8_t *p)
{
    return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Magic, then blocks: size, data. A block of less than 8 MiB is the last one; what follows it is no size of one. */
static const char *unpack_lz4(const uint8_t *in, size_t size, uint8_t *out, size_t room, size_t *unpacked)
{
    const uint8_t *end = in + size;

    *unpacked = 0;
    for (in += 4; end - in > 4;) {
        uint32_t block = read32(in);
        in += 4;
        if (block == 0 || block > (size_t)(end - in))
            return *unpacked ? NULL : corrupt;
        size_t left = room - *unpacked;
        int n = LZ4_decompress_safe((const char *)in, (char *)out + *unpacked, (int)block,
                                    (int)(left < LZ4_BLOCK ? left : LZ4_BLOCK));
        if (n < 0)
            return left < LZ4_BLOCK ? too_large : corrupt;
        in += block;
        *unpacked += (size_t)n;
        if ((size_t)n < LZ4_BLOCK)
            break;
    }
    return *unpacked ? NULL : corrupt;
}

static const char *unpack_zstd(const uint8_t *in, size_t size, uint8_t *out, size_t room, size_t *unpacked)
{
    size_t frame = ZSTD_findFrameCompressedSize(in, size);

    if (ZSTD_isError(frame))
        return corrupt;
    size_t n = ZSTD_decompress(out, room, in, frame);
    if (!ZSTD_isError(n)) {
        *unpacked = n;
        return NULL;
    }
    return ZSTD_getErrorCode(n) == ZSTD_error_dstSize_tooSmall ? too_large : corrupt;
}

static const struct {
    const char *name;
    uint8_t magic[6], length;
    const char *(*unpack)(const uint8_t *in, size_t size, uint8_t *out, size_t room, size_t *unpacked);
} formats[] = {
    {"gzip", {0x1f, 0x8b}, 2, unpack_gzip},
    {"xz", {0xfd, '7', 'z', 'X', 'Z', 0}, 6, unpack_xz},
    {"lz4", {0x02, 0x21, 0x4c, 0x18}, 4, unpack_lz4},
    {"zstd", {0x28, 0xb5, 0x2f, 0xfd}, 4, unpack_zstd},
};

static int find_format(const void *packed, size_t size)
{
    for (unsigned i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        if (size > formats[i].length && memcmp(packed, formats[i].magic, formats[i].length) == 0)
            return (int)i;
    return -1;
}

const char *unpack_format(const void *packed, size_t size)
{
    int i = find_format(packed, size);

    return i < 0 ? NULL : formats[i].name;
}

const char *unpack_here(const void *packed, size_t size, void *out, size_t room, size_t *unpacked)
{
    int i = find_format(packed, size);

    *unpacked = 0;
    if (i < 0)
        return "kernel is compressed in a format that is not known";
    if (size > UNPACKED_MAX || room > UNPACKED_MAX)
        return too_large;
    return formats[i].unpack(packed, size, out, room, unpacked);
}
