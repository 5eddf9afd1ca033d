/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvctl block-attach, block-detach, block-list, block-resize: disks of guests that run. */
#include "devices/attach.h"
#include "devices/device_list.h"
#include "hvctl/command.h"
#include "libhv/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The reason, and where in the argument it stands. */
static int bad_specification(const char *const *words, const struct spec_error *error)
{
    return command_fail("disk: %s\n  %s\n  %*s^", error->text, words[error->string], (int)error->at, "");
}

static void print_device(const struct device_ref *ref, const char *what, const char *vdev)
{
    struct json j;

    json_init(&j, stdout, false);
    json_object_begin(&j, NULL);
    json_unsigned(&j, what, ref->domid);
    json_text(&j, "vdev", vdev);
    json_unsigned(&j, "device", ref->id);
    json_text(&j, "backend", ref->back);
    json_object_end(&j);
}

int cmd_block_attach(struct command *c, int argc, char **argv)
{
    struct failure failure = {""};
    struct spec_error wrong;
    struct disk_config disk;
    struct device_ref ref;

    if (argc < 3)
        return command_usage(c);
    if (disk_parse((const char *const *)argv + 2, (unsigned)argc - 2, &disk, &wrong))
        return bad_specification((const char *const *)argv + 2, &wrong);
    int domid = command_find_domain(c, argv[1]);
    struct xs_handle *xs = domid < 0 ? NULL : command_store(c);
    int status = xs ? COMMAND_OK : COMMAND_FAILED;
    if (xs && domid == 0)
        status = command_fail("domain 0 gets no disks: it has the machine's own");
    else if (xs && attach_disk(xs, (unsigned)domid, &disk, &ref, &failure))
        status = command_fail("%s", failure.text);
    else if (xs && c->json)
        print_device(&ref, "attached", disk.vdev);
    disk_free(&disk);
    return status;
}

/* The disk that who and what name. NULL after a message; it is the store else. */
static struct xs_handle *find_disk(struct command *c, const char *who, const char *what, struct device_ref *ref)
{
    int domid = command_find_domain(c, who);
    struct xs_handle *xs = domid < 0 ? NULL : command_store(c);

    if (!xs)
        return NULL;
    if (device_find(xs, (unsigned)domid, DEVICE_BLOCK, what, ref))
        return xs;
    command_fail("domain %s has no disk %s (\"hvctl block-list %s\" shows all)", who, what, who);
    return NULL;
}

int cmd_block_detach(struct command *c, int argc, char **argv)
{
    struct failure failure = {""};
    struct device_ref ref;
    char *words[3] = {NULL};
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
    struct xs_handle *xs = find_disk(c, words[0], words[1], &ref);
    if (!xs)
        return COMMAND_FAILED;
    if (detach(xs, &ref, force, &failure))
        return command_fail("disk %s: %s%s", words[1], failure.text,
                            force ? "" : " (--force takes it away all the same)");
    if (c->json)
        print_device(&ref, "detached", words[1]);
    return COMMAND_OK;
}

static void print_json(struct xs_handle *xs, struct json *j, const struct device_ref *ref)
{
    char path[DEVICE_PATH_MAX], *vdev = device_read_back(xs, ref, "dev"), *params = device_read_back(xs, ref, "params");
    char *mode = device_read_back(xs, ref, "mode"), *format = device_read_back(xs, ref, "format");
    char *type = device_read_back(xs, ref, "device-type"), *reason = device_read_back(xs, ref, "hotplug-error");

    device_ref_back(ref, path);
    json_object_begin(j, NULL);
    json_unsigned(j, "domid", ref->domid);
    json_unsigned(j, "device", ref->id);
    json_text(j, "vdev", vdev);
    json_text(j, "target", params);
    json_text(j, "format", format);
    json_text(j, "mode", mode);
    json_text(j, "type", type);
    json_text(j, "backend", ref->back);
    json_text(j, "backend_path", path);
    json_unsigned(j, "backend_domid", 0);
    json_text(j, "backend_state", device_state_name(device_back_state(xs, ref)));
    json_text(j, "frontend_state", device_state_name(device_front_state(xs, ref)));
    json_signed(j, "event_channel", device_front_number(xs, ref, "event-channel", -1));
    json_signed(j, "ring_ref", device_front_number(xs, ref, "ring-ref", -1));
    json_unsigned(j, "bytes", (uint64_t)device_back_number(xs, ref, "sectors", 0) * 512);
    if (reason)
        json_text(j, "error", reason);
    json_object_end(j);
    free(vdev);
    free(params);
    free(mode);
    free(format);
    free(type);
    free(reason);
}

