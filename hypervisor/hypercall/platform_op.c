/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HYPERVISOR_platform_op and HYPERVISOR_mca: what dom0 tells and asks about the machine as a whole. Privileged only.
 *
 * Power management tables (set_processor_pminfo) are accepted and not used: idle CPUs halt, frequencies stay
 * firmware's. CPUs are not switched on or off at run time; microcode and memory types are left as firmware set them.
 */
#include "cpu/features.h"
#include "domain/vcpu.h"
#include "hypercall/table.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/guest_copy.h"
#include "platform/acpi.h"
#include "platform/power.h"
#include "platform/symbols.h"
#include "time/clock.h"
#include <xen/arch-x86/xen-mca.h>
#include <xen/platform.h>

#define MSR_MCG_CAP 0x179

static int op_settime32(struct xen_platform_op *op)
{
    clock_wall_set(op->u.settime32.secs, op->u.settime32.nsecs, op->u.settime32.system_time);
    return 0;
}

static int op_settime64(struct xen_platform_op *op)
{
    if (op->u.settime64.mbz)
        return -EINVAL;
    clock_wall_set(op->u.settime64.secs, op->u.settime64.nsecs, op->u.settime64.system_time);
    return 0;
}

static int op_platform_quirk(struct xen_platform_op *op)
{
    uint32_t id = op->u.platform_quirk.quirk_id;
    return id >= QUIRK_NOIRQBALANCING && id <= QUIRK_IOAPIC_GOOD_REGSEL ? 0 : -EINVAL;
}

/* The BIOS is not called while booting, so it has told nothing about disks, monitor or shift keys. */
static int op_firmware_info(struct xen_platform_op *op)
{
    switch (op->u.firmware_info.type) {
    case XEN_FW_DISK_INFO:
    case XEN_FW_DISK_MBR_SIGNATURE:
    case XEN_FW_VBEDDC_INFO:
        return -ESRCH;
    case XEN_FW_EFI_INFO:
        return -ENOSYS;
    case XEN_FW_KBD_SHIFT_FLAGS:
        if (op->u.firmware_info.index != 0)
            return -ESRCH;
        op->u.firmware_info.u.kbd_shift_flags = 0;
        return 0;
    default:
        return -EINVAL;
    }
}

static int op_enter_acpi_sleep(struct xen_platform_op *op)
{
    const struct xenpf_enter_acpi_sleep *s = &op->u.enter_acpi_sleep;
    if (s->flags)
        return -EINVAL; /* XENPF_ACPI_SLEEP_EXTENDED: hardware-reduced ACPI's registers, which we do not know */
    if (s->sleep_state < 1 || s->sleep_state > 5)
        return -EINVAL;
    return power_acpi_sleep((uint8_t)s->sleep_state, s->val_a, s->val_b);
}

static int op_set_processor_pminfo(struct xen_platform_op *op)
{
    switch (op->u.set_pminfo.type) {
    case XEN_PM_CX:
    case XEN_PM_PX:
    case XEN_PM_PDC:
        return 0;
    case XEN_PM_TX:
        return -ENOSYS;
    default:
        return -EINVAL;
    }
}

static uint32_t acpi_id_of(uint32_t apic_id)
{
    for (unsigned int i = 0; i < acpi_info.cpu_count; i++)
        if (acpi_info.cpu_apic_id[i] == apic_id)
            return acpi_info.cpu_acpi_id[i];
    return ~0u;
}

static int op_get_cpuinfo(struct xen_platform_op *op)
{
    struct xenpf_pcpuinfo *i = &op->u.pcpu_info;
    i->max_present = cpu_count - 1;
    i->flags = XEN_PCPU_FLAGS_INVALID;
    if (i->xen_cpuid >= cpu_count)
        return 0;
    i->flags = XEN_PCPU_FLAGS_ONLINE;
    i->apic_id = cpu_local_of(i->xen_cpuid)->apic_id;
    i->acpi_id = acpi_id_of(i->apic_id);
    return 0;
}

