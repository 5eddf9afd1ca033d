# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's kernel, packed in each way, boots as dom0 on each kind of machine and finds nothing to complain about."""

import os
import re

from bzimage import BzImage
from dom0 import Dom0, HERE, kernel_path
from machine import Failure

# Each number of CPUs meets both kinds of CPU, and each format of kernels and both ends of a machine come by.
#            machine, CPUs, -cpu: the kernel's packing (xz is the file as Debian ships it), the machine's end
VARIANTS = {("pc", 1, "max"): ("xz", "poweroff"),
            ("pc", 2, "nosmap"): ("zstd", "reset"),
            ("pc", 4, "max"): ("elf", "poweroff"),
            ("q35", 1, "nosmap"): ("gzip", "poweroff"),
            ("q35", 2, "max"): ("lz4", "reset"),
            ("q35", 4, "nosmap"): ("zstd", "poweroff")}
CPUS = {"max": "max", "nosmap": "max,-smap,-smep"}


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


def kernel_as(context, packing):
    """The path of Debian's kernel, packed so."""
    if packing == "xz":
        return kernel_path()
    path, image = os.path.join(context.directory, "kernel"), BzImage(kernel_path())
    with open(path, "wb") as f:
        f.write(image.vmlinux() if packing == "elf" else image.repacked(packing))
    return path


def boots(machine, smp, cpu, packing, end):
    def scenario(context):
        with Dom0(context, "boot.sh", kernel=kernel_as(context, packing), kernel_args=f"haven.cpus={smp} haven.end={end}",
                  machine=machine, smp=smp, cpu=CPUS[cpu]) as vm:
            check_kernel_log(vm.finish(300, expected_end=end))
    scenario.__doc__ = f"stock dom0 ({packing}) on {machine}, {smp} CPU(s), -cpu {CPUS[cpu]}; ends by {end}"
    return scenario


SCENARIOS = {f"boot-{machine}-{smp}-{cpu}": boots(machine, smp, cpu, *variant)
             for (machine, smp, cpu), variant in VARIANTS.items()}
