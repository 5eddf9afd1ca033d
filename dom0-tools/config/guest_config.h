/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest shall be: the constant that creating one works from. Made from a configuration's tree, in which every
 * key is looked up in one table (config/keys.c): keys that nobody knows are warned about, keys that xl knows and Haven
 * does not support are errors by name.
 *
 * Strings are never empty: NULL when not given. Everything was checked against its bounds, but not against the host.
 */
#ifndef HAVEN_CONFIG_GUEST_CONFIG_H
#define HAVEN_CONFIG_GUEST_CONFIG_H

#include "config/config.h"
#include "config/cpu_set.h"
#include "config/diagnostics.h"
#include "config/disk.h"
#include "config/memory_from.h"
#include "config/vif.h"
#include <stdbool.h>
#include <stdint.h>

#define GUEST_VCPUS_MAX   64
#define GUEST_DEVICES_MAX 1024       /* of each kind */
#define GUEST_NAME_MAX    63         /* bytes */
#define GUEST_LIMIT_UNSET UINT32_MAX /* of grants: take the default */
#define GUEST_UUID_TEXT   37         /* with the zero */

enum guest_type { GUEST_PV };

/* What happens when a guest ended: on_poweroff and so on. */
enum guest_action {
    GUEST_DESTROY,
    GUEST_RESTART,
    GUEST_RENAME_RESTART,
    GUEST_PRESERVE,
    GUEST_COREDUMP_DESTROY,
    GUEST_COREDUMP_RESTART,
};

/* The values of XEN_DOMCTL_settscinfo are these. */
enum guest_tsc_mode { GUEST_TSC_DEFAULT, GUEST_TSC_ALWAYS_EMULATE, GUEST_TSC_NATIVE };

struct guest_config {
    enum guest_type type;
    char *name;
    uint8_t uuid[16]; /* as given, or random; in the order of the text */
    bool uuid_given;

    char *kernel;  /* path; always there */
    char *ramdisk; /* path, or NULL */
    char *cmdline; /* cmdline, or "root=ROOT EXTRA" as xl builds it; NULL: none */

    uint32_t memory_mib;
    uint32_t max_memory_mib;      /* >= memory_mib */
    uint32_t min_memory_mib;      /* <= memory_mib: what other guests must leave it; 0: all */
    enum memory_from memory_from; /* who gives what is not free when it is created */

    uint32_t vcpus; /* online at first; 1 <= vcpus <= max_vcpus */
    uint32_t max_vcpus;
    struct cpu_set *hard_affinity; /* max_vcpus sets, or NULL: all CPUs */
    struct cpu_set *soft_affinity; /* likewise */

    uint32_t cpu_weight; /* 1..65535; 0: the scheduler's default */
    uint32_t cpu_cap;    /* per cent of one CPU; 0: none */

    enum guest_action on_poweroff;
    enum guest_action on_reboot;
    enum guest_action on_crash;
    enum guest_action on_watchdog;

    uint32_t max_event_channels;  /* 0: the default (1023) */
    uint32_t max_grant_frames;    /* GUEST_LIMIT_UNSET: the default */
    uint32_t max_maptrack_frames; /* likewise */
    uint32_t max_grant_version;   /* likewise */

    enum guest_tsc_mode tsc_mode;
    int32_t rtc_timeoffset; /* seconds */
    bool localtime;         /* add the host's offset of local time */
    bool claim;             /* reserve the memory before building (claim_mode) */
    bool driver_domain;
    bool nomigrate;

    struct disk_config *disk; /* no two with the same device */
    unsigned int disks;
    struct vif_config *vif; /* each with a devid that is its own, and a MAC address */
    unsigned int vifs;

    char *text; /* all settings with uuid in plain form, from which the guest can be made again (for the store) */
};

/* 0, or -1 with at least one error in said; *guest must be freed in both cases. */
int config_to_guest(const struct config *tree, struct guest_config *guest, struct diagnostics *said);
void guest_config_free(struct guest_config *guest);

/* The configuration's text with these disks and vifs instead of its own, malloc'ed: what is stored when devices come
 * and go while the guest runs. NULL with errno. */
char *guest_config_with_devices(const struct guest_config *guest);

/* The file with the overrides on top, at once: what create and config-update begin with. */
int guest_config_load(const char *path, char *const *overrides, unsigned int count, struct guest_config *guest,
                      struct diagnostics *said);

const char *guest_action_name(enum guest_action action);                 /* as in the configuration */
int guest_action_from_name(const char *name, enum guest_action *action); /* -1: no such, or not supported */
void guest_uuid_format(const uint8_t uuid[16], char text[GUEST_UUID_TEXT]);
int guest_uuid_parse(const char *text, uint8_t uuid[16]); /* -1: no UUID */

#endif
