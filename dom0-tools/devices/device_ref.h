/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which device: whose, of what class, with which back end. From that follow its two places in the store,
 *
 *     back   /local/domain/0/backend/BACK/DOMID/ID      dom0's; the guest reads
 *     front  /local/domain/DOMID/device/vbd|vif/ID      the guest's; dom0 reads
 *
 * and for BACK the back end: haven-vbd and haven-vif are hvdriverd's, vbd and vif Linux's, qdisk QEMU's (xl's guests).
 */
#ifndef HAVEN_DEVICES_DEVICE_REF_H
#define HAVEN_DEVICES_DEVICE_REF_H

#include <stdbool.h>
#include <stdint.h>

enum device_class { DEVICE_BLOCK, DEVICE_NET };

struct device_ref {
    enum device_class class;
    const char *back; /* one of device_backs */
    unsigned domid;
    uint32_t id;
};

struct device_back {
    enum device_class class;
    const char *name;
};

extern const struct device_back device_backs[];
extern const unsigned device_backs_count;

#define DEVICE_PATH_MAX 96

void device_ref_back(const struct device_ref *ref, char path[DEVICE_PATH_MAX]);
void device_ref_front(const struct device_ref *ref, char path[DEVICE_PATH_MAX]);
/* Where the guest's kernel says why it can't. */
void device_ref_front_error(const struct device_ref *ref, char path[DEVICE_PATH_MAX]);

const char *device_class_name(enum device_class class); /* vbd, vif */
bool device_ref_is_kernels(const struct device_ref *ref);
bool device_ref_is_ours(const struct device_ref *ref);

#endif
