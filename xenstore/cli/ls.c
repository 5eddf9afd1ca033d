/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ls: the nodes below a path, one per line, children behind their parent.  A tree is shown as wide as the terminal, and
 * longer values are cut; -f shows whole paths and values instead.  Nothing holds the tree still meanwhile: a node that
 * disappears is passed over.  In JSON each node is an object with its path; the tree's form is in the paths.
 */
#include "cli/cli.h"
#include "cli/value.h"

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

/* The marks around a value, with those that show that it is cut: they count against the width. */
#define MARKS          8
#define PERMISSIONS_AT 60
#define WIDTH_UNKNOWN  80

struct layout {
    int width; /* 0: no limit */
    int permissions_at;
};

static struct layout find_layout(const struct cli *cli)
{
    struct winsize size = {0};

    if (cli->flat)
        return (struct layout){0};
    if (ioctl(fileno(stdout), TIOCGWINSZ, &size))
        return (struct layout){WIDTH_UNKNOWN, PERMISSIONS_AT};
    int width = size.ws_col > 2 ? size.ws_col - 2 : 0;
    return (struct layout){width, width < PERMISSIONS_AT ? width : PERMISSIONS_AT};
}

static int print_name(struct cli *cli, const struct layout *layout, const char *path, const char *name, int depth)
{
    if (cli->flat) {
        fputs(path, cli->out);
        return 0;
    }
    return fprintf(cli->out, "%*s%.*s", depth, "", layout->width ? layout->width - MARKS - depth : -1, name);
}

/* Behind a whole value there are dots up to the column of the permissions. */
static void print_value(struct cli *cli, const struct layout *layout, int column, const char *value,
                        unsigned int length)
{
    char *text = value_escape(value, length);

    if (!text)
        err(1, "malloc");
    if (layout->width && (unsigned int)layout->width < (unsigned int)column + length + MARKS) {
        fprintf(cli->out, " = \"%.*s\\...\"", layout->width - MARKS - column, text);
    } else {
        column += fprintf(cli->out, " = \"%s\"", text);
        if (cli->prefix) {
            putc(' ', cli->out);
            for (column++; column < layout->permissions_at; column++)
                putc(column & 1 ? '.' : ' ', cli->out);
        }
    }
    free(text);
}

static void format_permission(const struct xs_permissions *permission, char text[16])
{
    static const char letters[] = "nrwb";

    snprintf(text, 16, "%c%i", letters[permission->perms & (XS_PERM_READ | XS_PERM_WRITE)], (int)permission->id);
}

static void print_permissions(struct cli *cli, const char *path, const char *name)
{
    unsigned int count;
    struct xs_permissions *permissions = xs_get_permissions(cli->store, XBT_NULL, path, &count);

    if (!permissions) {
        warn("\ncould not access permissions for %s", name);
        return;
    }
    if (cli->want_json)
        json_array_begin(&cli->json, "permissions");
    else
        fputs("  (", cli->out);
    for (unsigned int i = 0; i < count; i++) {
        char text[16];
        format_permission(&permissions[i], text);
        if (cli->want_json)
            json_text(&cli->json, NULL, text);
        else
            fprintf(cli->out, "%s%s", i ? "," : "", text);
    }
    if (cli->want_json)
        json_array_end(&cli->json);
    else
        putc(')', cli->out);
    free(permissions);
}

static void print_node(struct cli *cli, const struct layout *layout, const char *path, const char *name, int depth)
{
    unsigned int length = 0;
    char *value = xs_read(cli->store, XBT_NULL, path, &length);

    if (cli->want_json) {
        json_object_begin(&cli->json, NULL);
        json_text(&cli->json, "path", path);
        if (value)
            json_bytes(&cli->json, "value", value, length);
        else
            json_text(&cli->json, "value", NULL);
    } else {
        int column = print_name(cli, layout, path, name, depth);
        if (value)
            print_value(cli, layout, column, value, length);
        else
            fputs(":\n", cli->out);
    }
    free(value);
    if (cli->prefix)
        print_permissions(cli, path, name);
    if (cli->want_json)
        json_object_end(&cli->json);
    else
        putc('\n', cli->out);
}

static void list_below(struct cli *cli, const struct layout *layout, const char *path, int depth)
{
    unsigned int count;
    char **names = xs_directory(cli->store, XBT_NULL, path, &count);

    if (!names) {
        if (depth && errno == ENOENT)
            return;
        fflush(cli->out);
        err(1, "xs_directory (%s)", path);
    }
    size_t length = strlen(path);
    for (unsigned int i = 0; i < count; i++) {
        char *child;
        if (asprintf(&child, "%s%s%s", path, length && path[length - 1] == '/' ? "" : "/", names[i]) < 0)
            err(1, "malloc");
        print_node(cli, layout, child, names[i], depth);
        list_below(cli, layout, child, depth + 1);
        free(child);
    }
    free(names);
}

int cmd_ls(struct cli *cli, char **arguments)
{
    const struct layout layout = find_layout(cli);

    if (!*arguments)
        list_below(cli, &layout, "/", 0);
    for (; *arguments; arguments++)
        list_below(cli, &layout, *arguments, 0);
    return 0;
}
