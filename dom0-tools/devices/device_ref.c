/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See device_ref.h. */
#include "devices/device_ref.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const struct device_back device_backs[] = {
    {DEVICE_BLOCK, "haven-vbd"}, {DEVICE_BLOCK, "vbd"}, {DEVICE_BLOCK, "qdisk"},
    {DEVICE_NET, "haven-vif"},   {DEVICE_NET, "vif"},
};

const unsigned device_backs_count = sizeof(device_backs) / sizeof(device_backs[0]);

const char *device_class_name(enum device_class class)
{
    return class == DEVICE_BLOCK ? "vbd" : "vif";
}

void device_ref_back(const struct device_ref *ref, char path[DEVICE_PATH_MAX])
{
    snprintf(path, DEVICE_PATH_MAX, "/local/domain/0/backend/%s/%u/%" PRIu32, ref->back, ref->domid, ref->id);
}

void device_ref_front(const struct device_ref *ref, char path[DEVICE_PATH_MAX])
{
    snprintf(path, DEVICE_PATH_MAX, "/local/domain/%u/device/%s/%" PRIu32, ref->domid, device_class_name(ref->class),
             ref->id);
}

void device_ref_front_error(const struct device_ref *ref, char path[DEVICE_PATH_MAX])
{
    snprintf(path, DEVICE_PATH_MAX, "/local/domain/%u/error/device/%s/%" PRIu32, ref->domid,
             device_class_name(ref->class), ref->id);
}

bool device_ref_is_kernels(const struct device_ref *ref)
{
    return strcmp(ref->back, device_class_name(ref->class)) == 0;
}

bool device_ref_is_ours(const struct device_ref *ref)
{
    return strncmp(ref->back, "haven-", 6) == 0;
}
