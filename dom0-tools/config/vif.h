/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A network interface as vif=[...] specifies it: key=value and flags of xl-network-configuration(5). Beyond those:
 * backendtype=haven|linux and antispoof=0|1.
 *
 * Pure. The text may be hostile.
 */
#ifndef HAVEN_CONFIG_VIF_H
#define HAVEN_CONFIG_VIF_H

#include "config/spec_error.h"
#include <stdbool.h>
#include <stdint.h>

enum vif_backend {
    VIF_BACKEND_HAVEN,  /* hvdriverd's, on a TAP */
    VIF_BACKEND_KERNEL, /* Linux's xen-netback */
};

#define VIF_NAME_MAX      15 /* bytes of an interface's name: IFNAMSIZ without the zero */
#define VIF_IP_MAX        511
#define VIF_RATE_MAX      47
#define VIF_DEVID_MAX     65535
#define VIF_DEVID_UNSET   UINT32_MAX /* the lowest that is free */
#define VIF_MTU_DEFAULT   1500
#define VIF_MTU_MIN       68
#define VIF_MTU_MAX       65535
#define VIF_MAC_TEXT      18 /* with the zero */
#define VIF_BRIDGE        "xenbr0"
#define VIF_RATE_INTERVAL 50000 /* microseconds */

struct vif_config {
    uint32_t devid;
    uint8_t mac[6];
    bool mac_given;
    char bridge[VIF_NAME_MAX + 1];
    char name[VIF_NAME_MAX + 1];       /* vifname, of the interface in dom0; "": vifDOMID.DEVID */
    char gatewaydev[VIF_NAME_MAX + 1]; /* kept for other tools, does nothing */
    char ip[VIF_IP_MAX + 1];           /* addresses with blanks between; "": none */
    enum vif_backend backend;
    bool backend_given;
    char rate[VIF_RATE_MAX + 1]; /* as given; "": no limit. What it means: */
    uint64_t rate_bytes;         /* in each interval; 0: no limit */
    uint32_t rate_interval_us;
    uint32_t mtu; /* 0: the bridge's */
    bool trusted, antispoof;
};

/* The specification in count strings: one from a configuration, any number from a command line. 0, or -1 with the
 * reason. */
int vif_parse(const char *const *text, unsigned int count, struct vif_config *vif, struct spec_error *error);

/* A MAC address for a vif that has none: of Xen's range, made from the guest's UUID and the vif's devid, so that the
 * same guest gets the same one whenever it is made again. */
void vif_choose_mac(struct vif_config *vif, const uint8_t uuid[16]);

/* The specification that parses to the same vif, malloc'ed; NULL without memory. */
char *vif_format_text(const struct vif_config *vif);

int vif_mac_parse(const char *text, uint8_t mac[6]); /* -1: no MAC address */
void vif_mac_format(const uint8_t mac[6], char text[VIF_MAC_TEXT]);
const char *vif_backend_name(enum vif_backend backend); /* as backendtype has it */

#endif
