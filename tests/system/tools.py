# SPDX-License-Identifier: GPL-2.0-or-later
"""dom0's tools on the running hypervisor."""

from dom0 import Dom0
from machine import Skip


def hvctl(context):
    """hvctl: facts, the log, and every debug key's output in it"""
    if not context.hvctl:
        raise Skip("hvctl is not built beside the hypervisor")
    with Dom0(context, "hvctl.sh", modules="xen-privcmd", kernel_args=f"haven.xen={int(context.on_xen)}", smp=2) as vm:
        vm.finish(240)


def tools(context):
    """hvctl's verbs, hvd's policies, guests that misbehave, many guests, and kill -9 of daemons and hvctl meanwhile"""
    if not context.hvctl:
        raise Skip("hvctl is not built beside the hypervisor")
    parts = "verbs,ends,kills" if context.on_xen else "verbs,ends,many,kills"
    with Dom0(context, "tools.sh", modules="xen-privcmd", kernel_args=f"haven.parts={parts} haven.rounds=200", smp=2) as vm:
        vm.finish(900)


SCENARIOS = {"hvctl-pc": hvctl, "tools-pc": tools}
