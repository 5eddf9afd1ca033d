# SPDX-License-Identifier: GPL-2.0-or-later
"""All kernel formats and loaders: each compression, a bare ELF, GRUB from a CD."""

import os
import shutil
import subprocess

from bzimage import BzImage
from dom0 import Dom0, hv_arguments, kernel_path
from machine import Failure


def write(context, name, data):
    path = os.path.join(context.directory, name)
    with open(path, "wb") as f:
        f.write(data)
    return path


def compressed(compression):
    def scenario(context):
        kernel = write(context, "vmlinuz", BzImage(kernel_path()).repacked(compression))
        with Dom0(context, "poweroff.sh", kernel=kernel) as vm:
            vm.finish(240)
    scenario.__doc__ = f"Debian's kernel packed with {compression}"
    return scenario


def bare_elf(context):
    """Debian's kernel as a bare ELF"""
    kernel = write(context, "vmlinux", BzImage(kernel_path()).vmlinux())
    with Dom0(context, "poweroff.sh", kernel=kernel) as vm:
        vm.finish(240)


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


# All other scenarios boot Debian's kernel packed with lz4, but for those that take it as it is, with xz (boot.py).
SCENARIOS = {f"kernel-{c}": compressed(c) for c in ("gzip", "zstd")}
SCENARIOS["kernel-elf"] = bare_elf
SCENARIOS["grub-bios"] = grub
