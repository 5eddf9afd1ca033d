# SPDX-License-Identifier: GPL-2.0-or-later
"""dom0 survives a minute of stress."""

import os

from boot import check_kernel_log
from create import with_files
from dom0 import Dom0
from drivers import with_libraries
from machine import Skip

STRESS = "/usr/bin/stress-ng"


def stress(context):
    """stress-ng for a minute on q35 with 2 CPUs, every result verified"""
    if not os.path.exists(STRESS):
        raise Skip("stress-ng is not installed")
    with Dom0(with_files(context, with_libraries({STRESS: STRESS})), "stress.sh", machine="q35", smp=2, memory=1536,
              dom0_memory=1024) as vm:
        check_kernel_log(vm.finish(420))


SCENARIOS = {"stress-q35-2": stress}
