/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of a configuration: names of lower-case letters, digits, dots and underscores; numbers, kept as text;
 * strings in single or double quotes, within one line; and "= += , ; [ ]". A comment runs from # to the end of its line
 * and counts as that end. There is no continuation of lines, but inside lists the parser passes over their ends.
 *
 * The differences to xl: escapes by number mean the byte (xl drops them), a comment may end the text without a newline,
 * and lines may end with CR LF. A zero byte is refused everywhere, for what follows could not be seen in a string of C.
 */
#include "config/lexer.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_name_start(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_name_part(char c)
{
    return is_name_start(c) || is_digit(c) || c == '.' || c == '_';
}

static bool is_number_part(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || c == 'x';
}

static struct config_place place_at(const struct lexer *lexer, size_t at)
{
    return (struct config_place){
        .source = lexer->source, .line = lexer->line, .column = (unsigned int)(at - lexer->line_start) + 1};
}

static struct token plain_token(struct lexer *lexer, enum token_type type, size_t length)
{
    struct token token = {.type = type, .place = place_at(lexer, lexer->at)};

    lexer->at += length;
    return token;
}

/* Reports the byte at, and skips to the next blank or end of line. */
static struct token bad_token(struct lexer *lexer, size_t at, const char *what)
{
    struct token token = {.type = TOKEN_BAD, .place = place_at(lexer, at)};

    diagnostics_add(lexer->said, DIAGNOSTIC_ERROR, &token.place, "%s", what);
    while (lexer->at < lexer->size && !is_blank(lexer->text[lexer->at]) && lexer->text[lexer->at] != '\n')
        lexer->at++;
    return token;
}

static struct token text_token(struct lexer *lexer, enum token_type type, bool (*part)(char))
{
    struct token token = {.type = type, .place = place_at(lexer, lexer->at)};
    size_t start = lexer->at;

    while (lexer->at < lexer->size && part(lexer->text[lexer->at]))
        lexer->at++;
    token.text = strndup(lexer->text + start, lexer->at - start);
    return token.text ? token : bad_token(lexer, start, "out of memory");
}

