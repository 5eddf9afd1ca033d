# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's kernel boots as dom0 on each kind of machine and finds nothing to complain about."""

import os
import re

from dom0 import Dom0, HERE, kernel_path
from machine import Failure

CPUS = {"max": "max", "nosmap": "max,-smap,-smep"}
AS_SHIPPED = {("pc", 1), ("q35", 4)}  # with Debian's xz kernel, which takes ten seconds to unpack; elsewhere with lz4's


def check_kernel_log(console):
    """No trace of a bug, and no error or warning that the same kernel does not report on Debian's Xen too."""
    log = console.split("--- kernel log begins\n")[1].split("--- kernel log ends")[0]
    with open(os.path.join(HERE, "kernel-log-known.txt")) as f:
        known = [l.strip() for l in f if l.strip() and not l.startswith("#")]
    bad = []
    for level, text in re.findall(r"^<(\d+)>\[ *[\d.]+\] (.*)$", log, re.MULTILINE):
        if re.search(r"WARNING:|\bBUG\b|Call Trace|Oops|lockup|blocked for more|self-detected stall", text):
            bad.append(text)
        elif int(level) & 7 <= 4 and not any(re.search(k, text) for k in known):
            bad.append(text)
    if bad:
        raise Failure(f"{len(bad)} bad lines in the kernel's log, first: {bad[0]}")


def boots(machine, smp, cpu):
    def scenario(context):
        kernel = kernel_path() if (machine, smp) in AS_SHIPPED else None
        with Dom0(context, "boot.sh", kernel=kernel, kernel_args=f"haven.cpus={smp}", machine=machine, smp=smp,
                  cpu=CPUS[cpu]) as vm:
            check_kernel_log(vm.finish(300))
    scenario.cpus = smp
    scenario.__doc__ = f"stock dom0 on {machine}, {smp} CPU(s), -cpu {CPUS[cpu]}"
    return scenario


SCENARIOS = {
    f"boot-{machine}-{smp}-{cpu}": boots(machine, smp, cpu)
    for machine in ("pc", "q35") for smp in (1, 2, 4) for cpu in ("max", "nosmap")
    if cpu == "max" or (machine, smp) in (("pc", 1), ("q35", 2))}
