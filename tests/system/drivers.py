# SPDX-License-Identifier: GPL-2.0-or-later
"""Stock Debian guests with disks and networks: our back ends and Linux's, with hvctl and with Debian's xl."""

import glob
import os
import re
import subprocess
import tempfile
import threading

from create import with_files
from dom0 import TOP, Dom0
from machine import Skip

MAKE_DISK = os.path.join(TOP, "scripts", "make-guest-disk")
# What guests have beside busybox; the ones that this machine lacks are left out, and with them what needs them.
NETWORK_PROGRAMS = ("/usr/bin/iperf3", "/usr/sbin/ethtool")
DISK_PROGRAMS = ("/usr/bin/fio", "/usr/sbin/mke2fs", "/usr/sbin/e2fsck", "/usr/sbin/blkdiscard")
DOM0_PROGRAMS = ("/usr/bin/iperf3", "/usr/sbin/ip")
NAT_PROGRAMS = ("/usr/sbin/nft", "/usr/sbin/dnsmasq")
NAT_MODULES = ("bridge", "dummy", "nf_tables", "nft_chain_nat", "nft_masq")  # dummy: what stands for a NIC
IMAGE_PROGRAMS = ("/usr/bin/qemu-img", "/usr/bin/qemu-nbd")
XL_PROGRAMS = ("/bin/bash", "/usr/bin/flock", "/usr/bin/xenstore-rm", "/usr/bin/xenstore-list", "/usr/bin/xenstore-exists",
               "/usr/bin/xenstore-chmod", "/usr/bin/xenstore-ls", "/usr/bin/xenstore-write", "/usr/bin/xenstore-read",
               "/usr/bin/xenstore-watch")
XL_TOOLS = ("xl", "xenstored", "xenconsoled", "xen-init-dom0")
MODULES = "xen-privcmd,xen-evtchn,xen-gntdev,xen-gntalloc,virtio_pci,virtio_blk,crc32c_generic,ext4,bridge,tun,loop"
lock = threading.Lock()


def present(programs):
    return [p for p in programs if os.path.exists(p)]


def with_libraries(programs):
    """Files there and here of programs ({there: here}) and their shared libraries."""
    files = {"/lib/x86_64-linux-gnu/libgcc_s.so.1": "/lib/x86_64-linux-gnu/libgcc_s.so.1"}
    for there, here in programs.items():
        files[there] = here
        listed = subprocess.run(["ldd", here], check=False, stdout=subprocess.PIPE, text=True).stdout
        for line in listed.splitlines():
            path = next((word for word in line.split() if word.startswith("/")), None)
            if path:
                files[path] = path
    return files


def guest_images(directory):
    """The guests' disks and their initramfs, made once for all scenarios: big.img has fio and e2fsprogs."""
    with lock:
        done = os.path.join(directory, "disk.gz")
        if os.path.exists(done):
            return
        os.makedirs(directory, exist_ok=True)
        small = [w for p in present(NETWORK_PROGRAMS) for w in ("-b", p)]
        big = small + [w for p in present(DISK_PROGRAMS) for w in ("-b", p)]
        subprocess.run([MAKE_DISK, *small, os.path.join(directory, "small.img")], check=True)
        subprocess.run([MAKE_DISK, "-s", "256M", *big, os.path.join(directory, "big.img")], check=True)
        subprocess.run([MAKE_DISK, "-i", done + ".part", os.path.join(directory, "none.img")], check=True)
        os.unlink(os.path.join(directory, "none.img"))
        os.rename(done + ".part", done)


def images_disk(directory, path, names):
    """dom0's second disk, which holds the guests' images."""
    with tempfile.TemporaryDirectory(dir=directory) as tree:
        for name in names:
            subprocess.run(["cp", "--sparse=always", os.path.join(directory, name), tree], check=True)
        subprocess.run(["truncate", "-s", "1G", path], check=True)
        subprocess.run(["/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-d", tree, path], check=True)


