/* SPDX-License-Identifier: GPL-2.0-or-later */
/* watch: the path of each event, as they come, until -n of them were printed or the store goes away. */
#include "cli/cli.h"

#include <err.h>
#include <stdlib.h>

int cmd_watch(struct cli *cli, char **arguments)
{
    for (; *arguments; arguments++)
        if (!xs_watch(cli->store, *arguments, *arguments))
            errx(1, "Unable to add watch on %s\n", *arguments);

    for (int seen = 0; cli->number == -1 || seen < cli->number; seen++) {
        unsigned int count;
        char **event = xs_read_watch(cli->store, &count);
        if (!event)
            errx(1, "the connection to the store is lost");
        if (cli->want_json) {
            json_object_begin(&cli->json, NULL);
            json_text(&cli->json, "path", event[XS_WATCH_PATH]);
            json_text(&cli->json, "token", event[XS_WATCH_TOKEN]);
            json_object_end(&cli->json);
        } else {
            fprintf(cli->out, "%s\n", event[XS_WATCH_PATH]);
        }
        free(event);
        if (fflush(cli->out))
            err(1, "output");
    }
    return 0;
}
