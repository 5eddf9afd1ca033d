# SPDX-License-Identifier: GPL-2.0-or-later
"""Our back ends and micro-guests whose front ends are proper, or lie."""

import os

from create import with_files
from dom0 import Dom0
from machine import Skip

GUESTS = ("disk", "echo", "balloon", "unikernel", "hostile_block", "hostile_net", "hostile_store", "hostile_balloon")


def hostile(context):
    """front ends that lie in rings, grants and nodes beside proper ones, which must not notice; nothing may leak"""
    if not context.hvctl:
        raise Skip("hvctl is not built beside the hypervisor")
    built = os.path.join(context.hvctl.rsplit("/", 3)[0], "tests", "guests")
    files = {f"/guests/{name}.elf": os.path.join(built, name + ".elf") for name in GUESTS}
    if not all(os.path.exists(path) for path in files.values()):
        raise Skip("the micro-guests are not built")
    with Dom0(with_files(context, files), "drivers_hostile.sh", modules="xen-privcmd,xen-evtchn,xen-gntdev,bridge,tun",
              smp=1, dom0_memory=512, memory=1024) as vm:
        vm.finish(900)


SCENARIOS = {"drivers-hostile-pc": hostile}
