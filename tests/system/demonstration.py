# SPDX-License-Identifier: GPL-2.0-or-later
"""The demonstration, as users see it."""

import os
import subprocess

from dom0 import TOP
from machine import Failure, Skip


def demo(context):
    """scripts/demo --batch: a stock guest with disk, network and balloon"""
    if not context.hvctl or context.on_xen:
        raise Skip("the demonstration is Haven's")
    path = os.path.join(context.directory, "console.log")
    with open(path, "wb") as log:
        ended = subprocess.run([os.path.join(TOP, "scripts", "demo"), "--batch", "--hv", context.hv, "--kernel", context.kernel],
                               stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, check=False)
    if ended.returncode:
        with open(path, "rb") as log:
            lines = [line for line in log.read().decode("utf-8", "replace").splitlines() if line.strip()]
        raise Failure(f"status {ended.returncode}: " + (lines or ["no output"])[-1])


SCENARIOS = {"demo": demo}
