/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values as text: what is not printable ASCII becomes an escape, and back. Pure. */
#ifndef HAVEN_XENSTORE_CLI_VALUE_H
#define HAVEN_XENSTORE_CLI_VALUE_H

#include <stddef.h>

/* A string on the heap, or NULL. */
char *value_escape(const char *bytes, size_t length);

/* Bytes on the heap, *length of them, or NULL. An escape that is none stands for its own letter. */
char *value_unescape(const char *text, size_t *length);

#endif
