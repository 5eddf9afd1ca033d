/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All keys that xl 4.17 and its successors know, in the order of the alphabet, with what becomes of each here. What
 * only changes HVM guests or ARM hosts has no meaning for a PV guest, for xl neither, and is passed over with a
 * warning. What would give the guest a device, a right or a property that it then does not have is refused.
 */
#include "config/keys.h"
#include "config/guest_config.h"
#include <string.h>

#define FIELD(member) offsetof(struct guest_config, member)

#define NUMBER(key, member, lowest, highest)                                                                           \
    {                                                                                                                  \
        .name = key, .kind = KEY_NUMBER, .offset = FIELD(member), .min = lowest, .max = highest                        \
    }
#define BOOL(key, member)                                                                                              \
    {                                                                                                                  \
        .name = key, .kind = KEY_BOOL, .offset = FIELD(member)                                                         \
    }
#define STRING(key, member)                                                                                            \
    {                                                                                                                  \
        .name = key, .kind = KEY_STRING, .offset = FIELD(member)                                                       \
    }
#define ACTION(key, member)                                                                                            \
    {                                                                                                                  \
        .name = key, .kind = KEY_ACTION, .offset = FIELD(member)                                                       \
    }
#define SPECIAL(key)                                                                                                   \
    {                                                                                                                  \
        .name = key, .kind = KEY_SPECIAL                                                                               \
    }
#define HARMLESS(key, why)                                                                                             \
    {                                                                                                                  \
        .name = key, .kind = KEY_HARMLESS, .note = why                                                                 \
    }
#define HVM(key)                                                                                                       \
    {                                                                                                                  \
        .name = key, .kind = KEY_HARMLESS, .note = "it is for HVM guests only"                                         \
    }
#define ARM(key)                                                                                                       \
    {                                                                                                                  \
        .name = key, .kind = KEY_HARMLESS, .note = "it is for ARM hosts only"                                          \
    }
#define DEVICE_MODEL(key)                                                                                              \
    {                                                                                                                  \
        .name = key, .kind = KEY_HARMLESS, .note = "there is no device model"                                          \
    }
#define DISPLAY(key)                                                                                                   \
    {                                                                                                                  \
        .name = key, .kind = KEY_HARMLESS, .note = "there is no display"                                               \
    }
#define OFF(key, why)                                                                                                  \
    {                                                                                                                  \
        .name = key, .kind = KEY_OFF, .note = why                                                                      \
    }
#define REFUSED(key, why)                                                                                              \
    {                                                                                                                  \
        .name = key, .kind = KEY_REFUSED, .note = why                                                                  \
    }
#define NO_SUCH_DEVICE  "guests can't be given this device yet"
#define NO_PASSTHROUGH  "the host's devices can't be given to guests yet"
#define OTHER_SCHEDULER "it belongs to another scheduler; use cpu_weight and cap"

