/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel comes in one of a handful of formats, told apart by their first bytes. The result goes to one contiguous
 * piece of memory whose size is known before (the bzImage's last word) or is guessed and made larger until it fits.
 * Everything that reads untrusted bytes here runs inside the libraries, with both buffers' ends given.
 */
#include "boot/unpack.h"
#include "boot/unpack_xz.h"
#include "lib/bits.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/buddy.h"
#include "mm/frame.h"
#include "mm/layout.h"
#define ZLIB_CONST
#include <lz4.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#define UNPACKED_MAX  GIB(1) /* a kernel larger than this is a mistake */
#define LZ4_CHUNK_MAX MIB(8) /* of the legacy frame format */

/* The frames of a block that are beyond 'pages' go back in pieces, each as large as its alignment allows. */
static void free_frames(uint64_t mfn, uint64_t pages)
{
    while (pages) {
        unsigned int order = mfn ? MIN(bits_lowest(mfn), bits_highest(pages)) : bits_highest(pages);
        order = MIN(order, (unsigned int)BUDDY_MAX_ORDER);
        buddy_free(frame_of(MFN(mfn)), order, false);
        mfn += 1ULL << order;
        pages -= 1ULL << order;
    }
}

void *boot_pages_alloc(uint64_t size)
{
    uint64_t pages = (size + PAGE_SIZE - 1) >> PAGE_SHIFT;
    unsigned int order = bits_order(pages);

    if (pages == 0 || order > BUDDY_MAX_ORDER)
        return NULL;
    struct frame *f = buddy_alloc(order, 0);
    if (!f)
        return NULL;
    free_frames(frame_mfn(f).n + pages, (1ULL << order) - pages);
    return direct_map_mfn(frame_mfn(f));
}

void boot_pages_free(void *p, uint64_t size)
{
    free_frames(direct_map_to_mfn(p).n, (size + PAGE_SIZE - 1) >> PAGE_SHIFT);
}

static long decode_gzip(const uint8_t *in, size_t size, uint8_t *out, size_t room)
{
    z_stream z = {.next_in = in, .avail_in = (uInt)size, .next_out = out, .avail_out = (uInt)room};

    if (size != z.avail_in || room != z.avail_out)
        return DECODE_CORRUPT;
    if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK) /* 16: with gzip header and checksum */
        return DECODE_NO_MEMORY;
    int r = inflate(&z, Z_FINISH);
    long length = (long)z.total_out;
    bool full = z.avail_out == 0;
    inflateEnd(&z);
    if (r == Z_STREAM_END)
        return length;
    if (r == Z_MEM_ERROR)
        return DECODE_NO_MEMORY;
    return full && r != Z_DATA_ERROR ? DECODE_TOO_SMALL : DECODE_CORRUPT;
}

/* Legacy frame: after the magic, pieces of {size of the packed bytes, packed bytes}, each unpacking to at most 8 MiB.
 */
static long decode_lz4(const uint8_t *in, size_t size, uint8_t *out, size_t room)
{
    size_t at = 4, made = 0;

    while (size - at >= 4) {
        uint32_t packed;
        memcpy(&packed, in + at, sizeof(packed));
        if (size - at == 4 && packed == made)
            break; /* the bzImage's size word */
        at += 4;
        if (packed == 0x184c2102) /* another frame begins */
            continue;
        if (packed > size - at)
            return DECODE_CORRUPT;
        int piece = (int)MIN(room - made, LZ4_CHUNK_MAX);
        int length = LZ4_decompress_safe((const char *)in + at, (char *)out + made, (int)packed, piece);
        if (length < 0)
            return (uint64_t)piece < LZ4_CHUNK_MAX ? DECODE_TOO_SMALL : DECODE_CORRUPT;
        made += (size_t)length;
        at += packed;
    }
    return (long)made;
}

