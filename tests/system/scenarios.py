# SPDX-License-Identifier: GPL-2.0-or-later
"""All scenarios by name, in the order in which they run."""

import bad_input
import boot
import console
import create
import devices
import drivers
import drivers_hostile
import faults
import kernels
import memory
import power
import store
import tools
import xl

ALL = {}
for module in (boot, devices, kernels, power, faults, store, tools, create, memory, drivers, drivers_hostile, console, bad_input,
               xl):
    ALL.update(module.SCENARIOS)

# Run by name or pattern, but not by "all": each takes ten minutes or so.
LONG = {"many-pc", "memory-pc", "drivers-disk-pc", "drivers-net-pc", "drivers-xl-pc", "drivers-hostile-pc"}
