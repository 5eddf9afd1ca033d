# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests' consoles: the daemon, its logs and ptys, and hvctl console."""

from dom0 import Dom0
from machine import Skip


def console(context):
    """hvconsoled with guests that talk, end, flood and break their rings, and killed at bad moments"""
    if not context.hvctl:
        raise Skip("hvctl is not built beside the hypervisor")
    with Dom0(context, "console.sh", modules="xen-privcmd") as vm:
        vm.finish(600)


SCENARIOS = {"console-pc": console}
