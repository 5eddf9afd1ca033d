/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The grammar of xl.cfg over the words of the lexer, by recursive descent:
 *
 *     text:       { [assignment] (newline | ';') } [assignment]
 *     assignment: NAME ('=' | '+=') value
 *     value:      STRING | NUMBER | '[' [value {',' value} [',']] ']'      newlines anywhere inside the brackets
 *
 * After an error the rest of the line is skipped and reading goes on, so that one run tells all errors.
 */
#include "config/lexer.h"
#include "config/tree.h"
#include <stdlib.h>
#include <string.h>

#define NESTING_MAX 16

struct parser {
    struct lexer lexer;
    struct token token; /* the one that is looked at */
    struct config *tree;
};

static void advance(struct parser *parser)
{
    free(parser->token.text);
    parser->token = lexer_next(&parser->lexer);
}

static char *take_text(struct parser *parser)
{
    char *text = parser->token.text;

    parser->token.text = NULL;
    return text;
}

static void expected(struct parser *parser, const char *what)
{
    if (parser->token.type != TOKEN_BAD)
        diagnostics_add(parser->lexer.said, DIAGNOSTIC_ERROR, &parser->token.place, "expected %s, found %s", what,
                        lexer_describe(parser->token.type));
}

static void *out_of_memory(struct parser *parser)
{
    diagnostics_add(parser->lexer.said, DIAGNOSTIC_ERROR, &parser->token.place, "out of memory");
    return NULL;
}

static void skip_newlines(struct parser *parser)
{
    while (parser->token.type == TOKEN_NEWLINE)
        advance(parser);
}

static struct config_value *parse_value(struct parser *parser, unsigned int depth);

/* Behind the opening bracket. */
static int parse_items(struct parser *parser, struct config_value *list, unsigned int depth)
{
    for (;;) {
        skip_newlines(parser);
        if (parser->token.type == TOKEN_CLOSE)
            break;
        struct config_value *item = parse_value(parser, depth + 1);
        if (!item)
            return -1;
        if (config_value_append(list, item) != 0) {
            out_of_memory(parser);
            return -1;
        }
        skip_newlines(parser);
        if (parser->token.type == TOKEN_CLOSE)
            break;
        if (parser->token.type != TOKEN_COMMA) {
            expected(parser, "',' or ']' in the list");
            return -1;
        }
        advance(parser);
    }
    advance(parser);
    return 0;
}

static struct config_value *parse_list(struct parser *parser, unsigned int depth)
{
    struct config_value *list = config_value_new(CONFIG_LIST, &parser->token.place, NULL);

    if (!list)
        return out_of_memory(parser);
    if (depth >= NESTING_MAX) {
        diagnostics_add(parser->lexer.said, DIAGNOSTIC_ERROR, &parser->token.place, "lists nest too deep (%d at most)",
                        NESTING_MAX);
        config_value_free(list);
        return NULL;
    }
    advance(parser);
    if (parse_items(parser, list, depth) == 0)
        return list;
    config_value_free(list);
    return NULL;
}

static struct config_value *parse_value(struct parser *parser, unsigned int depth)
{
    struct config_value *value;

    switch (parser->token.type) {
    case TOKEN_OPEN:
        return parse_list(parser, depth);
    case TOKEN_STRING:
    case TOKEN_NUMBER:
        value = config_value_new(parser->token.type == TOKEN_STRING ? CONFIG_STRING : CONFIG_NUMBER,
                                 &parser->token.place, take_text(parser));
        if (!value)
            return out_of_memory(parser);
        advance(parser);
        return value;
    default:
        expected(parser, "a value (a string in quotes, a number or a list)");
        return NULL;
    }
}

/* At the name. */
static int parse_assignment(struct parser *parser)
{
    struct config_place place = parser->token.place;
    char *name = take_text(parser);
    struct config_value *value = NULL;
    const char *wrong = NULL;

    advance(parser);
    bool add = parser->token.type == TOKEN_ADD;
    if (!add && parser->token.type != TOKEN_ASSIGN) {
        expected(parser, "'=' or '+=' after the name");
    } else {
        advance(parser);
        value = parse_value(parser, 0);
    }
    if (value)
        wrong = config_tree_set(parser->tree, name, &place, value, add);
    if (wrong)
        diagnostics_add(parser->lexer.said, DIAGNOSTIC_ERROR, &place, "%s: %s", name, wrong);
    free(name);
    return value ? 0 : -1;
}

