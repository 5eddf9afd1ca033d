# SPDX-License-Identifier: GPL-2.0-or-later
"""All scenarios by name, and the order in which they are begun: the longest ones first, so that none is left over at the end."""

import bad_input
import boot
import console
import create
import demonstration
import devices
import drivers
import drivers_hostile
import faults
import grub
import memory
import store
import stress
import tools
import xl

ALL = {}
for module in (boot, devices, grub, stress, faults, bad_input, store, tools, console, create, xl, memory, drivers,
               drivers_hostile, demonstration):
    ALL.update(module.SCENARIOS)

ON_XEN = "-on-xen"  # behind the name of a scenario that is run on Debian's Xen
LONGEST = ["create-up-pc", "drivers-net-pc", "memory-pc", "drivers-hostile-pc", "tools-pc", "drivers-disk-pc", "xl-store-pc",
           "drivers-xl-pc" + ON_XEN, "drivers-xl-pc", "xl-pc", "tools-pc" + ON_XEN, "stress-q35-2", "demo", "create-pc",
           "console-pc", "store-haven", "store-xenstored", "store-oxenstored", "devices-pc", "devices-q35", "grub-bios"]


def rank(label):
    return LONGEST.index(label) if label in LONGEST else len(LONGEST)
