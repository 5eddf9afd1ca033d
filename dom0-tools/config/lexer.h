/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of xl.cfg's syntax, one after the other. Pure. */
#ifndef HAVEN_CONFIG_LEXER_H
#define HAVEN_CONFIG_LEXER_H

#include "config/diagnostics.h"
#include <stddef.h>

enum token_type {
    TOKEN_END, /* of the text */
    TOKEN_NEWLINE,
    TOKEN_SEMICOLON,
    TOKEN_NAME,
    TOKEN_STRING,
    TOKEN_NUMBER,
    TOKEN_ASSIGN,
    TOKEN_ADD, /* += */
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_COMMA,
    TOKEN_BAD, /* an error was reported */
};

struct token {
    enum token_type type;
    struct config_place place;
    char *text; /* of names, strings (without quotes and escapes) and numbers: allocated, the taker's */
};

struct lexer {
    const char *text;
    size_t size, at;
    size_t line_start;
    const char *source;
    unsigned int line;
    struct diagnostics *said;
};

/* Reads the next word; a TOKEN_BAD has skipped what is bad. */
struct token lexer_next(struct lexer *lexer);

/* For "expected ..., found X". */
const char *lexer_describe(enum token_type type);

#endif
