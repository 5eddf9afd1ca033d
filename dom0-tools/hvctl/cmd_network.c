/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvctl network-attach, network-detach, network-list: network interfaces of guests that run. */
#include "devices/attach.h"
#include "devices/device_list.h"
#include "hvctl/device_command.h"
#include "libhv/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static void print_heading(void)
{
    printf("%-3s %-2s %-17s %-6s %-5s %-6s %5s/%-5s %-30s\n", "Idx", "BE", "Mac Addr.", "handle", "state", "evt-ch",
           "tx-", "rx-ring-ref", "BE-path");
}

static void print_detached(const struct device_ref *ref, const char *what)
{
    (void)what;
    print_device(ref, "detached", NULL);
}

static const struct device_command network = {
    .class = DEVICE_NET,
    .key = "vif",
    .noun = "interface",
    .list = "network-list",
    .print_heading = print_heading,
    .print_line = print_line,
    .print_json = print_json,
    .print_detached = print_detached,
};

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
        return device_command_bad(&network, (const char *const *)argv + 2, &wrong);
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
    return device_command_detach(c, &network, argc, argv);
}

int cmd_network_list(struct command *c, int argc, char **argv)
{
    return device_command_list(c, &network, argc, argv);
}
