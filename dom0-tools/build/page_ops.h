/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole pages, with few instructions: the C library's way for large copies is "rep movsb", which is quick on real
 * machines but a byte at a time in emulators. What is written to is page-aligned, what is read need not be. Pure.
 */
#ifndef HAVEN_BUILD_PAGE_OPS_H
#define HAVEN_BUILD_PAGE_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_BYTES 4096u

bool page_is_zero(const void *page);
void page_clear(void *page);
void page_copy(void *to, const void *from);

/* CRC-32C (Castagnoli), without the final inversion: continue from what it returned, begin with ~0. size is a multiple
 * of 8. Tells chance damage, not malice. */
uint32_t crc32c(uint32_t crc, const void *bytes, size_t size);

#endif
