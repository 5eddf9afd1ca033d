/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See list_long.h. Running state comes from the hypervisor and from the domain's store nodes. What a guest was made of
 * comes from the configuration that hvctl create stored, or for a guest of xl from the nodes that xl leaves in /vm.
 */
#include "hvctl/list_long.h"

#include "config/guest_config.h"
#include "guest/stored_config.h"
#include "hvctl/list_devices.h"
#include "libhv/store.h"

#include <stdlib.h>
#include <string.h>

static void print_sched(struct command *c, struct json *j, unsigned id)
{
    struct domain_sched params;
    if (domain_get_sched(c->hv, id, &params))
        return;
    json_object_begin(j, "sched_params");
    json_text(j, "sched", "credit2");
    json_unsigned(j, "weight", params.weight);
    json_unsigned(j, "cap", params.cap);
    json_object_end(j);
}

/* What the tools let a guest have, which is what xl shows; a domain without such nodes (dom0) shows what runs. */
static bool vcpu_is_available(struct command *c, unsigned id, unsigned number)
{
    char *text = c->xs ? store_read(c->xs, XBT_NULL, "/local/domain/%u/cpu/%u/availability", id, number) : NULL;
    struct domain_vcpu vcpu;
    bool available = text ? !strcmp(text, "online") : !domain_get_vcpu(c->hv, id, number, &vcpu) && vcpu.online;
    free(text);
    return available;
}

static void print_vcpus(struct command *c, struct json *j, const domain_info *info)
{
    unsigned vcpus = info->max_vcpu_id == XEN_INVALID_MAX_VCPU_ID ? 0 : info->max_vcpu_id + 1;
    json_unsigned(j, "max_vcpus", vcpus);
    json_array_begin(j, "avail_vcpus");
    for (unsigned i = 0; i < vcpus; i++)
        if (vcpu_is_available(c, info->domain, i))
            json_unsigned(j, NULL, i);
    json_array_end(j);
}

static void print_memory(struct command *c, struct json *j, const domain_info *info)
{
    uint64_t kib;
    bool known = c->xs && store_read_number(c->xs, XBT_NULL, &kib, "/local/domain/%u/memory/static-max", info->domain);
    json_unsigned(j, "max_memkb", known ? kib : info->max_pages * 4);
    known = c->xs && store_read_number(c->xs, XBT_NULL, &kib, "/local/domain/%u/memory/target", info->domain);
    json_unsigned(j, "target_memkb", known ? kib : info->tot_pages * 4);
}

static void print_vm_node(struct command *c, struct json *j, const char *member, const char *uuid, const char *node)
{
    char *text = c->xs ? store_read(c->xs, XBT_NULL, "/vm/%s/image/%s", uuid, node) : NULL;
    if (text)
        json_text(j, member, text);
    free(text);
}

static void print_given(struct json *j, const char *member, const char *text)
{
    if (text)
        json_text(j, member, text);
}

static void print_image(struct command *c, struct json *j, const struct guest_config *guest, const char *uuid)
{
    if (guest) {
        print_given(j, "kernel", guest->kernel);
        print_given(j, "cmdline", guest->cmdline);
        print_given(j, "ramdisk", guest->ramdisk);
    } else {
        print_vm_node(c, j, "kernel", uuid, "kernel");
        print_vm_node(c, j, "cmdline", uuid, "cmdline");
        print_vm_node(c, j, "ramdisk", uuid, "ramdisk");
    }
}

/* Members of xl's that say the same of each of our guests: scripts look for them. */
static void print_fixed(struct json *j)
{
    static const char *const empty[] = {"type.pv", "arch_arm", "arch_x86"};
    json_text(j, "claim_mode", "True");
    for (unsigned i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
        json_object_begin(j, empty[i]);
        json_object_end(j);
    }
}

static void print_policies(struct json *j, const struct guest_config *guest)
{
    json_text(j, "on_poweroff", guest_action_name(guest->on_poweroff));
    json_text(j, "on_reboot", guest_action_name(guest->on_reboot));
    json_text(j, "on_crash", guest_action_name(guest->on_crash));
    json_text(j, "on_watchdog", guest_action_name(guest->on_watchdog));
}

static void print_domain(struct command *c, struct json *j, const domain_info *info)
{
    char uuid[DOMAIN_UUID_SIZE], *name = c->xs ? store_domain_name(c->xs, info->domain) : NULL;
    struct guest_config guest;
    bool ours = c->xs && stored_config_load(c->xs, info->domain, &guest);
    domain_format_uuid(info->handle, uuid);
    json_object_begin(j, NULL);
    json_unsigned(j, "domid", info->domain);
    json_object_begin(j, "config");
    json_object_begin(j, "c_info");
    json_text(j, "type", info->flags & XEN_DOMINF_hvm_guest ? "pvh" : "pv");
    json_text(j, "name", name);
    json_text(j, "uuid", uuid);
    json_text(j, "run_hotplug_scripts", "True");
    json_object_end(j);
    json_object_begin(j, "b_info");
    print_vcpus(c, j, info);
    print_memory(c, j, info);
    print_sched(c, j, info->domain);
    print_image(c, j, ours ? &guest : NULL, uuid);
    print_fixed(j);
    json_object_end(j);
    if (c->xs)
        list_print_devices(c->xs, j, info->domain);
    if (ours)
        print_policies(j, &guest);
    json_object_end(j);
    json_object_end(j);
    if (ours)
        guest_config_free(&guest);
    free(name);
}

void list_print_long(struct command *c, const domain_info *list, int n)
{
    struct json j;
    json_init(&j, stdout, false);
    json_array_begin(&j, NULL);
    for (int i = 0; i < n; i++)
        print_domain(c, &j, &list[i]);
    json_array_end(&j);
}
