/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clang-format off */
/*
 * Where the facts about a guest are in the store. They are there and in the hypervisor only: every tool can be killed
 * at any time, and another one finds all that it needs.
 *
 *   /local/domain/N/            the guest reads it (n0,rN); the same nodes as Debian's xl makes, so that either tool
 * set name domid vm store/...   can look at and end the other's guests. Nodes that the guest writes are its own (nN):
 *     console/... memory/...    control/shutdown, control/sysrq, control/feature-*, device/suspend/event-channel, data,
 *     cpu/I/availability        drivers, feature, attr, error.
 *   /vm/UUID/                   uuid, name, start_time (seconds since 1970); n0,rN
 *   /libxl/N/                   type = "pv", device/console/0/...: what xl looks for when it ends a guest; n0
 *                               Also device/vbd|vif/ID of those devices that Linux's back ends serve
 *   /local/domain/N/device/     vbd|vif/ID: the front end of a device (nN,r0), and its other end, dom0's (n0,rN):
 *   /local/domain/0/backend/    haven-vbd|haven-vif|vbd|vif/N/ID (devices/device_nodes.h)
 *   /haven/domain/N/            ours, n0: nobody but dom0 reads or writes it
 *     uuid                      lower case, with dashes
 *     config/0, config/1 ...    the text of the guest's configuration in pieces (a store message holds 4 KiB), in the
 *                               order of the numbers: joined, it is a file that hvctl create takes. What was added on
 *                               the command line is at its end. Written by create and config-update, and when
 *                               devices come and go
 *     on_poweroff on_reboot     what shall be done when the guest ends by itself, in the words of xl.cfg: destroy,
 *     on_crash on_watchdog      restart, rename-restart, preserve, coredump-destroy, coredump-restart. hvd does it
 *     memory_min                KiB: down to there its memory may be taken for new guests; not there: none may. dom0's,
 *                               too (/haven/domain/0)
 *     restarts                  how often it was restarted by policy, and when last (seconds since 1970): "COUNT
 *                               SECONDS"; not there: never. hvd's
 *     preserved                 there: the guest is dead and its policy was to keep it. hvd's
 *   /haven/create/UUID/         there while a create is under way, n0: from before the domain exists until it is whole
 *     name                      its name, taken from now on: whoever wants a name looks here, too, in the same
 *                               transaction
 *     pid start                 who creates: process and its start time (field 22 of /proc/PID/stat). If it is no more,
 *                               the create was killed: guest_sweep (destroy.h) takes back all that it left
 *     domid                     once the domain exists. Before, its handle (UUID) tells which domain it is
 *     taken/N                   KiB by which domain N's target was lowered for this guest; N gets them back when the
 *                               create fails or was killed
 *
 * So hvd restarts a guest by: join config/..., guest_destroy, guest_create. A guest without /haven/domain/N was made by
 * another tool set: hvd leaves it alone.
 */
/* clang-format on */
#ifndef HAVEN_GUEST_STORE_LAYOUT_H
#define HAVEN_GUEST_STORE_LAYOUT_H

#define STORE_GUEST      "/local/domain/%u"
#define STORE_VM         "/vm/%s"
#define STORE_LIBXL      "/libxl/%u"
#define STORE_OURS       "/haven/domain/%u"
#define STORE_OURS_ALL   "/haven/domain"
#define STORE_CREATE     "/haven/create/%s"
#define STORE_CREATE_ALL "/haven/create"

#define STORE_CONFIG_PIECE 2048 /* bytes of configuration text in a node */

#endif
