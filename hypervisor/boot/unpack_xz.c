/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xz. A kernel is one block, filtered for x86 and packed with LZMA2, with a CRC32. For this shape the block is taken
 * apart here, so that liblzma does what it does well and the filter is undone by the faster bcj_x86.c; any other shape
 * goes to liblzma as a whole. The stream's index, which only repeats lengths, is not read then: the check over the
 * contents is.
 */
#include "boot/unpack_xz.h"
#include "boot/bcj_x86.h"
#include "lib/string.h"
#include <lzma.h>

#define LZMA_MEMORY MIB(256) /* dictionary: Linux uses 32 MiB (xz -9e: 64) */

/* liblzma says LZMA_BUF_ERROR when the result does not fit, and LZMA_DATA_ERROR when there is not all of the input. */
static long failure(lzma_ret r)
{
    switch (r) {
    case LZMA_MEM_ERROR:
    case LZMA_MEMLIMIT_ERROR:
        return DECODE_NO_MEMORY;
    case LZMA_BUF_ERROR:
        return DECODE_TOO_SMALL;
    default:
        return DECODE_CORRUPT;
    }
}

static long whole_stream(const uint8_t *in, size_t size, uint8_t *out, size_t room)
{
    uint64_t memory = LZMA_MEMORY;
    size_t in_pos = 0, out_pos = 0;
    lzma_ret r = lzma_stream_buffer_decode(&memory, 0, NULL, in, &in_pos, size, out, &out_pos, room);

    return r == LZMA_OK ? (long)out_pos : failure(r);
}

/* Behind the packed data: padding to 4 bytes, then the check. Where it ends, 0 if it does not match. */
static size_t check_contents(const uint8_t *in, size_t size, size_t at, size_t block_start, const uint8_t *out,
                             size_t length)
{
    uint32_t check;

    for (; (at - block_start) % 4; at++)
        if (at >= size || in[at] != 0)
            return 0;
    if (size - at <= sizeof(check))
        return 0;
    memcpy(&check, in + at, sizeof(check));
    return lzma_crc32(out, length, 0) == check ? at + sizeof(check) : 0;
}

/* A block's data, packed with LZMA2 and filtered for x86. *end: what follows it. */
static long filtered_block(const lzma_filter *lzma2, const uint8_t *in, size_t size, size_t block_start, uint8_t *out,
                           size_t room, size_t *end)
{
    size_t in_pos = block_start, out_pos = 0;

    if (lzma_raw_decoder_memusage(lzma2) > LZMA_MEMORY)
        return DECODE_NO_MEMORY;
    lzma_ret r = lzma_raw_buffer_decode(lzma2, NULL, in, &in_pos, size, out, &out_pos, room);
    if (r != LZMA_OK)
        return failure(r);
    bcj_x86_decode(out, out_pos);
    *end = check_contents(in, size, in_pos, block_start, out, out_pos);
    return *end ? (long)out_pos : DECODE_CORRUPT;
}

/* Position of the first block's data if the stream is of the usual shape, else 0. Filters are to be freed then. */
static size_t usual_shape(const uint8_t *in, size_t size, lzma_filter *filters)
{
    lzma_stream_flags flags;
    lzma_block block = {.version = 0, .check = LZMA_CHECK_CRC32, .filters = filters};

    if (size < LZMA_STREAM_HEADER_SIZE + 1 || lzma_stream_header_decode(&flags, in) != LZMA_OK ||
        flags.check != LZMA_CHECK_CRC32)
        return 0;
    block.header_size = lzma_block_header_size_decode(in[LZMA_STREAM_HEADER_SIZE]);
    if (block.header_size > size - LZMA_STREAM_HEADER_SIZE ||
        lzma_block_header_decode(&block, NULL, in + LZMA_STREAM_HEADER_SIZE) != LZMA_OK)
        return 0;
    bool no_offset = !filters[0].options || ((const lzma_options_bcj *)filters[0].options)->start_offset == 0;
    if (filters[0].id == LZMA_FILTER_X86 && no_offset && filters[1].id == LZMA_FILTER_LZMA2)
        return LZMA_STREAM_HEADER_SIZE + block.header_size;
    lzma_filters_free(filters, NULL);
    return 0;
}

long unpack_xz(const uint8_t *in, size_t size, uint8_t *out, size_t room)
{
    lzma_filter filters[LZMA_FILTERS_MAX + 1];
    size_t block_start = usual_shape(in, size, filters), end = 0;

    if (!block_start)
        return whole_stream(in, size, out, room);
    long length = filtered_block(&filters[1], in, size, block_start, out, room, &end);
    lzma_filters_free(filters, NULL);
    if (end && in[end] != 0) /* another block follows, not the index */
        return whole_stream(in, size, out, room);
    return length;
}
