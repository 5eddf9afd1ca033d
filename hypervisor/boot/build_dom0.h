/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes dom0 from the boot modules. Only while booting. */
#ifndef HAVEN_BOOT_BUILD_DOM0_H
#define HAVEN_BOOT_BUILD_DOM0_H

#include "boot/boot_info.h"
#include "boot/options.h"

/*
 * Builds dom0 from module 0 (kernel) and module 1 (initial RAM disk), frees the modules. Paused. NULL, or what is
 * wrong, with *subject naming whom that is said about.
 */
const char *build_dom0(const struct boot_info *info, const struct boot_options *options, const char **subject);

/* Lets it go. */
void build_dom0_release(void);

#endif
