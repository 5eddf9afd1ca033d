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
    """hvctl's verbs, hvd's policies, kill -9 of daemons and hvctl; eight guests of which some spin, hang, crash and fault"""
    if not context.hvctl:
        raise Skip("hvctl is not built beside the hypervisor")
    with Dom0(context, "tools.sh", modules="xen-privcmd", kernel_args="haven.parts=verbs,ends,kills,many",
              smp=1 if context.on_xen else 2) as vm:  # under emulation a second CPU makes Xen three times as slow
        vm.finish(1800)


SCENARIOS = {"hvctl-pc": hvctl, "tools-pc": tools}
