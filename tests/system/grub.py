# SPDX-License-Identifier: GPL-2.0-or-later
"""GRUB loads everything from a CD, as firmware and boot loader do it on a real machine."""

import os
import shutil
import subprocess

from dom0 import Dom0, hv_arguments
from machine import Failure


def grub(context):
    """GRUB for BIOS loads hypervisor, kernel and initramfs from a CD"""
    tree = os.path.join(context.directory, "tree")
    os.makedirs(os.path.join(tree, "boot", "grub"))
    for source, name in ((context.hv, "hypervisor"), (context.kernel, "vmlinuz"), (context.initramfs, "initramfs")):
        shutil.copy(source, os.path.join(tree, "boot", name))
    # GRUB leaves out the file name, so Debian's own menu puts a placeholder where boot loaders once put it.
    with open(os.path.join(tree, "boot", "grub", "grub.cfg"), "w") as f:
        f.write(f"""
serial --unit=0 --speed=115200
terminal_output serial
echo "GRUB is loading"
multiboot /boot/hypervisor placeholder {hv_arguments(context.hv, 512)}
module /boot/vmlinuz placeholder console=hvc0 haven.run=/dom0/poweroff.sh
module --nounzip /boot/initramfs
boot
""")
    iso = os.path.join(context.directory, "boot.iso")
    made = subprocess.run(["grub-mkrescue", "-d", "/usr/lib/grub/i386-pc", "-o", iso, tree],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if made.returncode:
        raise Failure("grub-mkrescue: " + made.stdout.decode("utf-8", "replace").splitlines()[-1])
    with Dom0Cd(context, iso) as vm:
        vm.wait_for("GRUB is loading", 60)
        vm.finish(300)


class Dom0Cd(Dom0):
    """As the test's other dom0, but the boot loader finds everything on a CD."""

    def __init__(self, context, iso):
        super().__init__(context, "", extra=["-cdrom", iso, "-boot", "d"])
        for option in ("-kernel", "-append", "-initrd"):
            at = self.command.index(option)
            del self.command[at:at + 2]


SCENARIOS = {"grub-bios": grub}
