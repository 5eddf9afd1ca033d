/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See status.h. */
#include "manager/status.h"

#include "haven/device_counters.h"
#include "libhv/json.h"
#include "libhv/store.h"
#include "manager/kinds.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct row {
    const char *folder;
    const struct device_kind *kind;
    char *domid, *id, *error;
    uint64_t front, back;
    unsigned worker; /* pid, 0: none */
    struct device_counters counters;
};

static const char *state_name(uint64_t state)
{
    static const char *const names[] = {"none",    "initialising", "init-wait",     "initialised", "connected",
                                        "closing", "closed",       "reconfiguring", "reconfigured"};
    return state < sizeof(names) / sizeof(names[0]) ? names[state] : "?";
}

/* The process whose arguments are PROGRAM DOMID. */
static unsigned find_worker(const char *program, const char *domid)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    unsigned found = 0;
    while (proc && !found && (entry = readdir(proc))) {
        char path[300], text[128] = "";
        snprintf(path, sizeof(path), "/proc/%s/cmdline", entry->d_name);
        int fd = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
        if (fd >= 0)
            close(fd);
        if (n > 0 && !strcmp(text, program) && !strcmp(text + strlen(text) + 1, domid))
            found = (unsigned)strtoul(entry->d_name, NULL, 10);
    }
    if (proc)
        closedir(proc);
    return found;
}

static const char *program_of(struct xs_handle *xs, const struct row *r)
{
    struct device d = {.kind = r->kind, .xs = xs};
    snprintf(d.back, sizeof(d.back), KINDS_BACKEND "/%s/%.20s/%.20s", r->folder, r->domid, r->id);
    return r->kind->worker_of ? r->kind->worker_of(&d) : r->kind->worker;
}

static void read_counters(struct row *r)
{
    char path[128];
    snprintf(path, sizeof(path), DEVICE_COUNTERS_DIR "/%.20s/%s-%.20s", r->domid, r->kind->name, r->id);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (read(fd, &r->counters, sizeof(r->counters)) != sizeof(r->counters))
        memset(&r->counters, 0, sizeof(r->counters));
    close(fd);
}

static void read_row(struct xs_handle *xs, struct row *r)
{
    char *front = store_read(xs, XBT_NULL, KINDS_BACKEND "/%s/%s/%s/frontend", r->folder, r->domid, r->id);
    r->error = store_read(xs, XBT_NULL, KINDS_BACKEND "/%s/%s/%s/error", r->folder, r->domid, r->id);
    store_read_number(xs, XBT_NULL, &r->back, KINDS_BACKEND "/%s/%s/%s/state", r->folder, r->domid, r->id);
    if (front)
        store_read_number(xs, XBT_NULL, &r->front, "%s/state", front);
    free(front);
    r->worker = find_worker(program_of(xs, r), r->domid);
    read_counters(r);
}

static void print_row(FILE *out, struct json *j, const struct row *r)
{
    if (!j) {
        fprintf(out, "%5s %-9s %7s %-13s %-13s %7u %12llu %12llu  %s\n", r->domid, r->folder, r->id,
                state_name(r->back), state_name(r->front), r->worker, (unsigned long long)r->counters.read_bytes,
                (unsigned long long)r->counters.written_bytes, r->error ? r->error : "");
        return;
    }
    json_object_begin(j, NULL);
    json_unsigned(j, "domid", strtoul(r->domid, NULL, 10));
    json_text(j, "folder", r->folder);
    json_text(j, "kind", r->kind->name);
    json_unsigned(j, "id", strtoul(r->id, NULL, 10));
    json_text(j, "backend_state", state_name(r->back));
    json_text(j, "frontend_state", state_name(r->front));
    json_text(j, "error", r->error);
    json_unsigned(j, "worker", r->worker);
    json_unsigned(j, "read_requests", r->counters.read_requests);
    json_unsigned(j, "written_requests", r->counters.written_requests);
    json_unsigned(j, "read_bytes", r->counters.read_bytes);
    json_unsigned(j, "written_bytes", r->counters.written_bytes);
    json_unsigned(j, "other_requests", r->counters.other_requests);
    json_unsigned(j, "errors", r->counters.errors);
    json_object_end(j);
}

static void print_guest(FILE *out, struct json *j, struct xs_handle *xs, const struct served_folder *folder,
                        char *domid)
{
    char path[128];
    unsigned n = 0;
    snprintf(path, sizeof(path), KINDS_BACKEND "/%s/%.40s", folder->name, domid);
    char **ids = xs_directory(xs, XBT_NULL, path, &n);
    for (unsigned i = 0; ids && i < n; i++) {
        struct row row = {.folder = folder->name, .kind = folder->kind, .domid = domid, .id = ids[i]};
        read_row(xs, &row);
        print_row(out, j, &row);
        free(row.error);
    }
    free(ids);
}

static void print_folder(FILE *out, struct json *j, struct xs_handle *xs, const struct served_folder *folder)
{
    char path[128];
    unsigned n = 0;
    snprintf(path, sizeof(path), KINDS_BACKEND "/%s", folder->name);
    char **domids = xs_directory(xs, XBT_NULL, path, &n);
    for (unsigned i = 0; domids && i < n; i++)
        print_guest(out, j, xs, folder, domids[i]);
    free(domids);
}

int status_print(FILE *out, bool as_json, const struct served_folder *folders, unsigned count)
{
    struct xs_handle *xs = store_open();
    struct json json, *j = as_json ? &json : NULL;
    if (!xs) {
        fprintf(stderr, "hvdriverd: can't reach the store: %s (is xenstored running?)\n", strerror(errno));
        return 1;
    }
    json_init(&json, out, false);
    if (j)
        json_array_begin(j, NULL);
    else
        fprintf(out, "%5s %-9s %7s %-13s %-13s %7s %12s %12s  %s\n", "DOMID", "KIND", "ID", "BACKEND", "FRONTEND",
                "WORKER", "BYTES READ", "WRITTEN", "ERROR");
    for (unsigned i = 0; i < count; i++)
        print_folder(out, j, xs, &folders[i]);
    if (j)
        json_array_end(j);
    xs_close(xs);
    return ferror(out) || fflush(out) ? 1 : 0;
}
