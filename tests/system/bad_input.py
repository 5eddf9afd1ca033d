# SPDX-License-Identifier: GPL-2.0-or-later
"""What cannot be booted is refused with a line that says why: no silence, no triple fault."""

import os
import re

from bzimage import BzImage
from dom0 import hv_arguments, kernel_path
from machine import Failure, Machine


def write(context, name, data):
    path = os.path.join(context.directory, name)
    with open(path, "wb") as f:
        f.write(data)
    return path


def refused(says, xen_says, make_kernel, doc, *, dom0_memory=512, memory=1024, initramfs=True):
    def scenario(context):
        kernel = make_kernel(context)
        modules = []
        if kernel:
            modules = [f"{kernel} console=hvc0", *([context.initramfs] if initramfs else [])]
        arguments = hv_arguments(context.hv, dom0_memory) + " noreboot"
        with Machine(context.directory, hv=context.hv, hv_args=arguments, modules=modules, memory=memory) as vm:
            # The command line is logged too, and is no explanation.
            prefix = r"^\((XEN|HV)\)(?!.*console=).*"
            vm.wait_for(prefix + (f"({xen_says})" if context.on_xen else f"(?i:{says})"), 60)
            if vm.triple_fault():
                raise Failure("triple fault")
            if re.search("Run /init as init", vm.console()):
                raise Failure("dom0 was started all the same")
    scenario.__doc__ = doc
    return scenario


def stock(_):
    return kernel_path()


def truncated(context):
    image = BzImage(kernel_path())
    return write(context, "vmlinuz", image.image[:image.payload_start + len(image.payload) // 2])


def corrupt(context):
    image = BzImage(kernel_path())
    payload = bytearray(image.payload)
    for at in range(len(payload) // 2, len(payload) // 2 + 4096):
        payload[at] ^= 0x55
    return write(context, "vmlinuz", image.with_payload(payload))


def header_beyond_end(context):
    image = BzImage(kernel_path())
    bad = image.image
    bad[0x248:0x250] = b"\xff\xff\xff\x7f\xff\xff\xff\xff"
    return write(context, "vmlinuz", bad)


def without_notes(context):
    # An ELF note: sizes of its owner's name and of its content, a type, then the name, here "Xen".
    elf = re.sub(rb"\x04\0\0\0(.\0\0\0..\0\0)Xen\0", lambda m: m[0][:-4] + b"Nex\0", BzImage(kernel_path()).vmlinux(),
                 flags=re.DOTALL)
    return write(context, "vmlinux", elf)


def bad_elf(context):
    elf = bytearray(BzImage(kernel_path()).vmlinux())
    elf[0x20:0x28] = b"\xff\xff\xff\xff\xff\xff\xff\x7f"  # e_phoff
    return write(context, "vmlinux", elf)


def text(context):
    return write(context, "vmlinuz", b"This is no kernel.\n" * 1000)


PANIC = "Panic on CPU|panic"
SCENARIOS = {
    "bad-no-module": refused("module|kernel", PANIC, lambda context: None, "no kernel at all"),
    "bad-truncated": refused("truncated|corrupt|short|ends|beyond|larger", PANIC, truncated,
                             "a kernel cut in its middle"),
    "bad-corrupt": refused("corrupt|unpack|decompress|damaged", PANIC, corrupt,
                           "a kernel with bad bytes in its middle"),
    "bad-header": refused("payload|truncated|corrupt|beyond|header", PANIC, header_beyond_end,
                          "a setup header that points outside of the image"),
    "bad-no-notes": refused("note|not a Xen", PANIC, without_notes, "a kernel that knows nothing of Xen"),
    "bad-elf": refused("ELF|program header|corrupt", PANIC, bad_elf, "an ELF with its program headers nowhere"),
    "bad-text": refused("kernel|format|image|ELF", PANIC, text, "a text in the kernel's place"),
    "bad-dom0-mem": refused("dom0_mem|memory", f"dom0_mem|memory|{PANIC}", stock, "more memory for dom0 than there is",
                            dom0_memory=4096, memory=512),
    "bad-little-memory": refused("memory", PANIC, stock, "a machine too small for this dom0",
                                 dom0_memory=24, memory=96),
}
