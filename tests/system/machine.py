# SPDX-License-Identifier: GPL-2.0-or-later
"""A QEMU machine under test.

The serial console goes to a file that is searched while the machine runs; the QMP socket takes monitor commands and
tells how the machine ended.  QEMU runs with -no-reboot, so a reset ends it as well as a power-off does, and its log of
CPU resets tells a reset that was asked for from a triple fault.
"""

import json
import os
import re
import socket
import subprocess
import time


class Failure(Exception):
    """What was tested is broken."""


class Skip(Exception):
    """What was to be tested is not there."""


# QEMU goes through a "rep movsb" byte by byte; without ERMS kernel and libc move words. With FSGSBASE Linux as a PV guest
# reads an MSR at each switch of processes, which faults. boot-* have all of "max".
QUICK = "max,-erms,-fsrm,-fsgsbase"


class Machine:
    def __init__(self, directory, *, hv=None, hv_args="", modules=(), smp=1, machine="pc", cpu=QUICK, memory=1024, extra=()):
        self.directory = directory
        self.console_path = os.path.join(directory, "console.log")
        self.resets_path = os.path.join(directory, "qemu.log")
        self.qmp_path = os.path.join(directory, "qmp")
        self.command = [
            "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-machine", machine, "-cpu", cpu, "-m", str(memory),
            "-smp", str(smp), "-display", "none", "-vga", "std", "-monitor", "none",
            "-serial", "file:" + self.console_path, "-no-user-config", "-nodefaults", "-no-reboot",
            "-d", "cpu_reset", "-D", self.resets_path,
            "-qmp", f"unix:{self.qmp_path},server=on,wait=off"]
        if hv:
            self.command += ["-kernel", hv, "-append", hv_args]
        if modules:
            self.command += ["-initrd", ",".join(m.replace(",", ",,") for m in modules)]
        self.command += list(extra)
        self.process = None
        self.qmp = None
        self.events = []

    def __enter__(self):
        with open(os.path.join(self.directory, "command"), "w") as f:
            f.write(" ".join(f"'{a}'" if re.search(r"[\s,&;]", a) else a for a in self.command) + "\n")
        self.errors = open(os.path.join(self.directory, "stderr.log"), "wb")
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=self.errors, stderr=self.errors)
        deadline = time.monotonic() + 30
        while True:
            try:
                s = socket.socket(socket.AF_UNIX)
                s.connect(self.qmp_path)
                break
            except OSError:
                s.close()
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.process.kill()
                    raise Failure("QEMU did not start: " + self._read(self.errors.name).strip()) from None
                time.sleep(0.1)
        s.settimeout(60)
        self.qmp = s.makefile("rw")
        self._reply(lambda m: "QMP" in m)
        self._execute("qmp_capabilities")
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.errors.close()

    @staticmethod
    def _read(path):
        try:
            with open(path, "rb") as f:
                return f.read().decode("utf-8", "replace").replace("\r", "")
        except FileNotFoundError:
            return ""

    def _reply(self, wanted):
        for line in self.qmp:
            message = json.loads(line)
            if "event" in message:
                self.events.append(message)
            elif wanted(message):
                return message
        raise Failure("QEMU closed its control connection")

    def _execute(self, command, **arguments):
        self.qmp.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.qmp.flush()
        reply = self._reply(lambda m: "return" in m or "error" in m)
        if "error" in reply:
            raise Failure(f"QEMU refused {command}: {reply['error']}")
        return reply["return"]

    def monitor(self, line):
        return self._execute("human-monitor-command", **{"command-line": line})

    def console(self):
        return self._read(self.console_path)

    def wait_for(self, pattern, timeout):
        """The first match of a pattern on the console."""
        deadline = time.monotonic() + timeout
        while True:
            ended = self.process.poll() is not None
            match = re.search(pattern, self.console(), re.MULTILINE)
            if match:
                return match
            if ended:
                raise Failure(f"the machine ended without '{pattern}' on its console" + self.why())
            if time.monotonic() > deadline:
                raise Failure(f"no '{pattern}' on the console within {timeout} s" + self.why())
            time.sleep(0.2)

    def wait_end(self, timeout):
        """How the machine ended: 'poweroff', 'reset', or 'triple fault'."""
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failure(f"the machine did not end within {timeout} s" + self.why()) from None
        if self.triple_fault():
            return "triple fault"
        try:
            for line in self.qmp:
                self.events.append(json.loads(line))
        except (OSError, ValueError):
            pass
        for event in self.events:
            if event.get("event") == "SHUTDOWN":
                reason = event["data"]["reason"]
                return {"guest-shutdown": "poweroff", "guest-reset": "reset"}.get(reason, reason)
        return "unknown"

    def triple_fault(self):
        return "Triple fault" in self._read(self.resets_path)

    def why(self):
        """The lines of the console that explain a failure best, for the one line that reports it."""
        if self.triple_fault():
            return " (triple fault)"
        lines = [l for l in self.console().splitlines() if l.strip()]
        bad = [l for l in lines if re.search(r"panic|Panic|assert|BUG:|not ok|fatal|FATAL", l)]
        return ": " + (bad or lines or ["nothing on the console"])[-1].strip()
