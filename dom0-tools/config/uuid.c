/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UUIDs as text: 32 hexadecimal digits in groups of 8-4-4-4-12 (the dashes may be missing when reading). */
#include "config/guest_config.h"
#include <stdio.h>
#include <string.h>

void guest_uuid_format(const uint8_t uuid[16], char text[GUEST_UUID_TEXT])
{
    char *at = text;

    for (int i = 0; i < 16; i++)
        at += sprintf(at, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", uuid[i]);
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *found = c ? strchr(digits, c) : NULL;

    return found ? (int)(found - digits) % 16 : -1;
}

int guest_uuid_parse(const char *text, uint8_t uuid[16])
{
    for (int i = 0; i < 16; i++) {
        if ((i == 4 || i == 6 || i == 8 || i == 10) && *text == '-')
            text++;
        int high = hex_digit(text[0]);
        int low = high < 0 ? -1 : hex_digit(text[1]);

        if (low < 0)
            return -1;
        uuid[i] = (uint8_t)(high * 16 + low);
        text += 2;
    }
    return *text ? -1 : 0;
}
