/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes JSON to a stream as it comes: commas, indentation and escapes are this module's affair, what is opened must be
 * closed in turn. Nothing is kept, so output of any length needs no memory; errors of the stream stay in the stream
 * (ferror).
 *
 * Text is UTF-8. A byte that belongs to no valid sequence becomes U+FFFD, so that the output is valid whatever a guest
 * wrote into the store or on its console.
 */
#ifndef HAVEN_LIBHV_JSON_H
#define HAVEN_LIBHV_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
    FILE *out;
    unsigned depth;
    bool lines;     /* each top-level value on one line (JSON lines) */
    bool has_value; /* the innermost container has a member already */
};

/* Start of a document on out; in lines mode any number of top-level values may follow. */
void json_init(struct json *j, FILE *out, bool lines);

/* In objects each value has a key; in arrays and on top level key is NULL. */
void json_object_begin(struct json *j, const char *key);
void json_object_end(struct json *j);
void json_array_begin(struct json *j, const char *key);
void json_array_end(struct json *j);

void json_text(struct json *j, const char *key, const char *text); /* NULL is written as null */
void json_bytes(struct json *j, const char *key, const char *bytes, size_t n);
void json_unsigned(struct json *j, const char *key, uint64_t value);
void json_signed(struct json *j, const char *key, int64_t value);
void json_seconds(struct json *j, const char *key, uint64_t nanoseconds); /* as a number with nine decimals */
void json_boolean(struct json *j, const char *key, bool value);

#endif
