/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See device_command.h. */
#include "hvctl/device_command.h"
#include "devices/attach.h"
#include "devices/device_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int device_command_bad(const struct device_command *d, const char *const *words, const struct spec_error *error)
{
    return command_fail("%s: %s\n  %s\n  %*s^", d->key, error->text, words[error->string], (int)error->at, "");
}

struct xs_handle *device_command_find(struct command *c, const struct device_command *d, const char *who,
                                      const char *what, struct device_ref *ref)
{
    int domid = command_find_domain(c, who);
    struct xs_handle *xs = domid < 0 ? NULL : command_store(c);

    if (!xs)
        return NULL;
    if (device_find(xs, (unsigned)domid, d->class, what, ref))
        return xs;
    command_fail("domain %s has no %s %s (\"hvctl %s %s\" shows all)", who, d->noun, what, d->list, who);
    return NULL;
}

int device_command_detach(struct command *c, const struct device_command *d, int argc, char **argv)
{
    struct failure failure = {""};
    struct device_ref ref;
    char *words[2] = {NULL};
    unsigned count = 0;
    bool force = false;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--force") == 0 || strcmp(argv[i], "-f") == 0)
            force = true;
        else if (argv[i][0] == '-' || count == 2)
            return command_usage(c);
        else
            words[count++] = argv[i];
    }
    if (count != 2)
        return command_usage(c);
    struct xs_handle *xs = device_command_find(c, d, words[0], words[1], &ref);
    if (!xs)
        return COMMAND_FAILED;
    if (detach(xs, &ref, force, &failure))
        return command_fail("%s %s: %s%s", d->key, words[1], failure.text,
                            force ? "" : " (--force takes it away all the same)");
    if (c->json)
        d->print_detached(&ref, words[1]);
    return COMMAND_OK;
}

int device_command_list(struct command *c, const struct device_command *d, int argc, char **argv)
{
    struct device_ref *list;
    struct json j;
    int status = COMMAND_OK;

    if (argc < 2)
        return command_usage(c);
    struct xs_handle *xs = command_store(c);
    if (!xs)
        return COMMAND_FAILED;
    json_init(&j, stdout, false);
    if (c->json)
        json_array_begin(&j, NULL);
    else
        d->print_heading();
    for (int i = 1; i < argc; i++) {
        int domid = command_find_domain(c, argv[i]);
        int n = domid < 0 ? 0 : device_list(xs, XBT_NULL, (unsigned)domid, d->class, &list);
        if (domid < 0 || n < 0) {
            status = COMMAND_FAILED;
            continue;
        }
        for (int k = 0; k < n; k++)
            if (c->json)
                d->print_json(xs, &j, &list[k]);
            else
                d->print_line(xs, &list[k]);
        free(list);
    }
    if (c->json)
        json_array_end(&j);
    return status;
}
