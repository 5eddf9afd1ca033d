# SPDX-License-Identifier: GPL-2.0-or-later
"""What dom0 is made of: Debian's kernel, the small initramfs, and the scripts that run in it.

A script prints "ok CASE" or "not ok CASE: why" for each thing it looks at.  Linux unpacks initramfs images one after
the other, so the scripts are appended to a base image that is made once.
"""

import glob
import os
import re
import subprocess

from bzimage import BzImage
from machine import Failure, Machine

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))

# Messages below warnings stay off the console, which is slow; scenarios print the whole log where they judge it.
DOM0_ARGUMENTS = "console=hvc0 loglevel=5"
# What the tests of other things do without. The kernel would try its ciphers for a second of an emulated CPU, and QEMU
# would translate each program anew at every start, as it would lie at another address.
QUICK_ARGUMENTS = "cryptomgr.notests norandmaps"


def kernel_path():
    kernels = [k for k in glob.glob("/boot/vmlinuz-*") if "cloud" not in k]
    if not kernels:
        raise Failure("no Debian kernel in /boot: run scripts/install-deps")
    return max(kernels, key=lambda k: [int(n) for n in re.findall(r"\d+", k)])


def make_quick_kernel(path):
    """Debian's kernel packed with lz4, which an emulated CPU unpacks in a second instead of ten as Debian's xz."""
    with open(path, "wb") as f:
        f.write(BzImage(kernel_path()).repacked("lz4"))


def hvctl_path(hv):
    """The hvctl of the build that the hypervisor is of, else of this tree; None if there is none."""
    for top in (os.path.dirname(os.path.dirname(os.path.abspath(hv))), TOP):
        path = os.path.join(top, "dom0-tools", "hvctl", "hvctl")
        if os.path.exists(path):
            return path
    return None


TOOLS = ("dom0-tools/hvctl/hvctl", "dom0-tools/hvd/hvd", "dom0-tools/hvconsoled/hvconsoled", "xenstore/xenstored",
         "xenstore/cli/hvstore", "pv-drivers/manager/hvdriverd")
WORKERS = ("pv-drivers/block/hvblock", "pv-drivers/net/hvnet")
GUESTS = ("ending.elf", "talker.elf")  # micro-guests that dom0 creates


def make_base(path, hvctl):
    tools = []
    if hvctl:  # the others are of the same build
        build = os.path.dirname(os.path.dirname(os.path.dirname(hvctl)))
        built = [(os.path.join(build, tool), folder) for tools, folder in ((TOOLS, "/usr/sbin"), (WORKERS, "/usr/lib/haven"))
                 for tool in tools]
        tools = [w for tool, folder in built if os.path.exists(tool)
                 for w in ("-b", f"{tool}:{folder}/{os.path.basename(tool)}")]
        guests = [path for name in GUESTS for path in glob.glob(os.path.join(build, "tests", "guests", name))]
        tools += [w for guest in guests for w in ("-f", f"{guest}:/guests/{os.path.basename(guest)}")]
    subprocess.run([os.path.join(TOP, "scripts", "make-dom0-initramfs"), "-m", "null_blk", *tools, path + ".base"], check=True)
    names = ["dom0", *("dom0/" + f for f in sorted(os.listdir(os.path.join(HERE, "dom0"))))]
    scripts = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet", "-R", "0:0"], cwd=HERE, check=True,
                             stdout=subprocess.PIPE, input="\n".join(names).encode()).stdout
    with open(path, "wb") as out, open(path + ".base", "rb") as base:
        out.write(base.read() + scripts)
    os.unlink(path + ".base")


def is_xen(hv):
    """Debian's Xen is an ELF32 image, Haven an ELF64."""
    with open(hv, "rb") as f:
        return f.read(5)[4:] == b"\x01"


def hv_arguments(hv, memory):
    # On QEMU's TCG Xen needs help: an iret of ring 3 breaks under SMAP, and XSAVE does not honour CR0.TS.
    quirks = " smap=0 spec-ctrl=eager-fpu" if is_xen(hv) else ""
    size = f" dom0_mem={memory}M" if memory else ""
    return f"console=com1{size} loglvl=all" + quirks


class Dom0(Machine):
    """Debian's kernel (the quick one, unless another is given) as dom0, running one script of tests/system/dom0."""

    def __init__(self, context, script, *, kernel=None, kernel_args="", modules="", dom0_memory=512, hv_args="",
                 **machine):
        arguments = DOM0_ARGUMENTS if kernel else f"{DOM0_ARGUMENTS} {QUICK_ARGUMENTS}"
        kernel = kernel or context.kernel
        super().__init__(
            context.directory, hv=context.hv, hv_args=f"{hv_arguments(context.hv, dom0_memory)} {hv_args}".strip(),
            modules=[f"{kernel} {arguments} haven.run=/dom0/{script} haven.modules=xenfs,{modules} {kernel_args}",
                     context.initramfs],
            **machine)

    def finish(self, timeout, expected_end="poweroff"):
        """Waits for the script's verdicts and the machine's end, and raises if one of them is bad."""
        self.wait_for(r"^haven\.run ended with \d+$", timeout)
        end = self.wait_end(60)
        console = self.console()
        bad = re.findall(r"^not ok .*", console, re.MULTILINE)
        if bad:
            raise Failure("; ".join(bad))
        if "haven.run ended with 0" not in console:
            raise Failure("the script in dom0 failed" + self.why())
        if not re.search(r"^ok ", console, re.MULTILINE):
            raise Failure("the script in dom0 reported nothing")
        if end != expected_end:
            raise Failure(f"the machine ended by {end} instead of {expected_end}")
        return console
