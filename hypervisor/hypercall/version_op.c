/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HYPERVISOR_xen_version and HYPERVISOR_vm_assist. Haven says that it is Xen 4.17, whose ABI it speaks: tools choose
 * their structures by that. What identifies the build is kept from unprivileged domains, as in Xen.
 */
#include "hypercall/version_op.h"
#include "cpu/cpu_local.h"
#include "domain/vcpu.h"
#include "hypercall/table.h"
#include "lib/compiler.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/guest_copy.h"
#include "mm/layout.h"
#include <xen/features.h>
#include <xen/version.h>

#define VERSION_MAJOR 4
#define VERSION_MINOR 17
#define BUILD_ID_SIZE 20
#define DENIED        "<denied>"

/* All PV guests: see docs/hypercalls.md for the bits. */
#define FEATURES_PV                                                                                                    \
    (1u << XENFEAT_pae_pgdir_above_4gb | 1u << XENFEAT_mmu_pt_update_preserve_ad | 1u << XENFEAT_highmem_assist |      \
     1u << XENFEAT_gnttab_map_avail_bits | 1u << XENFEAT_memory_op_vnode_supported | 1u << XENFEAT_direct_mapped)

_Static_assert(FEATURES_PV == 0x220f0, "what Xen 4.17 tells a PV guest");

#define ASSISTS_VALID                                                                                                  \
    (1ULL << VMASST_TYPE_4gb_segments | 1ULL << VMASST_TYPE_4gb_segments_notify |                                      \
     1ULL << VMASST_TYPE_writable_pagetables | 1ULL << VMASST_TYPE_pae_extended_cr3 |                                  \
     1ULL << VMASST_TYPE_architectural_iopl | 1ULL << VMASST_TYPE_runstate_update_flag |                               \
     1ULL << VMASST_TYPE_m2p_strict)

static char command_line[sizeof(xen_commandline_t)];

void __init version_set_command_line(const char *line)
{
    string_copy(command_line, line, sizeof(command_line));
}

static int64_t op_compile_info(uint64_t arg)
{
    struct xen_compile_info info = {.compile_by = "haven"};

    string_copy(info.compiler, __VERSION__, sizeof(info.compiler));
    return guest_copy_out(arg, &info, sizeof(info));
}

static int64_t op_get_features(uint64_t arg)
{
    struct xen_feature_info info;

    if (guest_copy_in(&info, arg, sizeof(info)))
        return -EFAULT;
    if (info.submap_idx != 0)
        return -EINVAL;
    info.submap = FEATURES_PV | (domain_is_dom0(current->domain) ? 1u << XENFEAT_dom0 : 0);
    return guest_copy_out(arg, &info, sizeof(info));
}

static int64_t op_pagesize(uint64_t arg)
{
    return arg ? -EINVAL : (int64_t)PAGE_SIZE;
}

static int64_t op_guest_handle(uint64_t arg)
{
    return guest_copy_out(arg, current->domain->handle, sizeof(xen_domain_handle_t));
}

/* This and the build's identity are for a privileged domain only. */
static int64_t op_commandline(uint64_t arg)
{
    if (!current->domain->privileged)
        return guest_copy_out(arg, DENIED, sizeof(DENIED));
    return guest_copy_out(arg, command_line, sizeof(command_line));
}

/* Identifies the binary: a hash (FNV-1a, two of them) of its code, so that two builds differ and equal ones do not. */
static void build_id_make(uint8_t *id)
{
    extern const uint8_t _text_start[], _text_end[];
    uint64_t hash[3] = {0xcbf29ce484222325, 0x9ae16a3b2f90404f, 0};

    for (const uint8_t *p = _text_start; p < _text_end; p++) {
        hash[0] = (hash[0] ^ *p) * 0x100000001b3;
        hash[1] = (hash[1] ^ *p) * 0x100000001b3;
    }
    hash[2] = hash[0] + hash[1];
    memcpy(id, hash, BUILD_ID_SIZE);
}

/* arg 0 asks for the size. */
static int64_t op_build_id(uint64_t arg)
{
    static uint8_t id[BUILD_ID_SIZE];
    uint32_t size;

    if (!current->domain->privileged)
        return -EPERM;
    if (!arg)
        return BUILD_ID_SIZE;
    if (guest_copy_in(&size, arg, sizeof(size)))
        return -EFAULT;
    if (size < BUILD_ID_SIZE)
        return -ENOBUFS;
    if (!id[0] && !id[1])
        build_id_make(id);
    if (guest_copy_out(arg + offsetof(struct xen_build_id, buf), id, sizeof(id)))
        return -EFAULT;
    return BUILD_ID_SIZE;
}

static const xen_extraversion_t extraversion = ".7";
static const xen_capabilities_info_t capabilities = "xen-3.0-x86_64 ";
static const xen_changeset_info_t changeset = "Haven";
static const struct xen_platform_parameters platform_parameters = {.virt_start = HV_VIRT_START};

/* What is asked for: made by a function, or constant bytes. */
static const struct {
    int64_t (*fn)(uint64_t arg);
    const void *bytes;
    size_t size;
} version_ops[] = {
    [XENVER_extraversion] = {.bytes = extraversion, .size = sizeof(extraversion)},
    [XENVER_compile_info] = {.fn = op_compile_info},
    [XENVER_capabilities] = {.bytes = capabilities, .size = sizeof(capabilities)},
    [XENVER_changeset] = {.bytes = changeset, .size = sizeof(changeset)},
    [XENVER_platform_parameters] = {.bytes = &platform_parameters, .size = sizeof(platform_parameters)},
    [XENVER_get_features] = {.fn = op_get_features},
    [XENVER_pagesize] = {.fn = op_pagesize},
    [XENVER_guest_handle] = {.fn = op_guest_handle},
    [XENVER_commandline] = {.fn = op_commandline},
    [XENVER_build_id] = {.fn = op_build_id},
};

int64_t hypercall_xen_version(uint64_t cmd, uint64_t arg, uint64_t, uint64_t, uint64_t)
{
    cmd = (uint32_t)cmd;
    /* First of all: guests ask for the version hundreds of times a second, to have their events delivered. */
    if (likely(cmd == XENVER_version))
        return VERSION_MAJOR << 16 | VERSION_MINOR;
    if (cmd >= ARRAY_SIZE(version_ops))
        return -ENOSYS;
    return version_ops[cmd].fn ? version_ops[cmd].fn(arg)
                               : guest_copy_out(arg, version_ops[cmd].bytes, version_ops[cmd].size);
}

int64_t hypercall_vm_assist(uint64_t cmd, uint64_t type, uint64_t, uint64_t, uint64_t)
{
    struct domain *d = current->domain;

    type = (uint32_t)type;
    if (type >= 64 || !(ASSISTS_VALID >> type & 1))
        return -EINVAL;
    switch ((uint32_t)cmd) {
    case VMASST_CMD_enable:
        __atomic_fetch_or(&d->vm_assist, 1ULL << type, __ATOMIC_SEQ_CST);
        return 0;
    case VMASST_CMD_disable:
        __atomic_fetch_and(&d->vm_assist, ~(1ULL << type), __ATOMIC_SEQ_CST);
        return 0;
    default:
        return -ENOSYS;
    }
}
