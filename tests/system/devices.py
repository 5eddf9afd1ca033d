# SPDX-License-Identifier: GPL-2.0-or-later
"""dom0 drives QEMU's devices with all kinds of interrupts, and what it moves arrives as it was."""

import contextlib
import hashlib
import http.server
import os
import socket
import threading

from dom0 import Dom0
from machine import Failure

SIZE = 4 << 20
SMP = {"pc": 1, "q35": 2}
DISKS = {"virtio": ["-device", "virtio-blk-pci,drive=virtio"],
         "nvme": ["-device", "nvme,drive=nvme,serial=1"],
         "ahci": ["-device", "ahci,id=sata", "-device", "ide-hd,drive=ahci,bus=sata.0"]}
NETS = {"virtio_net": "virtio-net-pci", "e1000": "e1000"}
MODULES = "virtio_pci,virtio_blk,nvme,ahci,sd_mod,virtio_net,e1000,xhci_pci,usbhid,hid_generic,evdev,button"


class Disk:
    """A disk whose first half holds data, which dom0 shall copy to the second."""

    def __init__(self, context, name):
        self.path, self.name, self.data = os.path.join(context.directory, name), name, os.urandom(SIZE)
        with open(self.path, "wb") as f:
            f.write(self.data)
            f.truncate(2 * SIZE)
        self.qemu = ["-drive", f"file={self.path},format=raw,if=none,id={name},cache=writeback", *DISKS[name]]
        self.argument = f"haven.sum_{name}={hashlib.sha256(self.data).hexdigest()}"

    def check(self):
        with open(self.path, "rb") as f:
            if f.read() != self.data + self.data:
                raise Failure(f"the {self.name} disk does not hold what dom0 wrote")


class Sink:
    """A port that keeps what is sent to it."""

    def __init__(self):
        self.received = None
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.settimeout(300)
        self.port = self.socket.getsockname()[1]

    def receive(self):
        try:
            connection = self.socket.accept()[0]
        except OSError:
            return
        with connection, connection.makefile("rb") as stream:
            self.received = stream.read()


class Peer:
    """The host's end of the networks: hands out one file over HTTP, and has a sink for each interface."""

    def __init__(self, data):
        self.http = http.server.HTTPServer(("127.0.0.1", 0), self.handler(data))
        self.sinks = {driver: Sink() for driver in NETS}

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

    def __enter__(self):
        for target in (self.http.serve_forever, *(sink.receive for sink in self.sinks.values())):
            threading.Thread(target=target, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()
        for sink in self.sinks.values():
            sink.socket.close()


def press(vm, watched, keys):
    vm.wait_for(f"^{watched} is watched|not ok", 240)
    for command, seen in keys:
        # Linux drops what a keyboard says while it is being opened, so a key may have to be pressed again.
        for attempt in range(12):
            vm.monitor(command)
            try:
                vm.wait_for(f"ok {seen}", 5)
                break
            except Failure:
                if attempt == 11 or vm.process.poll() is not None:
                    raise


def devices(machine):
    def scenario(context):
        disks = [Disk(context, name) for name in DISKS]
        data = os.urandom(SIZE)
        with Peer(data) as peer, contextlib.ExitStack() as stack:
            # QEMU's user network shows the host's loopback to the guest as 10.0.2.2.
            arguments = [f"haven.sum_net={hashlib.sha256(data).hexdigest()}",
                         f"haven.url=http://10.0.2.2:{peer.http.server_port}/",
                         *(f"haven.port_{driver}={sink.port}" for driver, sink in peer.sinks.items()),
                         *(disk.argument for disk in disks)]
            extra = [word for disk in disks for word in disk.qemu]
            for driver, model in NETS.items():
                extra += ["-netdev", f"user,id={driver}", "-device", f"{model},netdev={driver}"]
            vm = stack.enter_context(Dom0(
                context, "devices.sh", kernel_args=" ".join(arguments), modules=MODULES, machine=machine, smp=SMP[machine],
                extra=[*extra, "-device", "qemu-xhci", "-device", "usb-kbd"]))
            press(vm, "USB Keyboard", [("sendkey a", "key a"), ("sendkey b", "key b"), ("sendkey ret", "key return")])
            press(vm, "Power Button", [("system_powerdown", "the power button's press")])
            vm.finish(90)
        for disk in disks:
            disk.check()
        for driver, sink in peer.sinks.items():
            if sink.received != data:
                raise Failure(f"the host did not receive what dom0 sent over {driver}")
    scenario.__doc__ = (f"on {machine}: virtio, NVMe and AHCI disks, virtio and e1000 networks by checksum, USB keyboard and "
                        "power button")
    return scenario


SCENARIOS = {f"devices-{m}": devices(m) for m in ("pc", "q35")}
