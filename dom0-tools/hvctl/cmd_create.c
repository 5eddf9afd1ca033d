/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvctl create: a guest from a file in xl's syntax, with further settings on the command line. */
#include "guest/create.h"
#include "hvctl/command.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
    (void)signal;
    interrupted = 1;
}

struct arguments {
    const char *file;
    char **settings; /* key=value, count of them */
    unsigned count;
    const char *fail_after;
    bool console, paused, quiet, trace, dry_run;
};

/* xl's way: "create FILE [OPTIONS] [KEY=VALUE ...]" in any order; a word with "=" is a setting. */
static bool parse_arguments(int argc, char **argv, struct arguments *a)
{
    static const struct {
        const char *brief, *full;
        size_t flag;
    } flags[] = {
        {"-c", "--console", offsetof(struct arguments, console)},
        {"-p", "--paused", offsetof(struct arguments, paused)},
        {"-q", "--quiet", offsetof(struct arguments, quiet)},
        {"-t", "--trace", offsetof(struct arguments, trace)},
        {"-n", "--dryrun", offsetof(struct arguments, dry_run)},
    };

    a->settings = argv; /* in the same array: they move to its front */
    for (int i = 1; i < argc; i++) {
        char *word = argv[i];
        unsigned f = 0;
        while (f < 5 && strcmp(word, flags[f].brief) != 0 && strcmp(word, flags[f].full) != 0)
            f++;
        if (f < 5)
            *((bool *)((char *)a + flags[f].flag)) = true;
        else if (strncmp(word, "--fail-after=", 13) == 0)
            a->fail_after = word + 13;
        else if (strcmp(word, "-f") == 0 && i + 1 < argc && !a->file)
            a->file = argv[++i];
        else if (word[0] == '-' && word[1])
            return command_fail("create: unknown option '%s'", word), false;
        else if (strchr(word, '='))
            a->settings[a->count++] = word;
        else if (!a->file)
            a->file = word;
        else
            return command_fail("create: '%s' is neither KEY=VALUE nor the only file", word), false;
    }
    return a->file != NULL;
}

static void announce(const char *step)
{
    fprintf(stderr, "\r\033[K%s ...", step);
}

static void end_progress(void)
{
    fputs("\r\033[K", stderr);
}

static void print_json(unsigned domid, const struct guest_config *config, const struct arguments *a,
                       const struct step_span *spans, unsigned count)
{
    char uuid[GUEST_UUID_TEXT];
    struct json j;

    guest_uuid_format(config->uuid, uuid);
    json_init(&j, stdout, false);
    json_object_begin(&j, NULL);
    json_unsigned(&j, "domid", domid);
    json_text(&j, "name", config->name);
    json_text(&j, "uuid", uuid);
    if (a->trace) {
        json_array_begin(&j, "steps");
        for (unsigned i = 0; i < count; i++) {
            json_object_begin(&j, NULL);
            json_text(&j, "name", spans[i].name);
            json_seconds(&j, "seconds", spans[i].nanoseconds);
            json_object_end(&j);
        }
        json_array_end(&j);
    }
    json_object_end(&j);
}

static void print_text(unsigned domid, const struct guest_config *config, const struct arguments *a,
                       const struct step_span *spans, unsigned count)
{
    uint64_t all = 0;

    for (unsigned i = 0; a->trace && i < count; i++) {
        printf("%12.3f ms  %s\n", (double)spans[i].nanoseconds / 1e6, spans[i].name);
        all += spans[i].nanoseconds;
    }
    if (a->trace)
        printf("%12.3f ms  in all\n", (double)all / 1e6);
    if (!a->quiet)
        printf("%s is domain %u%s\n", config->name, domid, a->paused ? ", paused" : "");
}

static void warn(const char *text)
{
    if (isatty(STDERR_FILENO))
        end_progress();
    fprintf(stderr, "hvctl: warning: %s\n", text);
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = interrupt};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

/* -c: this process becomes "hvctl console". */
static int attach(unsigned domid)
{
    char id[16];

    snprintf(id, sizeof(id), "%u", domid);
    fflush(stdout);
    execl("/proc/self/exe", "hvctl", "console", id, (char *)NULL);
    return command_error("attaching to the console");
}

static int create(struct command *c, const struct guest_config *config, const struct arguments *a)
{
    struct step_span spans[GUEST_CREATE_STEPS];
    unsigned count = 0, domid = 0;
    bool show = isatty(STDERR_FILENO) && !a->quiet && !c->json;
    const struct guest_create_options options = {
        .paused = a->paused,
        .warn = warn,
        .steps = {.cancelled = &interrupted,
                  .fail_after = a->fail_after,
                  .announce = show ? announce : NULL,
                  .spans = spans,
                  .spans_used = &count},
    };
    struct failure failure = {""};
    struct hypervisor *hv = command_hypervisor(c);
    struct xs_handle *xs = hv ? command_store(c) : NULL;

    if (!xs)
        return COMMAND_FAILED;
    catch_signals();
    int r = guest_create(hv, xs, config, &options, &domid, &failure);
    if (show)
        end_progress();
    if (r)
        return command_fail("%s", failure.text);
    (c->json ? print_json : print_text)(domid, config, a, spans, count);
    return a->console ? attach(domid) : COMMAND_OK;
}

int cmd_create(struct command *c, int argc, char **argv)
{
    struct arguments a = {0};
    struct guest_config config;
    struct diagnostics said = {0};

    if (!parse_arguments(argc, argv, &a))
        return command_usage(c);
    int r = guest_config_load(a.file, a.settings, a.count, &config, &said);
    if (r || !a.quiet)
        diagnostics_print(&said, stderr);
    diagnostics_clear(&said);
    int status = COMMAND_FAILED;
    if (!r && a.dry_run)
        status = printf("%s", config.text) < 0 ? COMMAND_FAILED : COMMAND_OK;
    else if (!r)
        status = create(c, &config, &a);
    guest_config_free(&config);
    return status;
}
