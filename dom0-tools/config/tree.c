/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree of a configuration: settings by name, each with a value that is a word or a list of values. A name that is
 * set again has the last value; one that is added to (+=) has its words joined, or its lists.
 */
#include "config/tree.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *config_tree_source(struct config *tree, const char *name)
{
    for (struct config_source *source = tree->sources; source; source = source->next)
        if (strcmp(source->name, name) == 0)
            return source->name;
    struct config_source *source = malloc(sizeof(*source) + strlen(name) + 1);
    if (!source)
        return NULL;
    strcpy(source->name, name);
    source->next = tree->sources;
    tree->sources = source;
    return source->name;
}

const char *config_source(const struct config *tree)
{
    const struct config_source *source = tree->sources; /* the newest first */

    while (source && source->next)
        source = source->next;
    return source ? source->name : NULL;
}

struct config_value *config_value_new(enum config_type type, const struct config_place *place, char *text)
{
    struct config_value *value = calloc(1, sizeof(*value));

    if (!value) {
        free(text);
        return NULL;
    }
    value->type = type;
    value->place = *place;
    value->text = text;
    return value;
}

/* The parser bounds how deep lists nest. */
void config_value_free(struct config_value *value)
{
    if (!value)
        return;
    for (unsigned int i = 0; i < value->items; i++)
        config_value_free(value->item[i]);
    free(value->item);
    free(value->text);
    free(value);
}

int config_value_append(struct config_value *list, struct config_value *item)
{
    /* The room is the next power of two. */
    if ((list->items & (list->items - 1)) == 0) {
        unsigned int room = list->items ? list->items * 2 : 1;
        struct config_value **grown = realloc(list->item, room * sizeof(*grown));

        if (!grown) {
            config_value_free(item);
            return -1;
        }
        list->item = grown;
    }
    list->item[list->items++] = item;
    return 0;
}

/* Adds the words or items of more to value; frees more. */
static const char *join(struct config_value *value, struct config_value *more)
{
    const char *wrong = NULL;

    if ((value->type == CONFIG_LIST) != (more->type == CONFIG_LIST)) {
        wrong = "+= can't add a list to a string or a string to a list";
    } else if (value->type == CONFIG_LIST) {
        for (unsigned int i = 0; i < more->items && !wrong; i++) {
            struct config_value *item = more->item[i];

            more->item[i] = NULL;
            if (config_value_append(value, item) != 0)
                wrong = "out of memory";
        }
    } else {
        size_t length = strlen(value->text);
        char *text = realloc(value->text, length + strlen(more->text) + 1);

        if (text) {
            value->text = text;
            strcpy(text + length, more->text);
            value->type = CONFIG_STRING;
        } else {
            wrong = "out of memory";
        }
    }
    config_value_free(more);
    return wrong;
}

static struct config_setting *find(const struct config *tree, const char *name)
{
    for (unsigned int i = 0; i < tree->settings; i++)
        if (strcmp(tree->setting[i].name, name) == 0)
            return &tree->setting[i];
    return NULL;
}

static struct config_setting *new_setting(struct config *tree, const char *name)
{
    struct config_setting *grown = realloc(tree->setting, (tree->settings + 1) * sizeof(*grown));
    char *copy = strdup(name);

    if (grown)
        tree->setting = grown;
    if (!grown || !copy) {
        free(copy);
        return NULL;
    }
    grown[tree->settings] = (struct config_setting){.name = copy};
    return &grown[tree->settings++];
}

const char *config_tree_set(struct config *tree, const char *name, const struct config_place *place,
                            struct config_value *value, bool add)
{
    struct config_setting *setting = find(tree, name);

    if (setting && add) {
        setting->added = true;
        setting->place = *place;
        return join(setting->value, value);
    }
    if (!setting && tree->settings >= CONFIG_SETTINGS_MAX) {
        config_value_free(value);
        return "too many settings (1024 at most)";
    }
    if (!setting)
        setting = new_setting(tree, name);
    if (!setting) {
        config_value_free(value);
        return "out of memory";
    }
    config_value_free(setting->value);
    setting->value = value;
    setting->place = *place;
    setting->added = add;
    return NULL;
}

const struct config_setting *config_find(const struct config *tree, const char *name)
{
    return find(tree, name);
}

unsigned int config_settings(const struct config *tree)
{
    return tree->settings;
}

const struct config_setting *config_setting(const struct config *tree, unsigned int index)
{
    return index < tree->settings ? &tree->setting[index] : NULL;
}

static void print_string(FILE *to, const char *text)
{
    fputc('"', to);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '\n')
            fputs("\\n", to);
        else if (c == '"' || c == '\\')
            fprintf(to, "\\%c", c);
        else if (c < ' ' && c != '\t')
            fprintf(to, "\\%03o", c);
        else
            fputc(c, to);
    }
    fputc('"', to);
}

static void print_value(FILE *to, const struct config_value *value)
{
    if (value->type == CONFIG_STRING)
        print_string(to, value->text);
    else if (value->type == CONFIG_NUMBER)
        fputs(value->text, to);
    if (value->type != CONFIG_LIST)
        return;
    fputc('[', to);
    for (unsigned int i = 0; i < value->items; i++) {
        fputs(i ? ", " : "", to);
        print_value(to, value->item[i]);
    }
    fputc(']', to);
}

char *config_text(const struct config *tree)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);

    if (!to)
        return NULL;
    for (unsigned int i = 0; i < tree->settings; i++) {
        fprintf(to, "%s = ", tree->setting[i].name);
        print_value(to, tree->setting[i].value);
        fputc('\n', to);
    }
    if (fclose(to) == 0)
        return text;
    free(text);
    return NULL;
}

void config_free(struct config *tree)
{
    if (!tree)
        return;
    for (unsigned int i = 0; i < tree->settings; i++) {
        free(tree->setting[i].name);
        config_value_free(tree->setting[i].value);
    }
    free(tree->setting);
    while (tree->sources) {
        struct config_source *next = tree->sources->next;

        free(tree->sources);
        tree->sources = next;
    }
    free(tree);
}
