# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's unmodified xl, xenstored and xenconsoled, with a stock Debian guest, on the hypervisor under test."""

import glob
import os
import re
import shutil
import subprocess
import tempfile

from dom0 import TOP, Dom0, hvctl_path
from machine import Skip

TOOLS = ("xl", "xenstored", "xenconsoled", "xenconsole", "xen-init-dom0", "libxl-save-helper", "xentop")


def with_libraries(programs):
    """The programs' files and those of their shared libraries."""
    files = set(programs)
    for program in programs:
        listed = subprocess.run(["ldd", program], check=True, stdout=subprocess.PIPE, text=True).stdout
        files |= set(re.findall(r"(/\S+) \(0x", listed))
    return files


def tools_initramfs(context, path, our_store):
    """dom0's usual initramfs, and behind it Debian's tools (or our xenstored for theirs) and the guests."""
    bin_dirs = glob.glob("/usr/lib/xen-4.*/bin")
    if not bin_dirs or not all(os.path.exists(os.path.join(bin_dirs[0], t)) for t in TOOLS):
        raise Skip("xen-utils is not installed")
    build = hvctl_path(context.hv)
    build = build and build.rsplit("/", 3)[0]
    if our_store and not (build and os.path.exists(f"{build}/xenstore/xenstored")):
        raise Skip("our xenstored is not built")
    programs = [os.path.join(bin_dirs[0], t) for t in TOOLS] + ["/usr/bin/xenstore"]
    files = with_libraries(programs + ([f"{build}/xenstore/xenstored"] if our_store else []))
    files |= set(glob.glob("/lib/x86_64-linux-gnu/libgcc_s.so.1"))  # xl ends its threads by it
    with tempfile.TemporaryDirectory() as root:
        for name in files:
            os.makedirs(root + os.path.dirname(name), exist_ok=True)
            shutil.copy(name, root + name)
        os.makedirs(root + "/usr/sbin", exist_ok=True)
        for tool in TOOLS:
            os.symlink(os.path.join(bin_dirs[0], tool), f"{root}/usr/sbin/{tool}")
        if our_store:
            os.unlink(f"{root}/usr/sbin/xenstored")
            shutil.copy(f"{build}/xenstore/xenstored", f"{root}/usr/sbin/xenstored")
        for name in ("ls", "read", "exists"):
            os.symlink("/usr/bin/xenstore", f"{root}/usr/sbin/xenstore-{name}")
        os.makedirs(root + "/guests")
        shutil.copy(context.kernel, root + "/guests/vmlinuz")
        subprocess.run([os.path.join(TOP, "scripts", "make-guest-initramfs"), root + "/guests/initramfs.gz"], check=True)
        for guest in glob.glob(os.path.join(build, "tests", "guests", "ending.elf")) if build else ():
            shutil.copy(guest, root + "/guests/ending.elf")
        names = subprocess.run(["find", "."], cwd=root, check=True, stdout=subprocess.PIPE).stdout
        archive = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet", "-R", "0:0"], cwd=root, check=True, input=names,
                                 stdout=subprocess.PIPE).stdout
    with open(path, "wb") as out, open(context.initramfs, "rb") as base:
        out.write(base.read() + archive)


def run(context, smp, our_store=False):
    initramfs = os.path.join(context.directory, "xl.cpio")
    arguments = f"haven.smp={smp}" + (" haven.store=ours" if our_store else "")
    tools_initramfs(context, initramfs, our_store)
    context.initramfs = initramfs
    try:
        with Dom0(context, "xl.sh", modules="xen-privcmd,xen-gntdev,xen-evtchn,xen-gntalloc", dom0_memory=896,
                  memory=1536, smp=smp, kernel_args=arguments) as vm:
            vm.finish(1800)
    finally:
        os.unlink(initramfs)


def xl(context):
    """xl's verbs on a Debian guest with one CPU; guests that crash"""
    run(context, 1)


def xl_store(context):
    """two CPUs; xl and xenconsoled with our xenstored, which is killed and followed by another one in the middle"""
    run(context, 2, True)


SCENARIOS = {"xl-pc": xl, "xl-store-pc": xl_store}
