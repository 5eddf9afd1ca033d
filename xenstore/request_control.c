/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See request.h: CONTROL, the administrator's requests: a command and its parameters. */
#include "xenstore/request.h"

#include "xenstore/connection.h"
#include "xenstore/log.h"
#include "xenstore/memory.h"
#include "xenstore/transaction.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARAMETERS_MAX 5

struct text {
    char bytes[XENSTORE_PAYLOAD_MAX];
    size_t used;
};

static void __attribute__((format(printf, 2, 3))) text_add(struct text *text, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    int n = vsnprintf(text->bytes + text->used, sizeof(text->bytes) - text->used, format, ap);
    va_end(ap);
    if (n > 0)
        text->used += n;
    if (text->used >= sizeof(text->bytes))
        text->used = sizeof(text->bytes) - 1;
}

static int text_reply(struct request *request, const struct text *text)
{
    return request_reply(request, text->bytes, text->used + 1);
}

static char *trace_path;

static bool check_node(void *context, const struct path *path, struct node *node)
{
    unsigned long *wrong = context, counted = 0;
    size_t length = 0;
    struct node *child;

    for (unsigned i = 0; (child = node_next_child(node, &i)); counted++)
        length += child->name_length + 1;
    if (counted != node_child_count(node) || length != node_listing_length(node) || !node->references ||
        (path->depth && node->hash != path_prefix_hash(path, path->depth)))
        ++*wrong;
    return true;
}

static int control_check(struct request *request, char **parameters, size_t count)
{
    unsigned long wrong = 0;
    (void)parameters;

    if (count)
        return EINVAL;
    store_walk(&request->store->tree, check_node, &wrong);
    if (!wrong)
        return request_acknowledge(request);
    log_line(LOG_LEVEL_ERROR, "check: %lu nodes are inconsistent: a fault of xenstored, please report it", wrong);
    return EIO;
}

static int control_log(struct request *request, char **parameters, size_t count)
{
    if (count != 1)
        return EINVAL;
    if (!strcmp(parameters[0], "off"))
        log_trace_close();
    else if (strcmp(parameters[0], "on"))
        return EINVAL;
    else if (trace_path && !log_trace_open(trace_path))
        return EINVAL;
    return request_acknowledge(request);
}

static int control_logfile(struct request *request, char **parameters, size_t count)
{
    if (count != 1)
        return EINVAL;
    if (!log_trace_open(parameters[0]))
        return errno;
    free(trace_path);
    trace_path = memory_copy(parameters[0], strlen(parameters[0]) + 1);
    return request_acknowledge(request);
}

static bool count_node(void *context, const struct path *path, struct node *node)
{
    unsigned long *counts = context;
    (void)path;
    counts[0]++;
    counts[1] += node_cost(node);
    return true;
}

static void write_memreport(const struct store *store, FILE *file)
{
    unsigned long counts[2] = {0};

    store_walk(&store->tree, count_node, counts);
    fprintf(file, "nodes: %lu, %lu bytes\nwatches: %u\nrequests: %llu\ntransactions tried again: %llu\n", counts[0],
            counts[1], store->watches.count, (unsigned long long)store->requests, (unsigned long long)store->conflicts);
    for (unsigned domid = 0; domid < store->quota.domains; domid++) {
        const struct usage *usage = quota_look(&store->quota, domid);
        if (usage)
            fprintf(file, "domain %u: %ld nodes, %u watches, %u transactions, %ld bytes\n", domid, usage->nodes,
                    usage->watches, usage->transactions, usage->memory);
    }
}

/* The report as the answer, as much of it as one has room for. */
static int reply_memreport(struct request *request)
{
    char *report = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&report, &size);

    if (!file)
        return ENOMEM;
    write_memreport(request->store, file);
    if (fclose(file) != 0) {
        free(report);
        return ENOMEM;
    }
    if (size > XENSTORE_PAYLOAD_MAX - 1)
        size = XENSTORE_PAYLOAD_MAX - 1;
    report[size] = '\0';
    int error = request_reply(request, report, size + 1);
    free(report);
    return error;
}

/* Without a file the trace's, and where nothing is traced, to who asked. */
static int control_memreport(struct request *request, char **parameters, size_t count)
{
    const char *path = count ? parameters[0] : trace_path;

    if (count > 1)
        return EINVAL;
    if (!path)
        return reply_memreport(request);
    FILE *file = fopen(path, "ae");
    if (!file)
        return EBADF;
    write_memreport(request->store, file);
    fclose(file);
    return request_acknowledge(request);
}