static bool ends_statement(enum token_type type)
{
    return type == TOKEN_NEWLINE || type == TOKEN_SEMICOLON || type == TOKEN_END;
}

static void parse_statement(struct parser *parser)
{
    int error = 0;

    if (parser->token.type == TOKEN_NAME) {
        error = parse_assignment(parser);
        if (!error && !ends_statement(parser->token.type)) {
            expected(parser, "the end of the line or ';' after the value");
            error = -1;
        }
    } else if (!ends_statement(parser->token.type)) {
        expected(parser, "a name");
        error = -1;
    }
    if (error)
        while (parser->token.type != TOKEN_NEWLINE && parser->token.type != TOKEN_END)
            advance(parser);
    if (parser->token.type != TOKEN_END)
        advance(parser);
}

static int parse_into(struct config *tree, const char *text, size_t size, const char *source, unsigned int line,
                      struct diagnostics *said)
{
    unsigned int errors = said->errors;
    struct parser parser = {
        .lexer = {.text = text, .size = size, .line = line, .said = said, .source = config_tree_source(tree, source)},
        .tree = tree,
    };

    if (!parser.lexer.source) {
        out_of_memory(&parser);
        return -1;
    }
    advance(&parser);
    while (parser.token.type != TOKEN_END)
        parse_statement(&parser);
    return said->errors == errors ? 0 : -1;
}

int config_parse(const char *text, size_t size, const char *source, struct config **tree, struct diagnostics *said)
{
    *tree = NULL;
    if (size > CONFIG_SIZE_MAX) {
        diagnostics_add(said, DIAGNOSTIC_ERROR, &(struct config_place){.source = source},
                        "the configuration is larger than %u KiB", CONFIG_SIZE_MAX / 1024);
        return -1;
    }
    struct config *fresh = calloc(1, sizeof(*fresh));
    if (!fresh) {
        diagnostics_add(said, DIAGNOSTIC_ERROR, NULL, "out of memory");
        return -1;
    }
    if (parse_into(fresh, text, size, source, 1, said) != 0) {
        config_free(fresh);
        return -1;
    }
    *tree = fresh;
    return 0;
}

/* Whether the statement is NAME=WORD or NAME+=WORD where WORD does not look like a value of the syntax: a string
 * without its quotes. */
static const char *bare_word(const char *statement, char **name, bool *add)
{
    size_t length = strspn(statement, "abcdefghijklmnopqrstuvwxyz0123456789._");
    const char *word = statement + length;

    *add = *word == '+';
    word += *add;
    if (length == 0 || statement[0] < 'a' || *word != '=' || strchr("\"'[", word[1]))
        return NULL;
    *name = strndup(statement, length);
    return *name ? word + 1 : NULL;
}

static int override_with_word(struct config *tree, const char *name, const char *word, bool add,
                              struct diagnostics *said)
{
    struct config_place place = {
        .source = config_tree_source(tree, "command line"), .line = tree->overrides, .column = 1};
    char *text = strdup(word);
    struct config_value *value = text ? config_value_new(CONFIG_STRING, &place, text) : NULL;
    const char *wrong = value ? config_tree_set(tree, name, &place, value, add) : "out of memory";

    if (wrong)
        diagnostics_add(said, DIAGNOSTIC_ERROR, &place, "%s: %s", name, wrong);
    return wrong ? -1 : 0;
}

int config_override(struct config *tree, const char *statement, struct diagnostics *said)
{
    struct diagnostics trial_said = {0};
    struct config *trial;
    char *name = NULL;
    bool add;

    tree->overrides++;
    int error = config_parse(statement, strlen(statement), "command line", &trial, &trial_said);
    const char *word = error ? bare_word(statement, &name, &add) : NULL;
    if (word)
        error = override_with_word(tree, name, word, add, said);
    else
        error = parse_into(tree, statement, strlen(statement), "command line", tree->overrides, said);
    free(name);
    config_free(trial);
    diagnostics_clear(&trial_said);
    return error;
}
