/* SPDX-License-Identifier: MIT
 *
 * The formatter behind printf and the report, for callers that hold a va_list.
 */
#ifndef GUEST_TEXT_H
#define GUEST_TEXT_H

#include <stdarg.h>
#include <stddef.h>

int format_text(char *buffer, size_t size, const char *format, va_list args);

#endif