/* Display family, model and stepping (SDM 2A CPUID leaf 1). */
static void cpu_signature(uint32_t *family, uint32_t *model, uint32_t *stepping)
{
    uint32_t eax = cpuid(1, 0).eax;
    *family = eax >> 8 & 0xf;
    *model = eax >> 4 & 0xf;
    *stepping = eax & 0xf;
    if (*family == 0xf || *family == 6)
        *model |= eax >> 12 & 0xf0;
    if (*family == 0xf)
        *family += eax >> 20 & 0xff;
}

static int op_get_cpu_version(struct xen_platform_op *op)
{
    struct xenpf_pcpu_version *v = &op->u.pcpu_version;
    uint32_t cpu = v->xen_cpuid;
    *v = (struct xenpf_pcpu_version){.xen_cpuid = cpu, .max_present = cpu_count - 1};
    if (cpu >= cpu_count)
        return 0;
    memcpy(v->vendor_id, cpu_features.vendor, sizeof(v->vendor_id));
    cpu_signature(&v->family, &v->model, &v->stepping);
    return 0;
}

static int op_cpu_online(struct xen_platform_op *op)
{
    return op->u.cpu_ol.cpuid < cpu_count ? 0 : -EINVAL;
}

static int op_cpu_offline(struct xen_platform_op *op)
{
    return op->u.cpu_ol.cpuid < cpu_count ? -EOPNOTSUPP : -EINVAL;
}

static int op_core_parking(struct xen_platform_op *op)
{
    if (op->u.core_parking.type == XEN_CORE_PARKING_SET)
        return -EOPNOTSUPP;
    if (op->u.core_parking.type != XEN_CORE_PARKING_GET)
        return -EINVAL;
    op->u.core_parking.idle_nums = 0;
    return 0;
}

/* One symbol per call; the number of the next one comes back, the same number at the end. */
static int op_get_symbol(struct xen_platform_op *op)
{
    struct xenpf_symdata *s = &op->u.symdata;
    const char *name = symbols_entry(s->symnum, &s->address);
    if (!name)
        return s->symnum == symbols_entries() ? 0 : -EINVAL;
    size_t length = strlen(name) + 1;
    if (guest_copy_out(guest_handle_va(s->name), name, MIN((size_t)s->namelen, length)))
        return -EFAULT;
    s->namelen = (uint32_t)length;
    s->type = 'T';
    s->symnum++;
    return 0;
}

static int op_not_offered(struct xen_platform_op *op)
{
    (void)op;
    return -EOPNOTSUPP;
}

static const struct platform_operation {
    int (*fn)(struct xen_platform_op *op);
    bool copy_out;
} operations[] = {
    [XENPF_settime32] = {op_settime32, false},
    [XENPF_settime64] = {op_settime64, false},
    [XENPF_add_memtype] = {op_not_offered, false},
    [XENPF_del_memtype] = {op_not_offered, false},
    [XENPF_read_memtype] = {op_not_offered, false},
    [XENPF_microcode_update] = {op_not_offered, false},
    [XENPF_platform_quirk] = {op_platform_quirk, false},
    [XENPF_firmware_info] = {op_firmware_info, true},
    [XENPF_enter_acpi_sleep] = {op_enter_acpi_sleep, false},
    [XENPF_set_processor_pminfo] = {op_set_processor_pminfo, false},
    [XENPF_get_cpuinfo] = {op_get_cpuinfo, true},
    [XENPF_get_cpu_version] = {op_get_cpu_version, true},
    [XENPF_cpu_online] = {op_cpu_online, false},
    [XENPF_cpu_offline] = {op_cpu_offline, false},
    [XENPF_cpu_hotadd] = {op_not_offered, false},
    [XENPF_mem_hotadd] = {op_not_offered, false},
    [XENPF_core_parking] = {op_core_parking, true},
    [XENPF_resource_op] = {op_not_offered, false},
    [XENPF_get_symbol] = {op_get_symbol, true},
};

