# SPDX-License-Identifier: GPL-2.0-or-later
"""The figures of the drivers: our back ends and Linux's on Haven, and Linux's on Debian's Xen."""

import glob
import os
import re
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
SYSTEM = os.path.join(TOP, "tests", "system", "dom0")
DEBIAN = "/usr/lib/xen-4.17/bin"
OURS = {"dom0-tools/hvctl/hvctl": "/usr/sbin/hvctl", "dom0-tools/hvd/hvd": "/usr/sbin/hvd",
        "dom0-tools/hvconsoled/hvconsoled": "/usr/sbin/hvconsoled", "xenstore/xenstored": "/usr/sbin/xenstored",
        "xenstore/cli/hvstore": "/usr/sbin/hvstore", "pv-drivers/manager/hvdriverd": "/usr/sbin/hvdriverd",
        "pv-drivers/block/hvblock": "/usr/lib/haven/hvblock", "pv-drivers/net/hvnet": "/usr/lib/haven/hvnet"}
MODULES = "xen-privcmd,,xenfs,,xen-evtchn,,xen-gntdev,,xen-gntalloc,,bridge,,tun"
LIMIT = 3000
# Features of the CPU that are left out, and what is said of that. QEMU counts each byte of a "rep movsb" as an
# instruction, of which a CPU moves tens at a time; without ERMS Linux copies words, as both hypervisors always do.
CPUS = (("", "On the CPU of all tables, which has ERMS: where Linux copies, each byte counts as an instruction, which is the "
         "greater part of the rows with large requests (a network's copies in dom0, and those of the guest's blkfront "
         "with persistent grants, which Linux's back end asks for)."),
        (",-erms", "On one without ERMS, where all copy words:"))

EXPLANATION = """Instructions of the whole machine (guests, hypervisor, dom0) for one request, packet, KiB or round trip, one
after the other or as many at a time as the row says. The disk is a RAM disk of dom0 (`brd`), opened with O_DIRECT by a small
program in a stock Debian guest (`tests/bench/device_load.c`); the network is a bridge in dom0."""


def make_guest(work):
    """The guests' initramfs: busybox, the front ends, the load."""
    root = os.path.join(work, "device-guest")
    for directory in ("bin", "dev", "proc", "sys"):
        os.makedirs(os.path.join(root, directory))
    subprocess.run(["gcc", "-O2", "-static", "-o", f"{root}/bin/device_load", os.path.join(HERE, "device_load.c")], check=True)
    subprocess.run(["cp", "-L", "/bin/busybox", f"{root}/bin/busybox"], check=True)
    version = max((v for v in os.listdir("/lib/modules") if "cloud" not in v), key=lambda v: [int(n) for n in re.findall(r"\d+", v)])
    for module in ("block/xen-blkfront.ko", "net/xen-netfront.ko"):
        target = f"{root}/lib/modules/{version}/kernel/drivers/{module}"
        os.makedirs(os.path.dirname(target))
        subprocess.run(["cp", f"/lib/modules/{version}/kernel/drivers/{module}", target], check=True)
    for name in ("builtin", "builtin.modinfo", "order"):
        subprocess.run(["cp", f"/lib/modules/{version}/modules.{name}", f"{root}/lib/modules/{version}"], check=True)
    subprocess.run(["/sbin/depmod", "-b", root, version], check=True)
    with open(os.path.join(HERE, "device_bench.sh")) as script, open(f"{root}/init", "w") as init:
        init.write("#!/bin/busybox sh\n" + script.read())
    os.chmod(f"{root}/init", 0o755)
    image = os.path.join(work, "bench.gz")
    subprocess.run("find . | LC_ALL=C sort | cpio -o -H newc --quiet --reproducible -R 0:0 | gzip -n -1 > " + image, shell=True,
                   check=True, cwd=root)
    return image, f"{root}/bin/device_load"


def make_initramfs(work, build, vmlinux):
    guest, load = make_guest(work)
    programs = {load: "/usr/bin/device_load", "/bin/bash": "/bin/bash", "/usr/sbin/ip": "/usr/sbin/ip",
                "/usr/bin/flock": "/usr/bin/flock"}
    programs |= {os.path.join(build, tool): there for tool, there in OURS.items() if os.path.exists(os.path.join(build, tool))}
    programs |= {f"{DEBIAN}/{tool}": f"{DEBIAN}/{tool}" for tool in ("xl", "xenstored", "xenconsoled", "xen-init-dom0")}
    programs |= {f"/usr/bin/xenstore-{verb}": f"/usr/bin/xenstore-{verb}" for verb in
                 ("read", "write", "rm", "list", "exists", "watch", "ls", "chmod")}
    files = {vmlinux: "/guests/vmlinux", guest: "/guests/bench.gz", "/etc/xen/xl.conf": "/etc/xen/xl.conf",
             os.path.join(HERE, "device_bench.sh"): "/bench/device_bench.sh",
             os.path.join(SYSTEM, "toolstack.sh"): "/dom0/toolstack.sh",
             "/lib/x86_64-linux-gnu/libgcc_s.so.1": "/lib/x86_64-linux-gnu/libgcc_s.so.1"}
    files |= {script: script for script in glob.glob("/etc/xen/scripts/*")}
    files |= {script: script for script in glob.glob("/usr/lib/xen-4.17/bin/hotplugpath.sh")}
    image = os.path.join(work, "device.cpio")
    arguments = [w for a, b in programs.items() for w in ("-b", f"{a}:{b}")]
    arguments += [w for a, b in files.items() for w in ("-f", f"{a}:{b}")]
    subprocess.run([os.path.join(TOP, "scripts", "make-dom0-initramfs"), "-m", "brd", *arguments, image], check=True)
    return image


def measure(boot, columns, vmlinux, image, dom0_memory, rows_wanted=""):
    """columns: name to (hypervisor, options, tool, drivers). For each: row to instructions, of the rows that begin so."""
    figures = {}
    for name, (hv, options, tool, drivers) in columns.items():
        arguments = f"{vmlinux} console=hvc0 quiet panic=1 haven.run=/bench/device_bench.sh haven.modules={MODULES}"
        console = boot(hv, f"console=com1 dom0_mem={dom0_memory}M loglvl=warning {options}",
                       [f"{arguments} haven.tool={tool} haven.drivers={drivers} haven.rows={rows_wanted}", image], LIMIT)
        rows = re.findall(r"^(?:\[.*\] )?MEASURED (.+): LOAD ([\d.]+)\s*$", console, re.MULTILINE)
        figures[name] = {label: float(n) for label, n in rows}
        if not rows or "FAILED" in console or re.search(r"MEASURED .*: (?!LOAD)", console, re.MULTILINE):
            print(f"bench: {name}:\n" + "\n".join(console.splitlines()[-30:]), flush=True)
    return figures
