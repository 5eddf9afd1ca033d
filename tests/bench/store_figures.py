# SPDX-License-Identifier: GPL-2.0-or-later
"""The store's figures: our xenstored and Debian's two, each in dom0 of the same hypervisor, with the same client."""

import os
import re
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
DEBIAN = "/usr/lib/xen-4.17/bin"
SERVERS = {"Haven's xenstored": "haven", "Debian's xenstored": "xenstored", "Debian's oxenstored": "oxenstored"}
MODULES = "xen-privcmd,,xenfs,,xen-evtchn,,xen-gntdev"
LIMIT = 1800

EXPLANATION = """Instructions per operation over the socket, all of them (client, kernel, hypervisor, server), and in
brackets those that ran while the server's process was current, its system calls included. Every server runs in dom0 on
Haven, one CPU, with one client program (`tests/bench/store_bench.c`); a transaction is a start, five reads, five writes
and an end. The last column is ours to the better of the other two."""


def make_initramfs(work, build):
    program = os.path.join(work, "store_bench")
    subprocess.run(["gcc", "-O2", "-o", program, os.path.join(HERE, "store_bench.c")], check=True)
    image = os.path.join(work, "store.cpio")
    subprocess.run([os.path.join(TOP, "scripts", "make-dom0-initramfs"),
                    "-b", f"{build}/xenstore/xenstored:/usr/sbin/xenstored",
                    "-b", f"{DEBIAN}/xenstored", "-b", f"{DEBIAN}/oxenstored", "-b", f"{program}:/usr/bin/store_bench",
                    "-f", "/etc/xen/oxenstored.conf",
                    "-f", os.path.join(HERE, "store_bench.sh") + ":/bench/store_bench.sh", image], check=True)
    return image


def measure(boot, hv, kernel, dom0_memory, work):
    """For each server: operation to (all instructions, the server's)."""
    image = make_initramfs(work, os.path.dirname(os.path.dirname(os.path.abspath(hv))))
    figures = {}
    for name, kind in SERVERS.items():
        arguments = f"{kernel} console=hvc0 quiet panic=1 haven.run=/bench/store_bench.sh haven.modules={MODULES}"
        console = boot(hv, f"console=com1 dom0_mem={dom0_memory}M loglvl=warning",
                       [f"{arguments} haven.store={kind}", image], LIMIT)
        rows = re.findall(r"^STORE (.+) (\d+) (\d+)\s*$", console, re.MULTILINE)
        figures[name] = {row: (int(total), int(server)) for row, total, server in rows}
        if not rows:
            print(f"bench: no figures of {name}:\n" + "\n".join(console.splitlines()[-10:]))
    return figures


def table(figures):
    names = list(figures)
    rows = list(dict.fromkeys(row for column in figures.values() for row in column))
    lines = [["", *names, "ours : better"], ["---", *("---:" for _ in names), "---:"]]
    for row in rows:
        cells = [figures[n].get(row) for n in names]
        shown = [f"{c[0]:,} ({c[1]:,})" if c else "-" for c in cells]
        others = [c for c in cells[1:] if c]
        ratio = f"{cells[0][0] / min(c[0] for c in others):.2f}" if cells[0] and others else ""
        lines.append([row, *shown, ratio])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
