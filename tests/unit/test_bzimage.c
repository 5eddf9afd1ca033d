/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The payload of a bzImage is found, and never outside of the file. */
#include "boot/bzimage.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

#define SIZE 8192

static uint8_t image[SIZE];

static void put32(unsigned int at, uint32_t v)
{
    memcpy(image + at, &v, sizeof(v));
}

/* setup_sects sectors of setup behind the first one, then 'offset' bytes, then the payload. */
static void make(uint8_t setup_sects, uint32_t offset, uint32_t length)
{
    memset(image, 0, SIZE);
    image[0x1f1] = setup_sects;
    image[0x1fe] = 0x55;
    image[0x1ff] = 0xaa;
    memcpy(image + 0x202, "HdrS", 4);
    image[0x206] = 0x0f;
    image[0x207] = 0x02;
    put32(0x248, offset);
    put32(0x24c, length);
}

/* Looks at a copy of exactly that size, so that the sanitizer sees every byte too far. */
static const char *find(size_t size, struct bzimage *out)
{
    uint8_t *copy = malloc(size ? size : 1);

    memcpy(copy, image, size);
    const char *wrong = bzimage_find_payload(copy, size, out);
    if (!wrong)
        out->payload = image + (out->payload - copy);
    free(copy);
    return wrong;
}

static void test_found(void)
{
    struct bzimage b;

    make(3, 100, 1000);
    CU_ASSERT_PTR_NULL(find(SIZE, &b));
    CU_ASSERT_PTR_EQUAL(b.payload, image + 4 * 512 + 100);
    CU_ASSERT_EQUAL(b.payload_size, 1000);
    make(0, 0, 8); /* 0 means 4 */
    CU_ASSERT_PTR_NULL(find(SIZE, &b));
    CU_ASSERT_PTR_EQUAL(b.payload, image + 5 * 512);
    make(3, 0, SIZE - 2048); /* to the last byte */
    CU_ASSERT_PTR_NULL(find(SIZE, &b));
}

static void test_refused(void)
{
    struct bzimage b;

    make(3, 0, SIZE - 2048 + 1);
    CU_ASSERT_PTR_NOT_NULL(find(SIZE, &b));
    make(3, 0xffffffff, 0xffffffff);
    CU_ASSERT_PTR_NOT_NULL(find(SIZE, &b));
    make(255, 0, 8);
    CU_ASSERT_PTR_NOT_NULL(find(SIZE, &b));
    make(3, 0, 7);
    CU_ASSERT_PTR_NOT_NULL(find(SIZE, &b));
    make(3, 100, 1000);
    image[0x206] = 0x07; /* protocol 2.07 has no payload fields */
    CU_ASSERT_PTR_NOT_NULL(find(SIZE, &b));
    make(3, 100, 1000);
    image[0x202] = 'h';
    CU_ASSERT_FALSE(bzimage_recognise(image, SIZE));
    CU_ASSERT_PTR_NOT_NULL(find(SIZE, &b));
}

/* Cut anywhere: refused, unless all of the payload is there. */
static void test_truncated(void)
{
    struct bzimage b;

    make(3, 100, 1000);
    for (size_t size = 0; size < SIZE; size++) {
        const char *wrong = find(size, &b);
        CU_ASSERT_EQUAL(wrong == NULL, size >= 4 * 512 + 100 + 1000);
    }
}

int main(void)
{
    CU_TestInfo cases[] = {{"payload is found", test_found},
                           {"impossible headers are refused", test_refused},
                           {"a truncated image is refused", test_truncated},
                           CU_TEST_INFO_NULL};
    return unit_run("bzimage", cases);
}
