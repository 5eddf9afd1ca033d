/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl info [-n]: version and machine, one fact per line ("name : value", as xl prints them) or as a JSON object.
 * Facts that a hypervisor does not tell (its compiler, its build's id) are empty.
 */
#include "hvctl/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <xen/version.h>

/* Where facts go to: lines of text, or members of the JSON object if there is one. */
struct facts {
    struct json *json;
};

static void fact_text(const struct facts *f, const char *name, const char *value)
{
    if (f->json)
        json_text(f->json, name, value);
    else
        printf("%-22s : %s\n", name, value);
}

static void fact_number(const struct facts *f, const char *name, uint64_t value)
{
    if (f->json)
        json_unsigned(f->json, name, value);
    else
        printf("%-22s : %" PRIu64 "\n", name, value);
}

static void print_kernel(const struct facts *f)
{
    struct utsname u;
    if (uname(&u))
        return;
    fact_text(f, "host", u.nodename);
    fact_text(f, "release", u.release);
    fact_text(f, "version", u.version);
    fact_text(f, "machine", u.machine);
}

static void print_capabilities(const struct facts *f, const struct xen_sysctl_physinfo *p)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } names[] = {
        {XEN_SYSCTL_PHYSCAP_pv, "pv"},
        {XEN_SYSCTL_PHYSCAP_hvm, "hvm"},
        {XEN_SYSCTL_PHYSCAP_directio, "directio"},
        {XEN_SYSCTL_PHYSCAP_hap, "hap"},
        {XEN_SYSCTL_PHYSCAP_shadow, "shadow"},
        {XEN_SYSCTL_PHYSCAP_iommu_hap_pt_share, "iommu_hap_pt_share"},
        {XEN_SYSCTL_PHYSCAP_vmtrace, "vmtrace"},
        {XEN_SYSCTL_PHYSCAP_vpmu, "vpmu"},
        {XEN_SYSCTL_PHYSCAP_gnttab_v1, "gnttab-v1"},
        {XEN_SYSCTL_PHYSCAP_gnttab_v2, "gnttab-v2"},
    };
    char text[128] = "", hw[80];
    size_t used = 0;
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (p->capabilities & names[i].bit)
            used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", used ? " " : "", names[i].name);
    snprintf(hw, sizeof(hw), "%08x:%08x:%08x:%08x:%08x:%08x:%08x:%08x", p->hw_cap[0], p->hw_cap[1], p->hw_cap[2],
             p->hw_cap[3], p->hw_cap[4], p->hw_cap[5], p->hw_cap[6], p->hw_cap[7]);
    fact_text(f, "hw_caps", hw);
    fact_text(f, "virt_caps", text);
}

static void print_machine(const struct facts *f, const struct xen_sysctl_physinfo *p)
{
    fact_number(f, "nr_cpus", p->nr_cpus);
    fact_number(f, "max_cpu_id", p->max_cpu_id);
    fact_number(f, "nr_nodes", p->nr_nodes);
    fact_number(f, "cores_per_socket", p->cores_per_socket);
    fact_number(f, "threads_per_core", p->threads_per_core);
    if (f->json) {
        json_unsigned(f->json, "cpu_khz", p->cpu_khz);
    } else {
        printf("%-22s : %" PRIu32 ".%03" PRIu32 "\n", "cpu_mhz", p->cpu_khz / 1000, p->cpu_khz % 1000);
    }
    print_capabilities(f, p);
    fact_number(f, "total_memory", p->total_pages >> 8);
    fact_number(f, "free_memory", (p->free_pages - p->outstanding_pages) >> 8);
    if (f->json)
        json_unsigned(f->json, "free_pages", p->free_pages); /* exact, for who compares */
    /* Neither hypervisor shares pages behind guests' backs for PV, and one CPU pool has all CPUs. */
    fact_number(f, "sharing_freed_memory", 0);
    fact_number(f, "sharing_used_memory", 0);
    fact_number(f, "outstanding_claims", p->outstanding_pages >> 8);
    fact_number(f, "free_cpus", 0);
}

static void list_begin(const struct facts *f, const char *name, const char *columns)
{
    if (f->json)
        json_array_begin(f->json, name);
    else
        printf("%-22s :\n%s\n", name, columns);
}

static void list_end(const struct facts *f)
{
    if (f->json)
        json_array_end(f->json);
}

