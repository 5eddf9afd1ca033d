/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * control: a command to the store itself.  What the commands are is the server's affair; only live-update is more than
 * one request: the file to run is named, then its command line, and then the update is asked for until the server is
 * no longer busy with transactions.
 *
 * Exit codes: 0, 1 when the store cannot be reached or memory is short, 2 for wrong usage, 3 when the store refused.
 */
#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CONTROL_OK, CONTROL_FAILED, CONTROL_USAGE, CONTROL_REFUSED };

struct update {
    const char *binary, *command_line;
    const char *timeout;
    bool force;
};

/* The arguments of one command, each with its null byte. */
struct arguments {
    char bytes[XENSTORE_PAYLOAD_MAX];
    unsigned int length;
};

static bool add(struct arguments *to, const char *argument)
{
    size_t size = strlen(argument) + 1;

    if (size > sizeof(to->bytes) - to->length) {
        errno = E2BIG;
        return false;
    }
    memcpy(to->bytes + to->length, argument, size);
    to->length += (unsigned int)size;
    return true;
}

static char *send_command(struct cli *cli, const char *command, const char *const *list)
{
    struct arguments arguments = {.length = 0};

    for (; *list; list++)
        if (!add(&arguments, *list))
            return NULL;
    return xs_control_command(cli->store, command, arguments.bytes, arguments.length);
}

/* One step of a live update: anything but "OK" is a refusal, and said to be one of what. */
static bool is_ok(char *reply, const char *what)
{
    bool ok = reply && !strcmp(reply, "OK");

    if (!ok)
        fprintf(stderr, "%s failed:\n%s\n", what, reply ? reply : strerror(errno));
    free(reply);
    return ok;
}

static bool start_update(struct cli *cli, const struct update *update)
{
    const char *list[] = {"-s", "-t", update->timeout, update->force ? "-F" : NULL, NULL};
    time_t end = time(NULL) + atoi(update->timeout);
    char *reply = NULL;

    do {
        if (reply)
            sleep(1);
        free(reply);
        reply = send_command(cli, "live-update", list);
    } while (reply && !strcmp(reply, "BUSY") && time(NULL) < end);
    return is_ok(reply, "Starting live update");
}

static int live_update(struct cli *cli, const struct update *update)
{
    const char *binary[] = {"-f", update->binary, NULL}, *command_line[] = {"-c", update->command_line, NULL};

    /* A store in a domain of its own is updated by loading a kernel into it. */
    char *domain = xs_read(cli->store, XBT_NULL, "/tool/xenstored/domid", NULL);
    if (domain) {
        free(domain);
        fputs("The store runs in a domain of its own, which cannot be updated from here.\n", stderr);
        return CONTROL_REFUSED;
    }
    if (!is_ok(send_command(cli, "live-update", binary), "Setting update binary"))
        return CONTROL_REFUSED;
    if ((!update->command_line || is_ok(send_command(cli, "live-update", command_line), "Setting update binary")) &&
        start_update(cli, update))
        return CONTROL_OK;
    free(send_command(cli, "live-update", (const char *[]){"-a", NULL}));
    return CONTROL_REFUSED;
}

static int parse_update(char **arguments, struct update *update)
{
    const char *missing = NULL;

    for (; *arguments && !missing; arguments++) {
        if (!strcmp(*arguments, "-F")) {
            update->force = true;
        } else if (!strcmp(*arguments, "-c")) {
            update->command_line = *++arguments;
            missing = *arguments ? NULL : "command line value";
        } else if (!strcmp(*arguments, "-t")) {
            update->timeout = *++arguments;
            missing = *arguments ? NULL : "timeout value";
        } else {
            update->binary = *arguments;
        }
        if (missing)
            break;
    }
    if (!missing && !update->binary)
        missing = "binary specification";
    if (missing)
        fprintf(stderr, "Missing %s\n", missing);
    return missing ? CONTROL_USAGE : CONTROL_OK;
}

static void explain(struct cli *cli)
{
    if (errno != EINVAL) {
        fprintf(stderr, "Error %d when trying to execute command.\n", errno);
        return;
    }
    char *help = xs_control_command(cli->store, "help", NULL, 0);
    if (help)
        fprintf(stderr, "Command not supported. Valid commands are:\n%s\n", help);
    else
        fputs("Error when executing command.\n", stderr);
    free(help);
}

int cmd_control(struct cli *cli, char **arguments)
{
    if (!strcmp(arguments[0], "live-update")) {
        struct update update = {.timeout = "60"};
        int code = parse_update(arguments + 1, &update);
        return code ? code : live_update(cli, &update);
    }
    char *reply = send_command(cli, arguments[0], (const char *const *)arguments + 1);
    if (!reply) {
        explain(cli);
        return CONTROL_REFUSED;
    }
    if (cli->want_json) {
        json_object_begin(&cli->json, NULL);
        json_text(&cli->json, "reply", reply);
        json_object_end(&cli->json);
    } else if (*reply) {
        fprintf(cli->out, "%s\n", reply);
    }
    free(reply);
    return CONTROL_OK;
}