static int control_print(struct request *request, char **parameters, size_t count)
{
    if (count != 1)
        return EINVAL;
    log_line(LOG_LEVEL_INFO, "control: %s", parameters[0]);
    return request_acknowledge(request);
}

static int quota_show(struct request *request, bool soft)
{
    struct text text = {.used = 0};

    text_add(&text, "Quota settings:\n");
    for (int i = 0; i < QUOTA_KINDS; i++)
        if (soft == (i == QUOTA_MEMORY_SOFT))
            text_add(&text, "%-17s: %8ld %s\n", quota_settings[i].name, request->store->quota.limit[i],
                     quota_settings[i].description);
    return text_reply(request, &text);
}

static int quota_show_domain(struct request *request, const char *domid_text)
{
    char *end;
    unsigned long domid = strtoul(domid_text, &end, 10);
    struct text text = {.used = 0};

    if (*end || end == domid_text)
        return EINVAL;
    const struct usage *usage = domid < QUOTA_DOMAINS ? quota_look(&request->store->quota, domid) : NULL;
    if (!usage)
        return ENOENT;
    text_add(&text, "Domain %lu:\n", domid);
    text_add(&text, "%-16s: %8ld\n", "nodes", usage->nodes);
    text_add(&text, "%-16s: %8u\n", "watches", usage->watches);
    text_add(&text, "%-16s: %8u\n", "transactions", usage->transactions);
    text_add(&text, "%-16s: %8u\n", "outstanding", usage->outstanding);
    text_add(&text, "%-16s: %8ld\n", "memory", usage->memory);
    return text_reply(request, &text);
}

static int quota_command(struct request *request, char **parameters, size_t count, bool soft)
{
    if (!count)
        return quota_show(request, soft);
    if (strcmp(parameters[0], "set"))
        return count == 1 && !soft ? quota_show_domain(request, parameters[0]) : EINVAL;
    if (count != 3 || !store_set_quota(request->store, parameters[1], soft, atol(parameters[2])))
        return EINVAL;
    return request_acknowledge(request);
}

static int control_quota(struct request *request, char **parameters, size_t count)
{
    return quota_command(request, parameters, count, false);
}

static int control_quota_soft(struct request *request, char **parameters, size_t count)
{
    return quota_command(request, parameters, count, true);
}

static int control_live_update(struct request *request, char **parameters, size_t count)
{
    static const char reason[] =
        "live-update is not needed: the server keeps its state in its journal. Install the new "
        "xenstored and restart it; connections of domains go on, those of sockets reconnect.";
    (void)parameters;
    (void)count;
    return request_reply(request, reason, sizeof(reason));
}

static int control_help(struct request *request, char **parameters, size_t count);

static const struct {
    const char *name;
    int (*run)(struct request *request, char **parameters, size_t count);
    const char *parameters;
} commands[] = {
    {"check", control_check, ""},
    {"log", control_log, "on|off"},
    {"live-update", control_live_update, "(refused: restart xenstored instead, nothing is lost)"},
    {"logfile", control_logfile, "<file>"},
    {"memreport", control_memreport, "[<file>]"},
    {"print", control_print, "<string>"},
    {"quota", control_quota, "[set <name> <val>|<domid>]"},
    {"quota-soft", control_quota_soft, "[set <name> <val>]"},
    {"help", control_help, ""},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int control_help(struct request *request, char **parameters, size_t count)
{
    struct text text = {.used = 0};

    (void)parameters;
    if (count)
        return EINVAL;
    for (size_t i = 0; i < COMMANDS; i++)
        text_add(&text, "%s\t%s\n", commands[i].name, commands[i].parameters);
    return text_reply(request, &text);
}

int request_control(struct request *request)
{
    struct wire_string strings[PARAMETERS_MAX + 1];
    char *parameters[PARAMETERS_MAX];
    size_t count = wire_strings(request->payload, request->length, strings, PARAMETERS_MAX + 1);

    if (!count || count > PARAMETERS_MAX + 1)
        return EINVAL;
    for (size_t i = 1; i < count; i++)
        parameters[i - 1] = (char *)strings[i].text; /* all terminated; nobody writes to them */
    for (size_t i = 0; i < COMMANDS; i++)
        if (!strcmp(strings[0].text, commands[i].name))
            return commands[i].run(request, parameters, count - 1);
    return EINVAL;
}