static void print_cpu(const struct facts *f, uint32_t cpu, const xen_sysctl_cputopo_t *where)
{
    if (!f->json) {
        printf("%3u:    %4u     %4u     %4u\n", cpu, where->core, where->socket, where->node);
        return;
    }
    json_object_begin(f->json, NULL);
    json_unsigned(f->json, "cpu", cpu);
    json_unsigned(f->json, "core", where->core);
    json_unsigned(f->json, "socket", where->socket);
    json_unsigned(f->json, "node", where->node);
    json_object_end(f->json);
}

/* Asks for lists that the hypervisor fills: without buffers for how long they are, then with them. The lesser of the
 * two answers counts, 0 if there is none. */
static uint32_t ask_list(struct hypervisor *hv, struct xen_sysctl *op, const uint32_t *length, uint32_t room)
{
    if (hypervisor_sysctl(hv, op) < 0)
        return 0;
    return *length < room ? *length : room;
}

static void print_topology(const struct facts *f, struct hypervisor *hv)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_cputopoinfo};
    uint32_t n = ask_list(hv, &op, &op.u.cputopoinfo.num_cpus, UINT32_MAX);
    xen_sysctl_cputopo_t *cpus = n ? hypervisor_buffer_alloc(hv, n * sizeof(*cpus)) : NULL;
    if (!cpus)
        return;
    set_xen_guest_handle(op.u.cputopoinfo.cputopo, cpus);
    n = ask_list(hv, &op, &op.u.cputopoinfo.num_cpus, n);
    list_begin(f, "cpu_topology", "cpu:    core    socket     node");
    for (uint32_t i = 0; i < n; i++)
        if (cpus[i].core != ~0u)
            print_cpu(f, i, &cpus[i]);
    list_end(f);
    hypervisor_buffer_free(hv, cpus);
}

static void print_node(const struct facts *f, uint32_t node, const xen_sysctl_meminfo_t *memory,
                       const uint32_t *distances, uint32_t nodes)
{
    if (!f->json) {
        printf("%4u:    %6" PRIu64 "     %6" PRIu64 "      %u", node, memory->memsize >> 20, memory->memfree >> 20,
               distances[0]);
        for (uint32_t i = 1; i < nodes; i++)
            printf(",%u", distances[i]);
        putchar('\n');
        return;
    }
    json_object_begin(f->json, NULL);
    json_unsigned(f->json, "node", node);
    json_unsigned(f->json, "memory", memory->memsize >> 20);
    json_unsigned(f->json, "free", memory->memfree >> 20);
    json_array_begin(f->json, "distances");
    for (uint32_t i = 0; i < nodes; i++)
        json_unsigned(f->json, NULL, distances[i]);
    json_array_end(f->json);
    json_object_end(f->json);
}

static void print_numa(const struct facts *f, struct hypervisor *hv)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_numainfo};
    uint32_t n = ask_list(hv, &op, &op.u.numainfo.num_nodes, UINT32_MAX);
    xen_sysctl_meminfo_t *memory = n ? hypervisor_buffer_alloc(hv, n * sizeof(*memory)) : NULL;
    uint32_t *distances = n ? hypervisor_buffer_alloc(hv, (size_t)n * n * sizeof(*distances)) : NULL;
    if (memory && distances) {
        set_xen_guest_handle(op.u.numainfo.meminfo, memory);
        set_xen_guest_handle(op.u.numainfo.distance, distances);
        n = ask_list(hv, &op, &op.u.numainfo.num_nodes, n);
        list_begin(f, "numa_info", "node:    memsize    memfree    distances");
        for (uint32_t i = 0; i < n; i++)
            print_node(f, i, &memory[i], distances + (size_t)i * n, n);
        list_end(f);
    }
    hypervisor_buffer_free(hv, memory);
    hypervisor_buffer_free(hv, distances);
}

static void print_scheduler(const struct facts *f, struct hypervisor *hv)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_sched_id};
    const char *name = "unknown";
    if (!hypervisor_sysctl(hv, &op)) {
        switch (op.u.sched_id.sched_id) {
        case XEN_SCHEDULER_CREDIT:
            name = "credit";
            break;
        case XEN_SCHEDULER_CREDIT2:
            name = "credit2";
            break;
        case XEN_SCHEDULER_RTDS:
            name = "rtds";
            break;
        case XEN_SCHEDULER_NULL:
            name = "null";
            break;
        }
    }
    fact_text(f, "xen_scheduler", name);
}

