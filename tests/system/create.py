# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests by hvctl create: a stock Debian guest, pvgrub, kernels that are none, and creates that fail or are killed."""

import copy
import os
import shutil
import subprocess

from dom0 import TOP, Dom0, kernel_path
from machine import Skip

PVGRUB = "/usr/lib/grub-xen/grub-x86_64-xen.bin"
READELF = "/usr/bin/readelf"


def with_libraries(program):
    """A program and its shared libraries as files there and here."""
    listed = subprocess.run(["ldd", program], check=False, stdout=subprocess.PIPE, text=True).stdout
    found = [next((word for word in line.split() if word.startswith("/")), None) for line in listed.splitlines()]
    return {path: path for path in [program, *found] if path}


def with_files(context, files):
    """The same, with further files ({path in dom0: path here}) in dom0's initramfs."""
    tree = os.path.join(context.directory, "tree")
    for there, here in files.items():
        path = os.path.join(tree, there.lstrip("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copy(here, path)
    names = [os.path.relpath(os.path.join(d, name), tree) for d, dirs, names in os.walk(tree) for name in dirs + names]
    image = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet", "-R", "0:0"], cwd=tree, check=True,
                           stdout=subprocess.PIPE, input="\n".join(sorted(names)).encode()).stdout
    result = copy.copy(context)
    result.initramfs = os.path.join(context.directory, "dom0.cpio")
    with open(result.initramfs, "wb") as out, open(context.initramfs, "rb") as base:
        shutil.copyfileobj(base, out)
        out.write(image)
    shutil.rmtree(tree)
    return result


def create(context, smp, kernel, parts, memory=1408):
    if not context.hvctl:
        raise Skip("hvctl is not built beside the hypervisor")
    initramfs = os.path.join(context.directory, "guest.cpio.gz")
    subprocess.run([os.path.join(TOP, "scripts", "make-guest-initramfs"), initramfs], check=True)
    files = {"/guests/vmlinuz": kernel, "/guests/initramfs.gz": initramfs}
    if os.path.exists(PVGRUB):
        files["/guests/pvgrub"] = PVGRUB
    if os.path.exists(READELF):
        files |= with_libraries(READELF)
    with Dom0(with_files(context, files), "create.sh", modules="xen-privcmd,xen-evtchn,xen-gntdev,bridge,tun,loop", smp=smp,
              dom0_memory=640, memory=memory, kernel_args=f"haven.parts={parts}") as vm:
        vm.finish(3000)


def stock(context):
    """hvctl create: Debian's own kernel on 2 CPUs, dump-core, the cache of kernels, pvgrub"""
    create(context, 2, kernel_path(), "more")


def repacked(context):
    """hvctl create on one CPU: failures at each step and device, malformed kernels, kill -9; 200 guests, and eight at once"""
    create(context, 1, context.kernel, "failures", 1792)


SCENARIOS = {"create-pc": stock, "create-up-pc": repacked}
