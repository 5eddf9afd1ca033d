/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The protocol's framing (xen/io/xs_wire.h): headers, strings in payloads, names of types and errors. Pure: everything
 * here looks at bytes that were copied out of reach of their sender.
 */
#ifndef HAVEN_XENSTORE_WIRE_H
#define HAVEN_XENSTORE_WIRE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xen/io/xs_wire.h>

#define WIRE_HEADER      sizeof(struct xsd_sockmsg)
#define WIRE_MESSAGE_MAX (WIRE_HEADER + XENSTORE_PAYLOAD_MAX)
_Static_assert(sizeof(struct xsd_sockmsg) == 16, "layout of the protocol");

/* Length of the message that begins here, header included; 0 when even the header is not complete yet; -1 when it is
 * longer than allowed. */
static inline int wire_message_length(const char *bytes, size_t available)
{
    uint32_t length;

    if (available < WIRE_HEADER)
        return 0;
    __builtin_memcpy(&length, bytes + offsetof(struct xsd_sockmsg, len), sizeof(length));
    return length > XENSTORE_PAYLOAD_MAX ? -1 : (int)(WIRE_HEADER + length);
}

/* The payload as strings, each with its end: returns how many zeros there are; notes the first max of them. */
struct wire_string {
    const char *text;
    size_t length;
};
size_t wire_strings(const char *payload, size_t length, struct wire_string *strings, size_t max);
/* The payload is one string and nothing else. */
bool wire_one_string(const char *payload, size_t length, struct wire_string *string);

/* A decimal number, as the field's tools write them: trailing characters and overflow make false. */
bool wire_number(const struct wire_string *string, unsigned long *value);
size_t wire_format_number(char out[24], uint64_t value);

const char *wire_type_name(uint32_t type);
const char *wire_error_name(int error);

#endif
