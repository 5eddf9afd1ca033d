/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvctl network-attach, network-detach, network-list: network interfaces of guests that run. */
#include "devices/attach.h"
#include "devices/device_list.h"
#include "hvctl/command.h"
#include "libhv/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int bad_specification(const char *const *words, const struct spec_error *error)
{
    return command_fail("vif: %s\n  %s\n  %*s^", error->text, words[error->string], (int)error->at, "");
}

static void print_device(const struct device_ref *ref, const char *what, const uint8_t mac[6])
{
    char text[VIF_MAC_TEXT];
    struct json j;

    json_init(&j, stdout, false);
    json_object_begin(&j, NULL);
    json_unsigned(&j, what, ref->domid);
    json_unsigned(&j, "devid", ref->id);
    if (mac) {
        vif_mac_format(mac, text);
        json_text(&j, "mac", text);
    }
    json_text(&j, "backend", ref->back);
    json_object_end(&j);
}

int cmd_network_attach(struct command *c, int argc, char **argv)
{
    struct failure failure = {""};
    struct spec_error wrong;
    struct vif_config vif;
    struct device_ref ref;
    domain_info info;

    if (argc < 2 || argv[1][0] == '-')
        return command_usage(c);
    if (vif_parse((const char *const *)argv + 2, (unsigned)argc - 2, &vif, &wrong))
        return bad_specification((const char *const *)argv + 2, &wrong);
    int domid = command_find_domain_info(c, argv[1], &info);
    struct xs_handle *xs = domid < 0 ? NULL : command_store(c);
    if (!xs)
        return COMMAND_FAILED;
    if (domid == 0)
        return command_fail("domain 0 gets no interfaces: it has the machine's own");
    if (attach_vif(xs, (unsigned)domid, &vif, info.handle, &ref, &failure))
        return command_fail("%s", failure.text);
    if (c->json)
        print_device(&ref, "attached", vif.mac);
    return COMMAND_OK;
}

int cmd_network_detach(struct command *c, int argc, char **argv)
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
    int domid = command_find_domain(c, words[0]);
    struct xs_handle *xs = domid < 0 ? NULL : command_store(c);
    if (!xs)
        return COMMAND_FAILED;
    if (!device_find(xs, (unsigned)domid, DEVICE_NET, words[1], &ref))
        return command_fail("domain %s has no interface %s (\"hvctl network-list %s\" shows all)", words[0], words[1],
                            words[0]);
    if (detach(xs, &ref, force, &failure))
        return command_fail("vif %s: %s%s", words[1], failure.text,
                            force ? "" : " (--force takes it away all the same)");
    if (c->json)
        print_device(&ref, "detached", NULL);
    return COMMAND_OK;
}

static void print_json(struct xs_handle *xs, struct json *j, const struct device_ref *ref)
{
    char path[DEVICE_PATH_MAX], *mac = device_read_back(xs, ref, "mac"), *bridge = device_read_back(xs, ref, "bridge");
    char *name = device_read_back(xs, ref, "vifname"), *ip = device_read_back(xs, ref, "ip");
    char *rate = device_read_back(xs, ref, "rate"), *reason = device_read_back(xs, ref, "hotplug-error");

    device_ref_back(ref, path);
    json_object_begin(j, NULL);
    json_unsigned(j, "domid", ref->domid);
    json_unsigned(j, "devid", ref->id);
    json_text(j, "mac", mac);
    json_text(j, "bridge", bridge);
    json_text(j, "vifname", name);
    json_text(j, "ip", ip);
    json_text(j, "rate", rate);
    json_text(j, "backend", ref->back);
    json_text(j, "backend_path", path);
    json_unsigned(j, "backend_domid", 0);
    json_text(j, "backend_state", device_state_name(device_back_state(xs, ref)));
    json_text(j, "frontend_state", device_state_name(device_front_state(xs, ref)));
    json_signed(j, "event_channel", device_front_number(xs, ref, "event-channel", -1));
    json_signed(j, "tx_ring_ref", device_front_number(xs, ref, "tx-ring-ref", -1));
    json_signed(j, "rx_ring_ref", device_front_number(xs, ref, "rx-ring-ref", -1));
    if (reason)
        json_text(j, "error", reason);
    json_object_end(j);
    free(mac);
    free(bridge);
    free(name);
    free(ip);
    free(rate);
    free(reason);
}

static void print_line(struct xs_handle *xs, const struct device_ref *ref)
{
    char path[DEVICE_PATH_MAX], *mac = device_read_back(xs, ref, "mac");

    device_ref_back(ref, path);
    printf("%-3" PRIu32 " %-2d %-17s%6" PRIu32 " %5d %6" PRId64 " %5" PRId64 "/%-11" PRId64 " %-30s\n", ref->id, 0,
           mac ? mac : "", ref->id, (int)device_front_state(xs, ref), device_front_number(xs, ref, "event-channel", -1),
           device_front_number(xs, ref, "tx-ring-ref", -1), device_front_number(xs, ref, "rx-ring-ref", -1), path);
    free(mac);
}

int cmd_network_list(struct command *c, int argc, char **argv)
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
        printf("%-3s %-2s %-17s %-6s %-5s %-6s %5s/%-5s %-30s\n", "Idx", "BE", "Mac Addr.", "handle", "state", "evt-ch",
               "tx-", "rx-ring-ref", "BE-path");
    for (int i = 1; i < argc; i++) {
        int domid = command_find_domain(c, argv[i]);
        int n = domid < 0 ? 0 : device_list(xs, XBT_NULL, (unsigned)domid, DEVICE_NET, &list);
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
