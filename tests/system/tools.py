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


def parts(names, timeout):
    def scenario(context):
        if not context.hvctl:
            raise Skip("hvctl is not built beside the hypervisor")
        with Dom0(context, "tools.sh", modules="xen-privcmd", kernel_args=f"haven.parts={names} haven.rounds=200", smp=2) as vm:
            vm.finish(timeout)
    return scenario


tools, many = parts("verbs,ends,kills", 600), parts("many", 900)
tools.__doc__ = "hvctl's verbs, hvd's policies, and kill -9 of daemons and hvctl while guests come and go"
many.__doc__ = "eight guests of one to four vCPUs that spin, hang, crash and fault; 200 creates after which no page is missing"
SCENARIOS = {"hvctl-pc": hvctl, "tools-pc": tools, "many-pc": many}
