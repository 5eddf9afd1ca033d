/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands on single nodes: read, write, rm, exists, list, chmod. They run in a transaction if main.c says so. */
#include "cli/cli.h"
#include "cli/value.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

static void print_value(struct cli *cli, const char *path, const char *value, unsigned int length)
{
    if (cli->want_json) {
        json_object_begin(&cli->json, NULL);
        json_text(&cli->json, "path", path);
        json_bytes(&cli->json, "value", value, length);
        json_object_end(&cli->json);
        return;
    }
    if (cli->prefix)
        fprintf(cli->out, "%s: ", path);
    if (cli->raw) {
        fwrite(value, 1, length, cli->out);
        return;
    }
    char *text = value_escape(value, length);
    if (!text)
        err(1, "malloc");
    fprintf(cli->out, "%s\n", text);
    free(text);
}

int cmd_read(struct cli *cli, char **arguments)
{
    for (; *arguments; arguments++) {
        unsigned int length;
        char *value = xs_read(cli->store, cli->transaction, *arguments, &length);
        if (!value) {
            warnx("couldn't read path %s", *arguments);
            return 1;
        }
        print_value(cli, *arguments, value, length);
        free(value);
    }
    return 0;
}

int cmd_write(struct cli *cli, char **arguments)
{
    for (; *arguments; arguments += 2) {
        size_t length = strlen(arguments[1]);
        char *value = cli->raw ? strdup(arguments[1]) : value_unescape(arguments[1], &length);
        if (!value)
            err(1, "malloc");
        bool done = xs_write(cli->store, cli->transaction, arguments[0], value, (unsigned int)length);
        free(value);
        if (!done) {
            warnx("could not write path %s", arguments[0]);
            return 1;
        }
    }
    return 0;
}

static bool is_empty(struct cli *cli, const char *path)
{
    unsigned int length, children;
    char *value = xs_read(cli->store, cli->transaction, path, &length);
    char **names = value && !length ? xs_directory(cli->store, cli->transaction, path, &children) : NULL;
    bool empty = names && !children;

    free(names);
    free(value);
    return empty;
}

static bool remove_node(struct cli *cli, const char *path)
{
    bool done = xs_rm(cli->store, cli->transaction, path);

    if (!done)
        warnx("could not remove path %s", path);
    return done;
}

/* -t: after the node, each parent that has neither value nor children. */
static bool remove_tidily(struct cli *cli, const char *argument)
{
    char *path = strdup(argument);
    bool done;

    if (!path)
        err(1, "malloc");
    for (;;) {
        done = remove_node(cli, path);
        char *slash = done ? strrchr(path, '/') : NULL;
        if (!slash)
            break;
        *slash = 0;
        if (!is_empty(cli, path))
            break;
    }
    free(path);
    return done;
}

int cmd_rm(struct cli *cli, char **arguments)
{
    for (; *arguments; arguments++)
        if (!(cli->tidy ? remove_tidily(cli, *arguments) : remove_node(cli, *arguments)))
            return 1;
    return 0;
}

int cmd_exists(struct cli *cli, char **arguments)
{
    int code = 0;

    /* Only JSON has something to say about the nodes behind the first that is missing. */
    for (; *arguments && (!code || cli->want_json); arguments++) {
        char *value = xs_read(cli->store, cli->transaction, *arguments, NULL);
        if (!value)
            code = 1;
        if (cli->want_json) {
            json_object_begin(&cli->json, NULL);
            json_text(&cli->json, "path", *arguments);
            json_boolean(&cli->json, "exists", value);
            json_object_end(&cli->json);
        }
        free(value);
    }
    return code;
}

int cmd_list(struct cli *cli, char **arguments)
{
    for (; *arguments; arguments++) {
        unsigned int count;
        char **names = xs_directory(cli->store, cli->transaction, *arguments, &count);
        if (!names) {
            warnx("could not list path %s", *arguments);
            return 1;
        }
        if (cli->want_json) {
            json_object_begin(&cli->json, NULL);
            json_text(&cli->json, "path", *arguments);
            json_array_begin(&cli->json, "children");
        }
        for (unsigned int i = 0; i < count; i++) {
            if (cli->want_json)
                json_text(&cli->json, NULL, names[i]);
            else
                fprintf(cli->out, "%s%s%s\n", cli->prefix ? *arguments : "", cli->prefix ? "/" : "", names[i]);
        }
        if (cli->want_json) {
            json_array_end(&cli->json);
            json_object_end(&cli->json);
        }
        free(names);
    }
    return 0;
}

struct new_permissions {
    struct xs_permissions *list;
    unsigned int count;
};

static void set_permissions(struct cli *cli, char *path, struct new_permissions new)
{
    if (!xs_set_permissions(cli->store, cli->transaction, path, new.list, new.count))
        err(1, "Error occurred setting permissions on '%s'", path);
}

static void set_parents(struct cli *cli, const char *argument, struct new_permissions new)
{
    char *path = strdup(argument);

    if (!path)
        err(1, "malloc");
    for (;;) {
        char *slash = strrchr(path, '/');
        if (!slash)
            errx(1, "Unable to locate path separator '/' in '%s'", path);
        *slash = 0;
        if (!*path)
            break;
        set_permissions(cli, path, new);
    }
    free(path);
}

static void set_children(struct cli *cli, const char *path, struct new_permissions new)
{
    unsigned int count;
    char **names = xs_directory(cli->store, cli->transaction, path, &count);

    for (unsigned int i = 0; names && i < count; i++) {
        char *child;
        if (asprintf(&child, "%s/%s", strcmp(path, "/") ? path : "", names[i]) < 0)
            err(1, "malloc");
        set_permissions(cli, child, new);
        set_children(cli, child, new);
        free(child);
    }
    free(names);
}

static unsigned int permission_bits(char letter)
{
    switch (letter) {
    case 'n':
        return XS_PERM_NONE;
    case 'r':
        return XS_PERM_READ;
    case 'w':
        return XS_PERM_WRITE;
    case 'b':
        return XS_PERM_READ | XS_PERM_WRITE;
    default:
        errx(1, "Invalid permission specification: '%c'", letter);
    }
}

int cmd_chmod(struct cli *cli, char **arguments)
{
    char *path = *arguments++;
    struct new_permissions new = {.count = 0};

    while (arguments[new.count])
        new.count++;
    new.list = calloc(new.count + 1, sizeof(*new.list));
    if (!new.list)
        err(1, "malloc");
    for (unsigned int i = 0; i < new.count; i++)
        new.list[i] = (struct xs_permissions){.id = (unsigned int)atoi(arguments[i] + 1),
                                              .perms = permission_bits(arguments[i][0])};
    if (*path) {
        set_permissions(cli, path, new);
        if (cli->upto)
            set_parents(cli, path, new);
        if (cli->recurse)
            set_children(cli, path, new);
    }
    free(new.list);
    return 0;
}