const struct config_key config_keys[] = {
    HVM("acpi"),
    HVM("acpi_firmware"),
    HVM("acpi_laptop_slate"),
    HVM("acpi_s3"),
    HVM("acpi_s4"),
    HVM("altp2m"),
    HVM("altp2m_count"),
    HVM("altp2mhvm"),
    HVM("apic"),
    ARM("arm_sci"),
    HVM("bios"),
    HVM("bios_path_override"),
    HVM("boot"),
    OFF("bootloader", "set kernel to the kernel, or to pvgrub (of grub-xen-host)"),
    HARMLESS("bootloader_args", "there is no bootloader"),
    HARMLESS("bootloader_restrict", "there is no bootloader"),
    HARMLESS("bootloader_user", "there is no bootloader"),
    SPECIAL("builder"),
    NUMBER("cap", cpu_cap, 0, 100 * GUEST_VCPUS_MAX),
    OFF("channel", NO_SUCH_DEVICE),
    BOOL("claim_mode", claim),
    SPECIAL("cmdline"),
    NUMBER("cpu_weight", cpu_weight, 1, 65535),
    OFF("cpuid", "guests see the processor's features as they are"),
    SPECIAL("cpus"),
    SPECIAL("cpus_soft"),
    DEVICE_MODEL("device_model"),
    DEVICE_MODEL("device_model_args"),
    DEVICE_MODEL("device_model_args_hvm"),
    DEVICE_MODEL("device_model_args_pv"),
    DEVICE_MODEL("device_model_override"),
    DEVICE_MODEL("device_model_stubdomain_override"),
    DEVICE_MODEL("device_model_stubdomain_seclabel"),
    DEVICE_MODEL("device_model_user"),
    DEVICE_MODEL("device_model_version"),
    ARM("device_tree"),
    SPECIAL("disk"),
    DEVICE_MODEL("dm_restrict"),
    BOOL("driver_domain", driver_domain),
    OFF("dtdev", NO_PASSTHROUGH),
    OFF("e820_host", "guests get a memory map of their own"),
    SPECIAL("extra"),
    OFF("extratime", OTHER_SCHEDULER),
    OFF("firmware", "set kernel to pvgrub's file (of grub-xen-host)"),
    HVM("firmware_override"),
    HVM("gfx_passthru"),
    ARM("gic_version"),
    HVM("hap"),
    HVM("hdtype"),
    HVM("hpet"),
    HVM("hvm_pirq"),
    HARMLESS("init_seclabel", "there are no security labels"),
    OFF("iomem", NO_PASSTHROUGH),
    OFF("ioports", NO_PASSTHROUGH),
    OFF("irqs", NO_PASSTHROUGH),
    STRING("kernel", kernel),
    DISPLAY("keymap"),
    OFF("latency", OTHER_SCHEDULER),
    OFF("llc_colors", "caches are not coloured"),
    BOOL("localtime", localtime),
    NUMBER("max_event_channels", max_event_channels, 0, 131071),
    NUMBER("max_grant_frames", max_grant_frames, 0, INT32_MAX),
    NUMBER("max_grant_version", max_grant_version, 0, 2),
    NUMBER("max_maptrack_frames", max_maptrack_frames, 0, INT32_MAX),
    NUMBER("maxmem", max_memory_mib, 1, 1 << 24),
    NUMBER("maxvcpus", max_vcpus, 1, GUEST_VCPUS_MAX),
    HVM("mca_caps"),
    NUMBER("memory", memory_mib, 1, 1 << 24),
    SPECIAL("memory_from"),
    NUMBER("memory_min", min_memory_mib, 1, 1 << 24),
    HVM("mmio_hole"),
    HVM("ms_vm_genid"),
    OFF("msr_relaxed", "unknown MSRs always fault"),
    STRING("name", name),
    HVM("nestedhvm"),
    HVM("nographic"),
    BOOL("nomigrate", nomigrate),
    ARM("nr_spis"),
    HVM("nx"),
    ACTION("on_crash", on_crash),
    ACTION("on_poweroff", on_poweroff),
    ACTION("on_reboot", on_reboot),
    HARMLESS("on_soft_reset", "it is for HVM guests only"),
    ACTION("on_watchdog", on_watchdog),
    HVM("oos"),
    OFF("p9", NO_SUCH_DEVICE),
    HVM("pae"),
    SPECIAL("passthrough"),
    OFF("pci", NO_PASSTHROUGH),
    HARMLESS("pci_msitranslate", NO_PASSTHROUGH),
    HARMLESS("pci_permissive", NO_PASSTHROUGH),
    HARMLESS("pci_power_mgmt", NO_PASSTHROUGH),
    HARMLESS("pci_seize", NO_PASSTHROUGH),
    OFF("period", OTHER_SCHEDULER),
    SPECIAL("pool"),
    OFF("pvcalls", NO_SUCH_DEVICE),
    OFF("pvshim", "it is for PVH guests"),
    HARMLESS("pvshim_cmdline", "it is for PVH guests only"),
    HARMLESS("pvshim_extra", "it is for PVH guests only"),
    HARMLESS("pvshim_path", "it is for PVH guests only"),
    STRING("ramdisk", ramdisk),
    HARMLESS("rdm", NO_PASSTHROUGH),
    HARMLESS("rdm_mem_boundary", NO_PASSTHROUGH),
    SPECIAL("root"),
    {.name = "rtc_timeoffset",
     .kind = KEY_INTEGER,
     .offset = FIELD(rtc_timeoffset),
     .min = INT32_MIN,
     .max = INT32_MAX},
    DISPLAY("sdl"),
    HARMLESS("seclabel", "there are no security labels"),
    HVM("serial"),
    HARMLESS("shadow_memory", "the hypervisor needs none set aside"),
    OFF("slice", OTHER_SCHEDULER),
    HVM("smbios"),
    HVM("smbios_firmware"),
    HVM("soundhw"),
    HVM("spice"),
    HVM("spice_clipboard_sharing"),
    HVM("spice_image_compression"),
    HVM("spice_streaming_video"),
    HVM("spiceagent_mouse"),
    HVM("spicedisable_ticketing"),
    HVM("spicehost"),
    HVM("spicepasswd"),
    HVM("spiceport"),
    HVM("spicetls_port"),
    HVM("spiceusbredirection"),
    HVM("spicevdagent"),
    HVM("stdvga"),
    DEVICE_MODEL("stubdomain_cmdline"),
    DEVICE_MODEL("stubdomain_kernel"),
    DEVICE_MODEL("stubdomain_memory"),
    DEVICE_MODEL("stubdomain_ramdisk"),
    ARM("sve"),
    ARM("tee"),
    HVM("timer_mode"),
    ARM("trap_unmapped_accesses"),
    SPECIAL("tsc_mode"),
    SPECIAL("type"),
    HVM("usb"),
    OFF("usbctrl", NO_SUCH_DEVICE),
    OFF("usbdev", NO_SUCH_DEVICE),
    HVM("usbdevice"),
    HVM("usbversion"),
    SPECIAL("uuid"),
    NUMBER("vcpus", vcpus, 1, GUEST_VCPUS_MAX),
    OFF("vdispl", NO_SUCH_DEVICE),
    HVM("vendor_device"),
    OFF("vfb", NO_SUCH_DEVICE),
    HVM("vga"),
    HVM("videoram"),
    SPECIAL("vif"),
    OFF("vif2", "use vif"),
    HVM("viridian"),
    OFF("virtio", NO_SUCH_DEVICE),
    OFF("vkb", NO_SUCH_DEVICE),
    HVM("vkb_device"),
    OFF("vmtrace_buf_kb", "guests are not traced"),
    OFF("vnc", NO_SUCH_DEVICE),
    DISPLAY("vncdisplay"),
    DISPLAY("vnclisten"),
    DISPLAY("vncpasswd"),
    DISPLAY("vncunused"),
    DISPLAY("vncviewer"),
    OFF("vnuma", "PV guests have no NUMA nodes"),
    ARM("vpmu"),
    HVM("vpt_align"),
    OFF("vsnd", NO_SUCH_DEVICE),
    OFF("vtpm", NO_SUCH_DEVICE),
    ARM("vuart"),
    DISPLAY("xauthority"),
    HVM("xen_platform_pci"),
    HVM("xen_platform_pci_bar_uc"),
    OFF("xend_suspend_evtchn_compat", "the suspend event channel is always there"),
    REFUSED("xenstore_feature_mask", "guests see all features of the store"),
    OFF("xenstore_quota", "set quotas with xenstore-control"),
};