/* A string of the version call, empty if the hypervisor does not tell it. */
static void print_version_text(const struct facts *f, struct hypervisor *hv, const char *name, int subop, size_t size)
{
    char text[sizeof(xen_capabilities_info_t) + 1] = "";
    if (hypervisor_version(hv, subop, text, size) < 0)
        text[0] = 0;
    fact_text(f, name, text);
}

static void print_build(const struct facts *f, struct hypervisor *hv)
{
    struct xen_compile_info compile = {0};
    struct {
        uint32_t size;
        unsigned char bytes[64];
    } id = {.size = 64};
    char hex[2 * sizeof(id.bytes) + 1] = "";
    if (hypervisor_version(hv, XENVER_compile_info, &compile, sizeof(compile)) < 0)
        memset(&compile, 0, sizeof(compile));
    compile.compiler[sizeof(compile.compiler) - 1] = compile.compile_by[sizeof(compile.compile_by) - 1] = 0;
    compile.compile_domain[sizeof(compile.compile_domain) - 1] = 0;
    compile.compile_date[sizeof(compile.compile_date) - 1] = 0;
    fact_text(f, "cc_compiler", compile.compiler);
    fact_text(f, "cc_compile_by", compile.compile_by);
    fact_text(f, "cc_compile_domain", compile.compile_domain);
    fact_text(f, "cc_compile_date", compile.compile_date);
    long n = hypervisor_version(hv, XENVER_build_id, &id, sizeof(id));
    for (long i = 0; i < n && i < (long)sizeof(id.bytes); i++)
        sprintf(hex + 2 * i, "%02x", id.bytes[i]);
    fact_text(f, "build_id", hex);
    fact_number(f, "xend_config_format", 4); /* as ever: scripts look for it */
}

static int print_version(const struct facts *f, struct hypervisor *hv)
{
    xen_extraversion_t extra = {0};
    xen_platform_parameters_t platform = {0};
    char text[64];
    long version = hypervisor_version(hv, XENVER_version, NULL, 0);
    if (version < 0 || hypervisor_version(hv, XENVER_extraversion, extra, sizeof(extra)) < 0)
        return -1;
    extra[sizeof(extra) - 1] = 0;
    fact_number(f, "xen_major", (uint64_t)version >> 16);
    fact_number(f, "xen_minor", (uint64_t)version & 0xffff);
    fact_text(f, "xen_extra", extra);
    snprintf(text, sizeof(text), "%ld.%ld%s", version >> 16, version & 0xffff, extra);
    fact_text(f, "xen_version", text);
    print_version_text(f, hv, "xen_caps", XENVER_capabilities, sizeof(xen_capabilities_info_t));
    print_scheduler(f, hv);
    long page_size = hypervisor_version(hv, XENVER_pagesize, NULL, 0);
    fact_number(f, "xen_pagesize", page_size > 0 ? (uint64_t)page_size : 0);
    if (hypervisor_version(hv, XENVER_platform_parameters, &platform, sizeof(platform)) >= 0) {
        snprintf(text, sizeof(text), "virt_start=0x%" PRIx64, (uint64_t)platform.virt_start);
        fact_text(f, "platform_params", text);
    }
    print_version_text(f, hv, "xen_changeset", XENVER_changeset, sizeof(xen_changeset_info_t));
    print_version_text(f, hv, "xen_commandline", XENVER_commandline, sizeof(xen_commandline_t));
    print_build(f, hv);
    return 0;
}

int cmd_info(struct command *c, int argc, char **argv)
{
    bool numa = argc == 2 && (!strcmp(argv[1], "-n") || !strcmp(argv[1], "--numa"));
    if (argc > 1 && !numa)
        return command_usage(c);
    struct hypervisor *hv = command_hypervisor(c);
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_physinfo};
    if (!hv)
        return COMMAND_FAILED;
    if (hypervisor_sysctl(hv, &op))
        return command_error("asking for the machine");
    struct json j;
    struct facts f = {c->json ? &j : NULL};
    if (c->json) {
        json_init(&j, stdout, false);
        json_object_begin(&j, NULL);
    }
    print_kernel(&f);
    print_machine(&f, &op.u.physinfo);
    if (numa) {
        print_topology(&f, hv);
        print_numa(&f, hv);
    }
    int r = print_version(&f, hv);
    if (c->json)
        json_object_end(&j);
    return r ? command_error("asking for the version") : COMMAND_OK;
}