static long decode_zstd(const uint8_t *in, size_t size, uint8_t *out, size_t room)
{
    size_t frame = ZSTD_findFrameCompressedSize(in, size);

    if (ZSTD_isError(frame))
        return DECODE_CORRUPT;
    ZSTD_DCtx *context = ZSTD_createDCtx();
    if (!context)
        return DECODE_NO_MEMORY;
    size_t length = ZSTD_decompressDCtx(context, out, room, in, frame);
    ZSTD_freeDCtx(context);
    if (!ZSTD_isError(length))
        return (long)length;
    switch (ZSTD_getErrorCode(length)) {
    case ZSTD_error_dstSize_tooSmall:
        return DECODE_TOO_SMALL;
    case ZSTD_error_memory_allocation:
        return DECODE_NO_MEMORY;
    default:
        return DECODE_CORRUPT;
    }
}

static const struct format {
    const char *name;
    uint8_t magic[9];
    uint8_t magic_size;
    long (*decode)(const uint8_t *in, size_t size, uint8_t *out, size_t room);
    const char *corrupt; /* said when it is; without a decoder: why there is none */
} formats[] = {
    {"xz", {0xfd, '7', 'z', 'X', 'Z', 0}, 6, unpack_xz, "xz data are truncated or corrupt"},
    {"gzip", {0x1f, 0x8b}, 2, decode_gzip, "gzip data are truncated or corrupt"},
    {"lz4", {0x02, 0x21, 0x4c, 0x18}, 4, decode_lz4, "lz4 data are truncated or corrupt"},
    {"zstd", {0x28, 0xb5, 0x2f, 0xfd}, 4, decode_zstd, "zstd data are truncated or corrupt"},
    {"bzip2", {'B', 'Z', 'h'}, 3, NULL, "packed with bzip2, which is not supported (xz, gzip, lz4 and zstd are)"},
    {"lzma", {0x5d, 0, 0}, 3, NULL, "packed with lzma, which is not supported (xz, gzip, lz4 and zstd are)"},
    {"lzo",
     {0x89, 'L', 'Z', 'O', 0, '\r', '\n', 0x1a, '\n'},
     9,
     NULL,
     "packed with lzo, which is not supported (xz, gzip, lz4 and zstd are)"},
};

static const struct format *format_of(const void *in, size_t size)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(formats); i++)
        if (size > formats[i].magic_size && memcmp(in, formats[i].magic, formats[i].magic_size) == 0)
            return &formats[i];
    return NULL;
}

const char *unpack_format(const void *in, size_t size)
{
    const struct format *f = format_of(in, size);

    return f ? f->name : NULL;
}

static const char *decode_failed(const struct format *f, long result)
{
    switch (result) {
    case DECODE_TOO_SMALL:
        return "unpacks to more than its header says: truncated or corrupt";
    case DECODE_NO_MEMORY:
        return "not enough memory to unpack it";
    default:
        return f->corrupt;
    }
}

static const char *unpack_once(const struct format *f, const void *in, size_t size, uint64_t room, struct unpacked *out,
                               long *length)
{
    *length = 0;
    out->data = boot_pages_alloc(room);
    if (!out->data) {
        log_error("%lu MiB in one piece are needed to unpack the kernel, %lu MiB are free", room >> 20,
                  buddy_free_frames() >> 8);
        return "not enough memory to unpack it";
    }
    out->reserved = room;
    *length = f->decode(in, size, out->data, room);
    if (*length < 0) {
        unpack_free(out);
        return decode_failed(f, *length);
    }
    out->size = (uint64_t)*length;
    return NULL;
}

const char *unpack(const void *in, size_t size, uint64_t limit, struct unpacked *out)
{
    const struct format *f = format_of(in, size);
    const char *wrong;
    long length;

    *out = (struct unpacked){0};
    if (!f)
        return "not in a known format";
    if (!f->decode)
        return f->corrupt;
    if (limit > UNPACKED_MAX)
        return f->corrupt;
    if (limit)
        return unpack_once(f, in, size, limit, out, &length);
    for (uint64_t room = ALIGN_UP((uint64_t)size * 4, MIB(1)); room <= UNPACKED_MAX; room *= 2) {
        wrong = unpack_once(f, in, size, room, out, &length);
        if (!wrong || length != DECODE_TOO_SMALL)
            return wrong;
    }
    return f->corrupt;
}

void unpack_free(struct unpacked *u)
{
    if (u->reserved)
        boot_pages_free(u->data, u->reserved);
    *u = (struct unpacked){0};
}