const unsigned int config_keys_count = sizeof(config_keys) / sizeof(config_keys[0]);

const struct config_key *config_key_find(const char *name)
{
    for (unsigned int i = 0; i < config_keys_count; i++)
        if (strcmp(config_keys[i].name, name) == 0)
            return &config_keys[i];
    return NULL;
}

#define SIMILAR_LENGTH 40

/* How many letters must be put in, taken out, replaced or swapped with their neighbour to make b of a. */
static unsigned int edit_distance(const char *a, const char *b)
{
    unsigned int rows[3][SIMILAR_LENGTH + 1];
    unsigned int *before = rows[0], *above = rows[1], *row = rows[2];
    size_t length = strlen(b);

    for (size_t j = 0; j <= length; j++)
        above[j] = (unsigned int)j;
    for (size_t i = 1; a[i - 1]; i++) {
        row[0] = (unsigned int)i;
        for (size_t j = 1; j <= length; j++) {
            unsigned int best = above[j - 1] + (a[i - 1] != b[j - 1]);

            if (above[j] + 1 < best)
                best = above[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            row[j] = best;
        }
        unsigned int *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[length];
}

const struct config_key *config_key_similar(const char *name)
{
    const struct config_key *best = NULL;
    size_t length = strlen(name);
    unsigned int distance = length < 4 ? 2 : length < 8 ? 3 : 4; /* one less may differ */

    if (length >= SIMILAR_LENGTH)
        return NULL;
    for (unsigned int i = 0; i < config_keys_count; i++) {
        unsigned int d = edit_distance(name, config_keys[i].name);

        if (d < distance) {
            best = &config_keys[i];
            distance = d;
        }
    }
    return best;
}
