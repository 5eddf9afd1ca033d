# SPDX-License-Identifier: GPL-2.0-or-later
"""dom0 resets the machine (that it switches it off is part of each other scenario), and survives a minute of stress."""

from boot import check_kernel_log
from dom0 import Dom0


def reboot(machine):
    def scenario(context):
        with Dom0(context, "reboot.sh", machine=machine, smp=2) as vm:
            vm.finish(240, expected_end="reset")
    scenario.cpus = 2
    scenario.__doc__ = f"dom0 on {machine} with 2 CPUs resets the machine"
    return scenario


def stress(machine, smp):
    def scenario(context):
        with Dom0(context, "stress.sh", machine=machine, smp=smp, memory=1536, dom0_memory=1024) as vm:
            check_kernel_log(vm.finish(420))
    scenario.cpus = smp
    scenario.__doc__ = f"stress-ng for a minute on {machine} with {smp} CPU(s), every result verified"
    return scenario


SCENARIOS = {f"reboot-{m}": reboot(m) for m in ("pc", "q35")}
SCENARIOS["stress-q35-2"] = stress("q35", 2)
