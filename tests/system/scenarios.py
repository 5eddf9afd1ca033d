# SPDX-License-Identifier: GPL-2.0-or-later
"""All scenarios by name, in the order in which they are begun: the longest ones first, so that none is left over at the end."""

import bad_input
import boot
import console
import create
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
for module in (drivers, xl, memory, tools, create, drivers_hostile, stress, console, grub, devices, store, boot, faults, bad_input):
    ALL.update(module.SCENARIOS)
