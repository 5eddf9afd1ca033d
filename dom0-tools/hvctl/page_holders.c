/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See page_holders.h. */
#include "hvctl/page_holders.h"

#include "haven/grant_users.h"
#include "libhv/store.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where holders are told: text or JSON; and by which of the two ways dom0 may hold pages. */
struct report {
    FILE *out;
    struct json *json;
    bool by_grant, as_foreign;
};

/* What a process has mapped through a device of Xen's. */
struct mapped {
    const char *device;
    uint64_t pages;
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

static void tell_program(struct report *r, const char *pid, const char *command, const struct mapped *mapped)
{
    if (!r->json) {
        fprintf(r->out, "  program %s (process %s) has %" PRIu64 " page%s of other domains mapped through %s\n",
                command, pid, mapped->pages, mapped->pages == 1 ? "" : "s", mapped->device);
        return;
    }
    json_object_begin(r->json, NULL);
    json_text(r->json, "program", command);
    json_unsigned(r->json, "pid", strtoul(pid, NULL, 10));
    json_text(r->json, "device", mapped->device);
    json_unsigned(r->json, "pages", mapped->pages);
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

/* Adds up what lies in one line of a process's map. */
static void add_line(const struct report *r, const char *line, struct mapped *mapped)
{
    static const struct {
        const char *name;
        bool foreign;
    } devices[] = {{"/dev/xen/privcmd", true}, {"/proc/xen/privcmd", true}, {"/dev/xen/gntdev", false}};
    uint64_t from, to;

    for (unsigned i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
        if (!(devices[i].foreign ? r->as_foreign : r->by_grant) || !strstr(line, devices[i].name) ||
            sscanf(line, "%" SCNx64 "-%" SCNx64, &from, &to) != 2)
            continue;
        mapped->device = devices[i].name;
        mapped->pages += (to - from) / 4096;
    }
}

static struct mapped find_mapped(const struct report *r, const char *pid)
{
    struct mapped mapped = {0};
    char path[300], line[512];

    snprintf(path, sizeof(path), "/proc/%s/maps", pid);
    FILE *maps = fopen(path, "re");
    while (maps && fgets(line, sizeof(line), maps))
        add_line(r, line, &mapped);
    if (maps)
        fclose(maps);
    return mapped;
}

/* The beginning of a process's command line. */
static void read_command(const char *pid, char *command, size_t size)
{
    char path[300];

    snprintf(path, sizeof(path), "/proc/%s/cmdline", pid);
    FILE *file = fopen(path, "re");
    size_t length = file ? fread(command, 1, size - 1, file) : 0;
    if (file)
        fclose(file);
    while (length && !command[length - 1])
        length--;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)command[i] < ' ')
            command[i] = ' ';
    command[length] = 0;
}

static void find_programs(struct report *r)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    char command[100];

    while (proc && (entry = readdir(proc))) {
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
            continue;
        struct mapped mapped = find_mapped(r, entry->d_name);
        if (!mapped.pages || strtoul(entry->d_name, NULL, 10) == (unsigned long)getpid())
            continue;
        read_command(entry->d_name, command, sizeof(command));
        tell_program(r, entry->d_name, command[0] ? command : "?", &mapped);
    }
    if (proc)
        closedir(proc);
}

/* Who uses the domain's grants; false where the hypervisor does not tell. */
static bool ask_users(struct hypervisor *hv, const domain_info *info, struct haven_grant_users *users)
{
    struct xen_domctl op = {.cmd = HAVEN_DOMCTL_GRANT_USERS, .domain = info->domain};

    if (!hv || !hypervisor_is_haven(hv) || hypervisor_domctl(hv, &op))
        return false;
    memcpy(users, op.u.pad, sizeof(*users));
    return users->count <= HAVEN_GRANT_USERS_MAX;
}

/* How the pages are held; *foreign: how many of them as foreign memory. If nobody knows dom0 may hold them both ways.
 */
static bool read_users(struct report *r, struct hypervisor *hv, const domain_info *info,
                       struct haven_grant_users *users, uint64_t *foreign)
{
    *foreign = 0;
    r->by_grant = r->as_foreign = true;
    if (!ask_users(hv, info, users))
        return false;
    *foreign = info->tot_pages > users->used ? info->tot_pages - users->used : 0;
    r->as_foreign = *foreign > 0;
    r->by_grant = false;
    for (unsigned i = 0; i < users->count; i++)
        r->by_grant |= users->user[i].domid == 0;
    return true;
}

void page_holders_print(FILE *out, struct hypervisor *hv, struct xs_handle *xs, const domain_info *info)
{
    struct report r = {.out = out};
    struct haven_grant_users users;
    uint64_t foreign;
    bool known = read_users(&r, hv, info, &users, &foreign);

    fprintf(out, "Domain %u is dead, but %" PRIu64 " of its pages are still held%s\n", info->domain,
            (uint64_t)info->tot_pages, known ? ":" : ". Who may hold them:");
    for (unsigned i = 0; known && i < users.count; i++)
        fprintf(out, "  %u by domain %u, through grants\n", users.user[i].grants, users.user[i].domid);
    if (foreign)
        fprintf(out, "  %" PRIu64 " as foreign memory, by a control domain\n", foreign);
    if (xs)
        find_back_ends(&r, xs, info->domain);
    find_programs(&r);
}

void page_holders_json(struct json *j, struct hypervisor *hv, struct xs_handle *xs, const domain_info *info)
{
    struct report r = {.json = j};
    struct haven_grant_users users;
    uint64_t foreign;

    if (read_users(&r, hv, info, &users, &foreign)) {
        json_array_begin(j, "grant_users");
        for (unsigned i = 0; i < users.count; i++) {
            json_object_begin(j, NULL);
            json_unsigned(j, "domid", users.user[i].domid);
            json_unsigned(j, "grants", users.user[i].grants);
            json_object_end(j);
        }
        json_array_end(j);
        json_unsigned(j, "foreign_pages", foreign);
    }
    json_array_begin(j, "held_by");
    if (xs)
        find_back_ends(&r, xs, info->domain);
    find_programs(&r);
    json_array_end(j);
}
