/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HAVEN_LIFECYCLE_DOM0_HOOKS_H
#define HAVEN_LIFECYCLE_DOM0_HOOKS_H

/* While booting: what ties dom0 to the machine (its end is the machine's, the console's input is dom0's). */
void dom0_hooks_set(void);

#endif
