/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvctl block-attach, block-detach, block-list, block-resize: disks of guests that run. */
#include "devices/attach.h"
#include "devices/device_list.h"
#include "hvctl/device_command.h"
#include "libhv/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static void print_heading(void)
{
    printf("%-5s %-3s %-6s %-5s %-6s %-8s %-30s\n", "Vdev", "BE", "handle", "state", "evt-ch", "ring-ref", "BE-path");
}

static void print_detached(const struct device_ref *ref, const char *what)
{
    print_device(ref, "detached", what);
}

static const struct device_command block = {
    .class = DEVICE_BLOCK,
    .key = "disk",
    .noun = "disk",
    .list = "block-list",
    .print_heading = print_heading,
    .print_line = print_line,
    .print_json = print_json,
    .print_detached = print_detached,
};

int cmd_block_attach(struct command *c, int argc, char **argv)
{
    struct failure failure = {""};
    struct spec_error wrong;
    struct disk_config disk;
    struct device_ref ref;

    if (argc < 3)
        return command_usage(c);
    if (disk_parse((const char *const *)argv + 2, (unsigned)argc - 2, &disk, &wrong))
        return device_command_bad(&block, (const char *const *)argv + 2, &wrong);
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

int cmd_block_detach(struct command *c, int argc, char **argv)
{
    return device_command_detach(c, &block, argc, argv);
}

int cmd_block_list(struct command *c, int argc, char **argv)
{
    return device_command_list(c, &block, argc, argv);
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
    struct xs_handle *xs = device_command_find(c, &block, argv[first], argv[first + 1], &ref);
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
