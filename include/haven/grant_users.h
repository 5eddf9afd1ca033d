/* SPDX-License-Identifier: MIT
 *
 * An operation of Haven's own beside those of domctl: which domains use how many grants of a domain, by a mapping or a
 * copy that is under way. A domain that is dead stays as long as somebody does, so this says who keeps it. Xen answers
 * -ENOSYS.
 */
#ifndef HAVEN_GRANT_USERS_H
#define HAVEN_GRANT_USERS_H

#include <stdint.h>

#define HAVEN_DOMCTL_GRANT_USERS 0x48760001u /* domctl.cmd; the answer is in domctl.u.pad */
#define HAVEN_GRANT_USERS_MAX    15

struct haven_grant_users {
    uint32_t count; /* of users below; there is no room for more than these */
    uint32_t used;  /* grants in use, by whomever */
    struct {
        uint16_t domid, pad;
        uint32_t grants;
    } user[HAVEN_GRANT_USERS_MAX];
};
_Static_assert(sizeof(struct haven_grant_users) == 128, "xen_domctl.u");

#endif
