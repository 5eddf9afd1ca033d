/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where what happens in lower layers reaches domains. */
#ifndef HAVEN_LIFECYCLE_HOOKS_H
#define HAVEN_LIFECYCLE_HOOKS_H

/* Sets the lower layers' pointers and registers debug keys; while booting. */
void hooks_set(void);

#endif
