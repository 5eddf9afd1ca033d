# SPDX-License-Identifier: GPL-2.0-or-later
"""dom0 drives QEMU's devices with all kinds of interrupts, and what it moves arrives as it was."""

import hashlib
import http.server
import os
import re
import socket
import threading

from dom0 import Dom0
from machine import Failure

SIZE = 4 << 20
SMP = {"pc": 1, "q35": 2}


def disk(machine, modules, driver, device, interrupt):
    def scenario(context):
        path = os.path.join(context.directory, "disk")
        data = os.urandom(SIZE)
        with open(path, "wb") as f:
            f.write(data)
            f.truncate(2 * SIZE)
        arguments = f"haven.disk={driver} haven.sum={hashlib.sha256(data).hexdigest()} haven.interrupt={interrupt}"
        extra = ["-drive", f"file={path},format=raw,if=none,id=d,cache=writeback", *device]
        with Dom0(context, "devices.sh", kernel_args=arguments, modules=modules, machine=machine,
                  smp=SMP[machine], extra=extra) as vm:
            vm.finish(240)
        with open(path, "rb") as f:
            if f.read() != data + data:
                raise Failure("the disk does not hold what dom0 wrote")
    scenario.__doc__ = f"{driver} disk on {machine}: read and written, checked by checksum"
    return scenario


class Peer:
    """The host's end of a network test: hands out one file over HTTP, and keeps what is sent to another port."""

    def __init__(self, data):
        self.received = None
        self.http = http.server.HTTPServer(("127.0.0.1", 0), self.handler(data))
        self.sink = socket.create_server(("127.0.0.1", 0))
        self.sink.settimeout(300)
        self.threads = [threading.Thread(target=t, daemon=True) for t in (self.http.serve_forever, self.receive)]

    @staticmethod
    def handler(data):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass
        return Handler

    def receive(self):
        try:
            connection = self.sink.accept()[0]
        except OSError:
            return
        with connection, connection.makefile("rb") as stream:
            self.received = stream.read()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()
        self.sink.close()


def net(machine, model, driver, interrupt):
    def scenario(context):
        data = os.urandom(SIZE)
        with Peer(data) as peer:
            # QEMU's user network shows the host's loopback to the guest as 10.0.2.2.
            arguments = (f"haven.net={driver} haven.sum={hashlib.sha256(data).hexdigest()} haven.interrupt={interrupt} "
                         f"haven.url=http://10.0.2.2:{peer.http.server_port}/ haven.port={peer.sink.getsockname()[1]}")
            with Dom0(context, "devices.sh", kernel_args=arguments, modules=f"virtio_pci,{driver}", machine=machine,
                      smp=SMP[machine], extra=["-netdev", "user,id=n", "-device", f"{model},netdev=n"]) as vm:
                vm.finish(240)
        if peer.received != data:
            raise Failure("the host did not receive what dom0 sent")
    scenario.__doc__ = f"{model} on {machine}: a file received and sent back, checked by checksum"
    return scenario


def keyboard(machine):
    def scenario(context):
        with Dom0(context, "keyboard.sh", modules="xhci_pci,usbhid,hid_generic,evdev", machine=machine,
                  extra=["-device", "qemu-xhci", "-device", "usb-kbd"]) as vm:
            vm.wait_for("^keyboard is watched|not ok", 240)
            for key, name in (("a", "a"), ("b", "b"), ("ret", "return")):
                vm.monitor(f"sendkey {key}")
                vm.wait_for(f"ok key {name}", 60)
            vm.finish(60)
    scenario.__doc__ = f"a USB keyboard on {machine}: each key pressed is seen"
    return scenario


def msi(name):
    return "-msi.*" + re.sub(r"\s", "~", name)


SCENARIOS = {}
for m in ("pc", "q35"):
    SCENARIOS[f"virtio-blk-{m}"] = disk(m, "virtio_pci,virtio_blk", "virtio", ["-device", "virtio-blk-pci,drive=d"],
                                        msi("virtio"))
    SCENARIOS[f"nvme-{m}"] = disk(m, "nvme", "nvme", ["-device", "nvme,drive=d,serial=1"], msi("nvme"))
    SCENARIOS[f"ahci-{m}"] = disk(m, "ahci,sd_mod", "ata[0-9]",
                                  ["-device", "ahci,id=sata", "-device", "ide-hd,drive=d,bus=sata.0"], "ahci")
    SCENARIOS[f"virtio-net-{m}"] = net(m, "virtio-net-pci", "virtio_net", msi("virtio"))
    SCENARIOS[f"e1000-{m}"] = net(m, "e1000", "e1000", "ioapic-level.*eth")
    SCENARIOS[f"usb-keyboard-{m}"] = keyboard(m)