def module_files(names):
    """Modules and what they need, named so that they can be loaded one after the other."""
    paths = []
    version = max((v for v in os.listdir("/lib/modules") if "cloud" not in v), key=lambda v: [int(n) for n in re.findall(r"\d+", v)])
    for name in names:
        listed = subprocess.run(["modprobe", "-S", version, "--show-depends", name], check=True, stdout=subprocess.PIPE,
                                text=True).stdout
        paths += [line.split()[1] for line in listed.splitlines() if line.startswith("insmod")]
    return {f"/modules/{i:02}.ko": path for i, path in enumerate(dict.fromkeys(paths))}


def dom0_files(context, tool, images, further):
    programs = {p: p for p in present(DOM0_PROGRAMS + tuple(further))}
    files = {}
    if tool == "xl":
        bin_dirs = glob.glob("/usr/lib/xen-4.*/bin")
        if not bin_dirs:
            raise Skip("xen-utils is not installed")
        programs |= {f"/usr/sbin/{name}": os.path.join(bin_dirs[0], name) for name in XL_TOOLS}
        programs |= {p: p for p in present(XL_PROGRAMS)}
        files = {p: p for p in glob.glob("/etc/xen/scripts/*") + ["/etc/xen/xl.conf"] if os.path.isfile(p)}
    files |= with_libraries(programs)
    files |= {"/usr/bin/guest-runs": os.path.join(TOP, "scripts", "guest-runs"), "/guests/vmlinuz": context.kernel,
              "/guests/disk.gz": os.path.join(images, "disk.gz")}
    return files


def drivers(context, tool, parts, images, programs=(), workers=(), module_names=(), hv_args="", timeout=1500):
    if tool == "hvctl" and not context.hvctl:
        raise Skip("hvctl is not built beside the hypervisor")
    made = os.path.join(os.path.dirname(context.directory), "guest-images")
    guest_images(made)
    disk = os.path.join(context.directory, "images")
    images_disk(made, disk, images)
    build = os.path.dirname(os.path.dirname(os.path.dirname(context.hvctl or "")))
    files = with_libraries({f"/usr/lib/haven/{w}": os.path.join(build, "pv-drivers/block", w) for w in workers})
    files |= dom0_files(context, tool, made, programs) | module_files(module_names)
    context = with_files(context, files)
    with Dom0(context, "drivers.sh", modules=MODULES, hv_args=hv_args, dom0_memory=640, memory=1536,
              kernel_args=f"haven.tool={tool} haven.parts={parts}",
              extra=["-drive", f"file={disk},format=raw,if=virtio,cache=unsafe"]) as vm:
        vm.finish(timeout)
    os.unlink(disk)


def disk(context):
    """our block back end: fio, resize, read-only, qcow2, I/O errors, 20 hot rounds, kill -9 while ext4 writes"""
    drivers(context, "hvctl", "disk", ["big.img"], programs=IMAGE_PROGRAMS, workers=("hvblock-nbd",))


def net(context):
    """our network back end: features, queues, rates, spoofing, DHCP, hot rounds, kill -9 in a stream; Linux's back ends"""
    # As many queues are offered as dom0 has CPUs, be they on one of the machine.
    drivers(context, "hvctl", "net,brief:linux", ["small.img"], programs=NAT_PROGRAMS,
            module_names=NAT_MODULES + ("nft_meta_bridge",), hv_args="dom0_max_vcpus=2-2")


def xl(context):
    """Debian's xl with our back ends"""
    drivers(context, "xl", "brief", ["small.img"])


def network_setup(context):
    """networks for guests that hvctl makes: over a NIC, whose addresses and routes move there and back, and with NAT and DHCP"""
    if not context.hvctl:
        raise Skip("hvctl is not built beside the hypervisor")
    if len(present(NAT_PROGRAMS)) < len(NAT_PROGRAMS):
        raise Skip("nft or dnsmasq is not installed")
    files = with_libraries({p: p for p in NAT_PROGRAMS + ("/usr/sbin/ip",)}) | module_files(NAT_MODULES)
    with Dom0(with_files(context, files), "network_setup.sh", memory=1024) as vm:
        vm.finish(300)


SCENARIOS = {"drivers-disk-pc": disk, "drivers-net-pc": net, "drivers-xl-pc": xl, "network-setup-pc": network_setup}
