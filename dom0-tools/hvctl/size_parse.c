/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See size_parse.h. */
#include "hvctl/size_parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

bool size_parse_kib(const char *text, uint64_t *kib)
{
    char *end;
    unsigned shift = 10;
    if (!isdigit((unsigned char)*text))
        return false;
    errno = 0;
    uint64_t n = strtoull(text, &end, 10);
    if (errno || (*end && end[1]))
        return false;
    switch (tolower((unsigned char)*end)) {
    case 'b':
        *kib = n / 1024 + !!(n % 1024);
        return true;
    case 'k':
        shift = 0;
        break;
    case 0:
    case 'm':
        break;
    case 'g':
        shift = 20;
        break;
    case 't':
        shift = 30;
        break;
    default:
        return false;
    }
    if (n > UINT64_MAX >> shift)
        return false;
    *kib = n << shift;
    return true;
}