int64_t hypercall_platform_op(uint64_t arg, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    struct xen_platform_op op;
    (void)a2, (void)a3, (void)a4, (void)a5;
    if (guest_copy_in(&op, arg, sizeof(op)))
        return -EFAULT;
    if (op.interface_version != XENPF_INTERFACE_VERSION)
        return -EACCES;
    if (!current->domain->privileged)
        return -EPERM;
    if (op.cmd >= ARRAY_SIZE(operations) || !operations[op.cmd].fn)
        return -ENOSYS;
    int r = operations[op.cmd].fn(&op);
    if (r == 0 && operations[op.cmd].copy_out && guest_copy_out(arg, &op, sizeof(op)))
        return -EFAULT;
    return r;
}

/* ---- machine checks ---- */

/* Errors are not collected yet: there is never one to fetch. A machine check that does come ends in a panic. */
static int mca_fetch(struct xen_mc *mc)
{
    if (!current->domain->privileged)
        return -EPERM;
    mc->u.mc_fetch.flags = XEN_MC_NODATA;
    mc->u.mc_fetch.fetch_id = 0;
    return 0;
}

static void mca_describe_cpu(unsigned int cpu, struct mcinfo_logical_cpu *c)
{
    struct cpuid_leaf standard = cpuid(1, 0), extended = cpuid(0x80000001, 0);
    uint64_t capabilities = 0;
    *c = (struct mcinfo_logical_cpu){
        .mc_cpunr = cpu,
        .mc_chipid = cpu,
        .mc_apicid = cpu_local_of(cpu)->apic_id,
        .mc_ncores = 1,
        .mc_ncores_active = 1,
        .mc_nthreads = 1,
        .mc_cpuid_level = (int32_t)cpuid(0, 0).eax,
        .mc_cpu_caps = {[MC_CAPS_STD_EDX] = standard.edx,
                        [MC_CAPS_AMD_EDX] = extended.edx,
                        [MC_CAPS_STD_ECX] = standard.ecx,
                        [MC_CAPS_AMD_ECX] = extended.ecx},
        .mc_cache_alignment = (standard.ebx >> 8 & 0xff) * 8,
        .mc_nmsrvals = 1,
    };
    cpu_signature(&c->mc_family, &c->mc_model, &c->mc_step);
    string_copy(c->mc_vendorid, cpu_features.vendor, sizeof(c->mc_vendorid));
    if (!rdmsr_safe(MSR_MCG_CAP, &capabilities))
        c->mc_msrvalues[0] = (xen_mcinfo_msr_t){.reg = MSR_MCG_CAP, .value = capabilities};
}

static int mca_physcpuinfo(struct xen_mc *mc)
{
    struct xen_mc_physcpuinfo *info = &mc->u.mc_physcpuinfo;
    uint64_t out = guest_handle_va(info->info);
    uint32_t count = cpu_count;
    if (!current->domain->privileged)
        return -EPERM;
    if (out && (int32_t)info->ncpus <= 0)
        return -EINVAL;
    if (out)
        count = MIN(count, info->ncpus);
    for (uint32_t cpu = 0; out && cpu < count; cpu++) {
        struct mcinfo_logical_cpu c;
        mca_describe_cpu(cpu, &c);
        if (guest_copy_out_item(out, cpu, &c))
            return -EFAULT;
    }
    info->ncpus = count;
    return 0;
}

int64_t hypercall_mca(uint64_t arg, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    struct xen_mc mc;
    int r;
    (void)a2, (void)a3, (void)a4, (void)a5;
    if (guest_copy_in(&mc, arg, sizeof(mc)))
        return -EFAULT;
    if (mc.interface_version != XEN_MCA_INTERFACE_VERSION)
        return -EACCES;
    switch (mc.cmd) {
    case XEN_MC_fetch:
        r = mca_fetch(&mc);
        break;
    case XEN_MC_physcpuinfo:
        r = mca_physcpuinfo(&mc);
        break;
    case XEN_MC_notifydomain:
    case XEN_MC_msrinject:
    case XEN_MC_mceinject:
        return current->domain->privileged ? -EOPNOTSUPP : -EPERM;
    default:
        return -EINVAL;
    }
    if (r == 0 && guest_copy_out(arg, &mc, sizeof(mc)))
        return -EFAULT;
    return r;
}
