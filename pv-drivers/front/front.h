/* SPDX-License-Identifier: MIT
 *
 * The first step of a guest that uses front ends: what each of them stands on.
 */
#ifndef FRONT_FRONT_H
#define FRONT_FRONT_H

#include <stdbool.h>

/* Console, grant table, store. false: this is dom0, which has back ends and no front ends. */
bool front_open(void);

/* Whether the tools have asked the guest to end (control/shutdown); acknowledges it. front_open watches for it. */
bool front_asked_to_end(void);

#endif