static int digit_value(char c)
{
    if (is_digit(c))
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

/* The digits at *at, at most max of them, in this base; *at moves behind them. */
static int numeric_escape(const struct lexer *lexer, size_t *at, int base, int max)
{
    int value = 0;

    for (int i = 0; i < max && *at < lexer->size && digit_value(lexer->text[*at]) < base; i++, (*at)++)
        value = value * base + digit_value(lexer->text[*at]);
    return value;
}

/* Decodes the escape whose backslash is at *at. NULL, or what is wrong; *at is behind the escape then, too. */
static const char *decode_escape(const struct lexer *lexer, size_t *at, char *out)
{
    static const char letters[] = "abfnrtv'\"\\", meanings[] = "\a\b\f\n\r\t\v'\"\\";
    size_t start = *at + 1;
    char c = start < lexer->size ? lexer->text[start] : '\n';
    const char *letter = c ? strchr(letters, c) : NULL;
    int value;

    *at = start + (c != '\n');
    if (letter) {
        *out = meanings[letter - letters];
        return NULL;
    }
    if (c == 'x') {
        value = numeric_escape(lexer, at, 16, 2);
        if (*at != start + 3)
            return "\\x in a string needs two hexadecimal digits";
    } else if (c >= '0' && c <= '7') {
        *at = start;
        value = numeric_escape(lexer, at, 8, 3);
    } else {
        return "unknown escape in a string: write \\\\ for a backslash";
    }
    if (value == 0 || value > 255)
        return "an escape in a string must stand for a byte from 1 to 255";
    *out = (char)value;
    return NULL;
}

static struct token string_token(struct lexer *lexer)
{
    size_t start = lexer->at, at = start + 1, length = 0, wrong_at = 0;
    char quote = lexer->text[start];
    const char *wrong = NULL;
    size_t end = at; /* the longest this string can be, so that one allocation is enough */

    while (end < lexer->size && lexer->text[end] != '\n' && lexer->text[end] != quote)
        end += 1 + (lexer->text[end] == '\\' && end + 1 < lexer->size && lexer->text[end + 1] != '\n');
    if (end >= lexer->size || lexer->text[end] != quote) {
        lexer->at = end < lexer->size ? end : lexer->size;
        return bad_token(lexer, start, "the string does not end on its line");
    }
    struct token token = {.type = TOKEN_STRING, .place = place_at(lexer, start), .text = malloc(end - start)};
    if (!token.text)
        return bad_token(lexer, start, "out of memory");
    while (at < end) {
        size_t from = at;
        const char *problem = NULL;
        char c = lexer->text[at];

        if (c == '\\')
            problem = decode_escape(lexer, &at, &c);
        else
            at++;
        if (!c)
            problem = "a zero byte in a string";
        if (problem && !wrong) {
            wrong = problem;
            wrong_at = from;
        }
        token.text[length++] = c;
    }
    token.text[length] = '\0';
    lexer->at = end + 1;
    if (!wrong)
        return token;
    free(token.text);
    token = (struct token){.type = TOKEN_BAD, .place = place_at(lexer, wrong_at)};
    diagnostics_add(lexer->said, DIAGNOSTIC_ERROR, &token.place, "%s", wrong);
    return token;
}

static struct token newline_token(struct lexer *lexer, size_t length)
{
    struct token token = plain_token(lexer, TOKEN_NEWLINE, length);

    lexer->line++;
    lexer->line_start = lexer->at;
    return token;
}

static const char *complain_about(char c)
{
    if (c >= 'A' && c <= 'Z')
        return "names are written in lower case, and strings in quotes";
    if (c == '\0')
        return "a zero byte: this is no text";
    if (strchr("-+.():", c))
        return "unexpected character: values are strings in quotes, numbers from 0 up, or lists; there is no Python";
    if (c == '\\')
        return "unexpected backslash: lines are continued only inside lists, without one";
    return "unexpected character: strings stand in quotes";
}

struct token lexer_next(struct lexer *lexer)
{
    while (lexer->at < lexer->size && is_blank(lexer->text[lexer->at]))
        lexer->at++;
    if (lexer->at < lexer->size && lexer->text[lexer->at] == '#')
        while (lexer->at < lexer->size && lexer->text[lexer->at] != '\n')
            lexer->at++;
    if (lexer->at >= lexer->size)
        return plain_token(lexer, TOKEN_END, 0);

    char c = lexer->text[lexer->at];
    char next = lexer->at + 1 < lexer->size ? lexer->text[lexer->at + 1] : '\0';

    if (c == '\n')
        return newline_token(lexer, 1);
    if (c == '\r' && next == '\n')
        return newline_token(lexer, 2);
    if (is_name_start(c))
        return text_token(lexer, TOKEN_NAME, is_name_part);
    if (is_digit(c))
        return text_token(lexer, TOKEN_NUMBER, is_number_part);
    switch (c) {
    case '\'':
    case '"':
        return string_token(lexer);
    case '=':
        return plain_token(lexer, TOKEN_ASSIGN, 1);
    case '[':
        return plain_token(lexer, TOKEN_OPEN, 1);
    case ']':
        return plain_token(lexer, TOKEN_CLOSE, 1);
    case ',':
        return plain_token(lexer, TOKEN_COMMA, 1);
    case ';':
        return plain_token(lexer, TOKEN_SEMICOLON, 1);
    case '+':
        if (next == '=')
            return plain_token(lexer, TOKEN_ADD, 2);
        break;
    }
    return bad_token(lexer, lexer->at, complain_about(c));
}

const char *lexer_describe(enum token_type type)
{
    static const char *const names[] = {
        [TOKEN_END] = "the end of the text",
        [TOKEN_NEWLINE] = "the end of the line",
        [TOKEN_SEMICOLON] = "';'",
        [TOKEN_NAME] = "a name",
        [TOKEN_STRING] = "a string",
        [TOKEN_NUMBER] = "a number",
        [TOKEN_ASSIGN] = "'='",
        [TOKEN_ADD] = "'+='",
        [TOKEN_OPEN] = "'['",
        [TOKEN_CLOSE] = "']'",
        [TOKEN_COMMA] = "','",
        [TOKEN_BAD] = "something that is no word",
    };

    return names[type];
}