/* xl's columns; the handle is the domain's id there. */
static void print_line(struct xs_handle *xs, const struct device_ref *ref)
{
    char path[DEVICE_PATH_MAX];

    device_ref_back(ref, path);
    printf("%-5" PRIu32 " %-3d %-6u %-5d %-6" PRId64 " %-8" PRId64 " %-30s\n", ref->id, 0, ref->domid,
           (int)device_front_state(xs, ref), device_front_number(xs, ref, "event-channel", -1),
           device_front_number(xs, ref, "ring-ref", -1), path);
}

int cmd_block_list(struct command *c, int argc, char **argv)
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
        printf("%-5s %-3s %-6s %-5s %-6s %-8s %-30s\n", "Vdev", "BE", "handle", "state", "evt-ch", "ring-ref",
               "BE-path");
    for (int i = 1; i < argc; i++) {
        int domid = command_find_domain(c, argv[i]);
        int n = domid < 0 ? 0 : device_list(xs, XBT_NULL, (unsigned)domid, DEVICE_BLOCK, &list);
        if (domid < 0 || n < 0) {
            status = COMMAND_FAILED;
            continue;
        }
        for (int k = 0; k < n; k++)
            if (c->json)
                print_json(xs, &j, &list[k]);
            else
                print_line(xs, &list[k]);
        free(list);
    }
    if (c->json)
        json_array_end(&j);
    return status;
}

/* 20G, 512M, 1048576 (bytes): sizes of disks. A whole number of sectors. */
static bool parse_bytes(const char *text, uint64_t *bytes)
{
    static const char letters[] = "bkmgt";
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    *bytes = strtoull(text, &end, 10);
    char letter = *end ? (char)(*end | 0x20) : 'b';
    const char *found = strchr(letters, letter);
    if (!found || (*end && end[1]))
        return false;
    unsigned shift = 10 * (unsigned)(found - letters);
    if (*bytes > (uint64_t)INT64_MAX >> shift)
        return false;
    *bytes <<= shift;
    return *bytes && *bytes % 512 == 0;
}

int cmd_block_resize(struct command *c, int argc, char **argv)
{
    struct failure failure = {""};
    struct device_ref ref;
    uint64_t bytes = 0, now = 0;
    int first = argc > 1 && strcmp(argv[1], "--shrink") == 0 ? 2 : 1;

    if (argc - first < 2 || argc - first > 3)
        return command_usage(c);
    if (argc - first == 3 && !parse_bytes(argv[first + 2], &bytes))
        return command_fail("size '%s': a number of bytes, or with k, m, g or t, in whole sectors of 512 bytes",
                            argv[first + 2]);
    struct xs_handle *xs = find_disk(c, argv[first], argv[first + 1], &ref);
    if (!xs)
        return COMMAND_FAILED;
    uint64_t before = (uint64_t)device_back_number(xs, &ref, "sectors", 0) * 512;
    if (first == 1 && bytes && bytes < before)
        return command_fail("disk %s has %" PRIu64
                            " bytes: making it smaller loses what is at its end (--shrink does it)",
                            argv[first + 1], before);
    if (attach_resize(xs, &ref, bytes, &now, &failure))
        return command_fail("disk %s: %s", argv[first + 1], failure.text);
    if (c->json)
        printf("{\"resized\": %u, \"device\": %" PRIu32 ", \"bytes\": %" PRIu64 "}\n", ref.domid, ref.id, now);
    else
        printf("disk %s has %" PRIu64 " bytes\n", argv[first + 1], now);
    return COMMAND_OK;
}
