# SPDX-License-Identifier: GPL-2.0-or-later
"""Balloons of stock guests, and creates that take memory from dom0 and from guests."""

import os
import stat

from create import with_files
from dom0 import TOP, Dom0, kernel_path
from machine import Skip

import subprocess

# What the guest does all the while: keeps data, copies it through fresh memory, and compares.
VERIFY = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs -o size=64m tmpfs /tmp
echo online > /sys/devices/system/memory/auto_online_blocks
printf '#!/bin/busybox sh\\n/bin/busybox poweroff -f\\n' > /sbin/poweroff
chmod 755 /sbin/poweroff
dd if=/dev/urandom of=/tmp/data bs=1M count=3 2> /dev/null
sum=$(md5sum < /tmp/data)
echo "the guest is up, MemTotal $(sed -n 's/^MemTotal: *//p' /proc/meminfo)"
renice -n 10 $$  # the balloon is a thread of the kernel, and shall not wait for us
n=0
while :; do
    cp /tmp/data /tmp/copy
    if [ "$(md5sum < /tmp/copy)" = "$sum" ] && [ "$(md5sum < /tmp/data)" = "$sum" ]; then
        n=$((n + 1))
        [ $((n % 4)) = 0 ] && echo "verified $n MemTotal $(sed -n 's/^MemTotal: *\\([0-9]*\\).*/\\1/p' /proc/meminfo)"
    else
        echo "DAMAGED in round $n"
    fi
    rm /tmp/copy
    usleep 200000  # dom0 shall get on, too
done
"""


def make_guest_initramfs(directory):
    """The guests' initramfs with another first process."""
    base, out = os.path.join(directory, "base.cpio.gz"), os.path.join(directory, "guest.cpio.gz")
    subprocess.run([os.path.join(TOP, "scripts", "make-guest-initramfs"), base], check=True)
    init = os.path.join(directory, "init")
    with open(init, "w") as f:
        f.write(VERIFY)
    os.chmod(init, stat.S_IRWXU)
    more = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet", "-R", "0:0"], cwd=directory, check=True,
                          stdout=subprocess.PIPE, input=b"init").stdout
    with open(out, "wb") as f, open(base, "rb") as b:
        image = b.read()
        f.write(image + bytes(-len(image) % 4) + more)  # Linux looks for the next archive at a multiple of four
    return out


def memory(context, parts="all"):
    """mem-set 20 times while memory is in use, maxmem, hotplug, mem plan, creates that take memory"""
    if not context.hvctl:
        raise Skip("hvctl is not built beside the hypervisor")
    files = {"/guests/vmlinuz": context.kernel or kernel_path(),
             "/guests/verify.gz": make_guest_initramfs(context.directory)}
    with Dom0(with_files(context, files), "memory.sh", modules="xen-privcmd,xen-evtchn,xen-gntdev",
              dom0_memory=None, memory=1280, kernel_args=f"haven.parts={parts}") as vm:
        vm.finish(1200)


SCENARIOS = {"memory-pc": memory}
