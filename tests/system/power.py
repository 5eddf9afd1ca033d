# SPDX-License-Identifier: GPL-2.0-or-later
"""dom0 is told by the power button, switches the machine off, and resets it; and it survives a minute of stress."""

from boot import check_kernel_log
from dom0 import Dom0


def power_button(machine):
    def scenario(context):
        with Dom0(context, "power-button.sh", modules="button,evdev", machine=machine) as vm:
            vm.wait_for("^power button is watched|not ok", 240)
            vm.monitor("system_powerdown")
            vm.finish(90)
    scenario.__doc__ = f"a press of the power button on {machine} reaches dom0"
    return scenario


def ends(machine, script, end):
    def scenario(context):
        with Dom0(context, f"{script}.sh", machine=machine, smp=2) as vm:
            vm.finish(240, expected_end=end)
    scenario.cpus = 2
    scenario.__doc__ = f"{script} from dom0 on {machine} ends the machine by {end}"
    return scenario


def stress(machine, smp):
    def scenario(context):
        with Dom0(context, "stress.sh", machine=machine, smp=smp, memory=1536, dom0_memory=1024) as vm:
            check_kernel_log(vm.finish(420))
    scenario.cpus = smp
    scenario.__doc__ = f"stress-ng for a minute on {machine} with {smp} CPU(s), every result verified"
    return scenario


SCENARIOS = {}
for m in ("pc", "q35"):
    SCENARIOS[f"power-button-{m}"] = power_button(m)
    SCENARIOS[f"poweroff-{m}"] = ends(m, "poweroff", "poweroff")
    SCENARIOS[f"reboot-{m}"] = ends(m, "reboot", "reset")
SCENARIOS["stress-q35-2"] = stress("q35", 2)
