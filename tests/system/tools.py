# SPDX-License-Identifier: GPL-2.0-or-later
"""dom0's tools on the running hypervisor."""

from dom0 import Dom0
from machine import Skip


def tools(context):
    """hvctl's verbs, debug keys, hvd's policies, kill -9 of daemons and hvctl; eight guests of which some spin or hang"""
    if not context.hvctl:
        raise Skip("hvctl is not built beside the hypervisor")
    with Dom0(context, "tools.sh", modules="xen-privcmd", smp=1 if context.on_xen else 2,  # under emulation a second CPU makes Xen thrice as slow
              kernel_args="haven.xen=1 haven.parts=facts,verbs,ends,kills" if context.on_xen else
              "haven.xen=0 haven.parts=facts,verbs,ends,kills,many") as vm:
        vm.finish(1800)


SCENARIOS = {"tools-pc": tools}
