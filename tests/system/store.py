# SPDX-License-Identifier: GPL-2.0-or-later
"""The store in dom0: our server and Debian's two, each with Debian's programs, with our library, and with ours."""

import os
import subprocess

from dom0 import HERE, TOP, Dom0, hvctl_path
from machine import Skip

DEBIAN = "/usr/lib/xen-4.17/bin"
OURS = {"xenstore/xenstored": "/usr/sbin/xenstored", "xenstore/cli/hvstore": "/usr/sbin/hvstore"}
LIBRARY = "xenstore/client/libxenstore.so.4.0"
MODULES = "xen-privcmd,xen-evtchn,xen-gntdev"


def make_initramfs(build, path):
    programs = [f"{build}/{source}:{to}" for source, to in OURS.items()]
    programs += [f"{DEBIAN}/xenstored", f"{DEBIAN}/oxenstored", "/usr/bin/xenstore"]
    files = [f"{build}/{LIBRARY}:/usr/lib/haven/libxenstore.so.4", "/etc/xen/oxenstored.conf",
             "/lib/x86_64-linux-gnu/libgcc_s.so.1"]  # which Debian's library ends its thread by
    for source in [p.split(":")[0] for p in programs + files]:
        if not os.path.exists(source):
            raise Skip(f"{source} is missing")
    arguments = [w for p in programs for w in ("-b", p)] + [w for f in files for w in ("-f", f)]
    scripts = [w for name in ("lib.sh", "store.sh") for w in ("-f", f"{HERE}/dom0/{name}:/dom0/{name}")]
    subprocess.run([os.path.join(TOP, "scripts", "make-dom0-initramfs"), *arguments, *scripts, path], check=True)


def store(kind, text):
    def scenario(context):
        if not context.hvctl:
            raise Skip("the tools are not built beside the hypervisor")
        build = os.path.dirname(os.path.dirname(os.path.dirname(hvctl_path(context.hv))))
        context.initramfs = os.path.join(context.directory, "store.cpio")
        make_initramfs(build, context.initramfs)
        try:
            with Dom0(context, "store.sh", modules=MODULES, kernel_args=f"haven.store={kind}") as vm:
                vm.finish(300)
        finally:
            os.unlink(context.initramfs)
    scenario.__doc__ = text
    return scenario


SCENARIOS = {
    "store-haven": store("haven", "Debian's xenstore programs and hvstore on our xenstored, killed and started again"),
    "store-xenstored": store("xenstored", "hvstore and our library on Debian's xenstored"),
    "store-oxenstored": store("oxenstored", "hvstore and our library on Debian's oxenstored"),
}
