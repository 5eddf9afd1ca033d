# SPDX-License-Identifier: GPL-2.0-or-later
"""What machines do to a hypervisor: interrupts that cannot be masked, and memory that breaks."""

from dom0 import Dom0
from machine import Failure

UNCORRECTED = "mce 0 1 0xb200000000000000 0x5 0 0"  # bank 1: valid, uncorrected, processor context corrupt
DUMP = (r"^\(HV\) Machine check bank 1: status b200000000000000", r"^\(HV\) Fatal exception 18 \(#MC\)",
        r"^\(HV\)   rip [0-9a-f]{16}", r"^\(HV\) Back trace:", r"^\(HV\) Halted \(noreboot\)")


def faults(context):
    """an NMI from outside reaches dom0, which goes on; an uncorrected machine check ends in a readable dump, not in a reset"""
    with Dom0(context, "faults.sh", hv_args="noreboot") as vm:
        vm.wait_for("^an NMI is awaited", 240)
        vm.monitor("nmi")
        vm.wait_for("^ok dom0 goes on", 90)
        if context.on_xen:  # the dump is Haven's
            return
        vm.monitor(UNCORRECTED)
        for line in DUMP:
            vm.wait_for(line, 30)
        if vm.triple_fault():
            raise Failure("triple fault")


SCENARIOS = {"faults-pc": faults}
