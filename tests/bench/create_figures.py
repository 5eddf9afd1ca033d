# SPDX-License-Identifier: GPL-2.0-or-later
"""The figures of creating guests: hvctl with our daemons on Haven, xl with Debian's on Debian's Xen."""

import os
import re
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
DEBIAN = "/usr/lib/xen-4.17/bin"
OURS = {"dom0-tools/hvctl/hvctl": "/usr/sbin", "dom0-tools/hvd/hvd": "/usr/sbin",
        "dom0-tools/hvconsoled/hvconsoled": "/usr/sbin", "pv-drivers/manager/hvdriverd": "/usr/sbin",
        "pv-drivers/block/hvblock": "/usr/lib/haven", "pv-drivers/net/hvnet": "/usr/lib/haven",
        "xenstore/xenstored": "/usr/lib/haven"}
MODULES = "xen-privcmd,,xenfs,,xen-evtchn,,xen-gntdev"
LIMIT = 3000

EXPLANATION = """Millions of instructions of the whole machine from the start of the tool to its end, for a guest of
128 MiB with Debian's kernel and an initramfs of 1 MiB, created paused: until its first instruction. Haven with `hvctl`
and our daemons against Debian's Xen with `xl` and Debian's; `hvctl` on Xen shows what the tools alone make of it.
The micro-guests that run beside in some rows sleep on Haven; on Xen they poll without end, for their timeout of all ones has
passed there, so that these rows say little of the tools. A dash: not there yet after 50 minutes."""


def make_initramfs(work, build, kernel, vmlinux):
    programs = {os.path.join(work, "span"): "/usr/bin/span"}
    subprocess.run(["gcc", "-O2", "-static", "-o", os.path.join(work, "span"), os.path.join(HERE, "span.c")], check=True)
    subprocess.run([os.path.join(TOP, "scripts", "make-guest-initramfs"), os.path.join(work, "guest.gz")], check=True)
    guests = os.path.join(work, "create-guests")
    subprocess.run(["make", "-s", "-C", os.path.join(TOP, "tests", "guests"), f"O={guests}", f"{guests}/ending.elf"],
                   check=True)
    for tool, folder in OURS.items():
        programs[os.path.join(build, tool)] = f"{folder}/{os.path.basename(tool)}"
    for tool in ("xl", "xenstored", "xenconsoled", "xen-init-dom0"):
        programs[f"{DEBIAN}/{tool}"] = f"{DEBIAN}/{tool}"
    files = {vmlinux: "/guests/vmlinux", kernel: "/guests/vmlinuz", os.path.join(work, "guest.gz"): "/guests/initramfs.gz",
             os.path.join(guests, "ending.elf"): "/guests/ending.elf", "/etc/xen/xl.conf": "/etc/xen/xl.conf",
             os.path.join(HERE, "create_bench.sh"): "/bench/create_bench.sh",
             "/lib/x86_64-linux-gnu/libgcc_s.so.1": "/lib/x86_64-linux-gnu/libgcc_s.so.1"}
    image = os.path.join(work, "create.cpio")
    arguments = [w for a, b in programs.items() for w in ("-b", f"{a}:{b}")]
    arguments += [w for a, b in files.items() for w in ("-f", f"{a}:{b}")]
    subprocess.run([os.path.join(TOP, "scripts", "make-dom0-initramfs"), *arguments, image], check=True)
    return image


def measure(boot, columns, kernel, vmlinux, dom0_memory, work, build):
    """columns: name to (hypervisor, options, tool). For each: label to millions of instructions."""
    image = make_initramfs(work, build, kernel, vmlinux)
    figures = {}
    for name, (hv, options, tool) in columns.items():
        arguments = f"{vmlinux} console=hvc0 quiet panic=1 haven.run=/bench/create_bench.sh haven.modules={MODULES}"
        console = boot(hv, f"console=com1 dom0_mem={dom0_memory}M loglvl=warning {options}",
                       [f"{arguments} haven.tool={tool}", image], LIMIT)
        rows = re.findall(r"^SPAN (.+) (\d+)\s*$", console, re.MULTILINE)
        figures[name] = {label: int(n) / 1e6 for label, n in rows if "warming" not in label}
        if not rows or "FAILED" in console:
            print(f"bench: {name}:\n" + "\n".join(console.splitlines()[-10:]))
    return figures
