/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See wire.h. */
#include "xenstore/wire.h"

#include <string.h>

size_t wire_strings(const char *payload, size_t length, struct wire_string *strings, size_t max)
{
    const char *end = payload + length, *zero;
    size_t count = 0;

    while (payload < end && (zero = memchr(payload, 0, end - payload))) {
        if (count < max)
            strings[count] = (struct wire_string){payload, zero - payload};
        count++;
        payload = zero + 1;
    }
    return count;
}

bool wire_one_string(const char *payload, size_t length, struct wire_string *string)
{
    if (!length || memchr(payload, 0, length) != payload + length - 1)
        return false;
    *string = (struct wire_string){payload, length - 1};
    return true;
}

bool wire_number(const struct wire_string *string, unsigned long *value)
{
    unsigned long n = 0;

    if (!string->length || string->length > 18)
        return false;
    for (size_t i = 0; i < string->length; i++) {
        if (string->text[i] < '0' || string->text[i] > '9')
            return false;
        n = n * 10 + (string->text[i] - '0');
    }
    *value = n;
    return true;
}

size_t wire_format_number(char out[24], uint64_t value)
{
    char digits[24];
    size_t n = 0, length;

    do {
        digits[n++] = '0' + value % 10;
    } while (value /= 10);
    length = n;
    while (n)
        *out++ = digits[--n];
    *out = 0;
    return length;
}

const char *wire_type_name(uint32_t type)
{
    static const char *const names[XS_TYPE_COUNT] = {
        [XS_CONTROL] = "CONTROL",
        [XS_DIRECTORY] = "DIRECTORY",
        [XS_READ] = "READ",
        [XS_GET_PERMS] = "GET_PERMS",
        [XS_WATCH] = "WATCH",
        [XS_UNWATCH] = "UNWATCH",
        [XS_TRANSACTION_START] = "TRANSACTION_START",
        [XS_TRANSACTION_END] = "TRANSACTION_END",
        [XS_INTRODUCE] = "INTRODUCE",
        [XS_RELEASE] = "RELEASE",
        [XS_GET_DOMAIN_PATH] = "GET_DOMAIN_PATH",
        [XS_WRITE] = "WRITE",
        [XS_MKDIR] = "MKDIR",
        [XS_RM] = "RM",
        [XS_SET_PERMS] = "SET_PERMS",
        [XS_WATCH_EVENT] = "WATCH_EVENT",
        [XS_ERROR] = "ERROR",
        [XS_IS_DOMAIN_INTRODUCED] = "IS_DOMAIN_INTRODUCED",
        [XS_RESUME] = "RESUME",
        [XS_SET_TARGET] = "SET_TARGET",
        [XS_RESET_WATCHES] = "RESET_WATCHES",
        [XS_DIRECTORY_PART] = "DIRECTORY_PART",
    };
    return type < XS_TYPE_COUNT && names[type] ? names[type] : "**UNKNOWN**";
}

const char *wire_error_name(int error)
{
    for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++)
        if (xsd_errors[i].errnum == error)
            return xsd_errors[i].errstring;
    return "EINVAL";
}
