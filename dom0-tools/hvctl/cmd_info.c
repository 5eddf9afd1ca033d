/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvctl info: version and machine, one fact per line ("name : value", as xl prints them) or as a JSON object. */
#include "hvctl/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xen/version.h>

static void print_text(bool json, const char *name, const char *value)
{
    if (json) {
        printf("  \"%s\": ", name);
        json_print_string(value, strlen(value));
        fputs(",\n", stdout);
    } else {
        printf("%-22s : %s\n", name, value);
    }
}

static void print_number(bool json, const char *name, uint64_t value)
{
    printf(json ? "  \"%s\": %" PRIu64 ",\n" : "%-22s : %" PRIu64 "\n", name, value);
}

int cmd_info(struct hypervisor *hv, int argc, char **argv, bool json)
{
    (void)argv;
    if (argc != 1) {
        fputs("usage: hvctl info\n", stderr);
        return COMMAND_USAGE;
    }
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_physinfo};
    xen_extraversion_t extra = {0};
    xen_capabilities_info_t capabilities = {0};
    xen_changeset_info_t changeset = {0};
    xen_commandline_t command_line = {0};
    long version = hypervisor_version(hv, XENVER_version, NULL, 0);
    if (version < 0 || hypervisor_version(hv, XENVER_extraversion, extra, sizeof(extra)) < 0 ||
        hypervisor_version(hv, XENVER_capabilities, capabilities, sizeof(capabilities)) < 0 ||
        hypervisor_version(hv, XENVER_changeset, changeset, sizeof(changeset)) < 0 ||
        hypervisor_version(hv, XENVER_commandline, command_line, sizeof(command_line)) < 0)
        return command_error("asking for the version");
    if (hypervisor_sysctl(hv, &op))
        return command_error("asking for the machine");
    const struct xen_sysctl_physinfo *p = &op.u.physinfo;
    extra[sizeof(extra) - 1] = capabilities[sizeof(capabilities) - 1] = 0;
    changeset[sizeof(changeset) - 1] = command_line[sizeof(command_line) - 1] = 0;

    if (json)
        fputs("{\n", stdout);
    print_number(json, "xen_major", (uint64_t)version >> 16);
    print_number(json, "xen_minor", (uint64_t)version & 0xffff);
    print_text(json, "xen_extra", extra);
    print_text(json, "xen_caps", capabilities);
    print_text(json, "xen_changeset", changeset);
    print_text(json, "xen_commandline", command_line);
    print_number(json, "nr_cpus", p->nr_cpus);
    print_number(json, "nr_nodes", p->nr_nodes);
    print_number(json, "cpu_mhz", p->cpu_khz / 1000);
    print_number(json, "total_memory", p->total_pages >> 8);
    if (json)
        printf("  \"free_memory\": %" PRIu64 "\n}\n", (uint64_t)p->free_pages >> 8);
    else
        print_number(json, "free_memory", p->free_pages >> 8);
    return COMMAND_OK;
}
