/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See page_holders.h. */
#include "hvctl/page_holders.h"

#include "libhv/store.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Where suspects are told: text or JSON. */
struct report {
    FILE *out;
    struct json *json;
};

static void tell_back_end(struct report *r, const char *domain, const char *kind, const char *device)
{
    if (!r->json) {
        fprintf(r->out, "  back end %s %s in domain %s\n", kind, device, domain);
        return;
    }
    json_object_begin(r->json, NULL);
    json_text(r->json, "backend_domain", domain);
    json_text(r->json, "kind", kind);
    json_text(r->json, "device", device);
    json_object_end(r->json);
}

static void tell_program(struct report *r, const char *pid, const char *name, const char *device)
{
    if (!r->json) {
        fprintf(r->out, "  program %s (process %s) has pages mapped through %s\n", name, pid, device);
        return;
    }
    json_object_begin(r->json, NULL);
    json_text(r->json, "program", name);
    json_unsigned(r->json, "pid", strtoul(pid, NULL, 10));
    json_text(r->json, "device", device);
    json_object_end(r->json);
}

/* The entries of a store directory; NULL if there are none. */
static char **directory(struct xs_handle *xs, unsigned *n, const char *a, const char *domain, const char *b,
                        const char *kind, const char *c)
{
    char path[512];
    *n = 0;
    if (snprintf(path, sizeof(path), "%s%s%s%s%s", a, domain, b, kind, c) >= (int)sizeof(path))
        return NULL;
    return xs_directory(xs, XBT_NULL, path, n);
}

static void find_back_ends(struct report *r, struct xs_handle *xs, unsigned id)
{
    unsigned domains, kinds, devices;
    char tail[16], **domain = directory(xs, &domains, "/local/domain", "", "", "", "");
    snprintf(tail, sizeof(tail), "/%u", id);
    for (unsigned d = 0; d < domains; d++) {
        char **kind = directory(xs, &kinds, "/local/domain/", domain[d], "/backend", "", "");
        for (unsigned k = 0; k < kinds; k++) {
            char **device = directory(xs, &devices, "/local/domain/", domain[d], "/backend/", kind[k], tail);
            for (unsigned i = 0; i < devices; i++)
                tell_back_end(r, domain[d], kind[k], device[i]);
            free(device);
        }
        free(kind);
    }
    free(domain);
}

/* The device of Xen's through which a process has memory mapped, or NULL. */
static const char *mapped_device(const char *pid)
{
    static const char *const devices[] = {"/dev/xen/privcmd", "/dev/xen/gntdev", "/proc/xen/privcmd"};
    char path[300], line[512];
    const char *found = NULL;
    snprintf(path, sizeof(path), "/proc/%s/maps", pid);
    FILE *maps = fopen(path, "re");
    while (maps && !found && fgets(line, sizeof(line), maps))
        for (unsigned i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
            if (strstr(line, devices[i]))
                found = devices[i];
    if (maps)
        fclose(maps);
    return found;
}

static void find_programs(struct report *r)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    while (proc && (entry = readdir(proc))) {
        const char *device = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' ? mapped_device(entry->d_name) : NULL;
        if (!device)
            continue;
        char path[300], name[64] = "?";
        snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
        FILE *comm = fopen(path, "re");
        if (comm && fgets(name, sizeof(name), comm))
            name[strcspn(name, "\n")] = 0;
        if (comm)
            fclose(comm);
        tell_program(r, entry->d_name, name, device);
    }
    if (proc)
        closedir(proc);
}

void page_holders_print(FILE *out, struct xs_handle *xs, const domain_info *info)
{
    struct report r = {.out = out};
    fprintf(out, "Domain %u is dead, but %" PRIu64 " of its pages are still held. Who may hold them:\n", info->domain,
            (uint64_t)info->tot_pages);
    if (xs)
        find_back_ends(&r, xs, info->domain);
    find_programs(&r);
}

void page_holders_json(struct json *j, struct xs_handle *xs, const domain_info *info)
{
    struct report r = {.json = j};
    json_array_begin(j, "held_by");
    if (xs)
        find_back_ends(&r, xs, info->domain);
    find_programs(&r);
    json_array_end(j);
}
