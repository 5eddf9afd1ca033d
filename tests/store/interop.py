#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Our store against Debian's, on this machine.

Servers: ours, Debian's xenstored, Debian's oxenstored (both with fake_xen.c in Xen's place). Clients: Debian's
xenstore-* with Debian's library, the same programs with ours, and our hvstore under their names. Each client does
the same things to a fresh server of each kind: on one server all clients must print and exit alike, and our server must
answer as Debian's does.

usage: interop.py [-v] [BUILD]    (BUILD: where Haven was built, default: here)
"""

import argparse
import difflib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

SOURCE = os.path.dirname(os.path.abspath(__file__))
DEBIAN = "/usr/lib/xen-4.17/bin"
SKIPPED = 77
LIMIT = 60

# One line, one command; "watch N PATH" runs beside those that follow, up to "wait".
STORY = r"""
ls
write /a/b hello
write /a/c w\x01o\trld\\ /a/d \101\n\0
read /a/b
read -p /a/b /a/c /a/d
read -R /a/c
read /nope
read /a/b /nope
read
exists /a
exists /a /nope
exists /nope
exists -p /a
list /a
list -p /a /
list /nope
ls /a
ls -p /a
ls -f /a
ls -fp /a
ls /nope
ls -z /a
write -R /a/raw back\x41slash
write /a/empty @
write /a/odd
write relative x
write /bad//path x
write /trailing/ x
write /sp\x20ace x
write /a/long @LONG
ls /a
ls -f /a
read /a/long
write /a/huge @HUGE
read /a/huge
write /@PATH x
write /@LONGPATH x
chmod /a/b r0 w1 b2 n3
chmod -r /a n0 r7
chmod -u /a/b n0 b9
chmod /a/b x1
chmod /nope n0
chmod /a/b
chmod -t /a/b n0
ls -p /a
list /d
@CHILDREN
list /d
ls /d
rm /d/child-number-7
rm /d/child-number-7
rm /d/x/y/z
rm /none/x
rm /
exists /d/child-number-8 /d/child-number-7
rm -t /t1/t2/t3
write /t1/t2/t3 x
rm -t /t1/t2/t3
exists /t1
write /t1/v y /t1/t2/t3 x
rm -t /t1/t2/t3
ls /t1
watch 4 /w
write /w 1
write /w/x 2
write /elsewhere 3
write /w/x/y 4
wait
watch 2 @introduceDomain
write /w 1
rm /w
wait 0
control
control no-such-command
bogus
read -h
rm -h
write -R
watch -n 1
rm /d
rm /a /t1
ls
"""

EXPANSIONS = {
    "@": "",
    "@LONG": "0123456789" * 12,
    "@HUGE": "x" * 3000,
    "/@PATH": "/" + "/".join(["p" * 99] * 10),
    "/@LONGPATH": "/" + "/".join(["p" * 99] * 31),
}


def expand(line):
    if line == "@CHILDREN":
        pairs = [w for i in range(400) for w in (f"/d/child-number-{i}", str(i))]
        return [["write", *pairs[i:i + 160]] for i in range(0, len(pairs), 160)]
    return [[EXPANSIONS.get(w, w) for w in line.split()]]


class Server:
    """A store with its socket in a folder of its own."""

    def __init__(self, kind, build, work, shim):
        self.socket = os.path.join(work, "socket")
        environment = dict(os.environ, XENSTORED_PATH=self.socket, XENSTORED_RUNDIR=work, XENSTORED_ROOTDIR=work)
        if kind == "ours":
            command = [os.path.join(build, "xenstore", "xenstored"), "--no-fork", "--no-domains", "--socket",
                       self.socket]
        else:
            environment["LD_PRELOAD"] = shim
            command = {"xenstored": [f"{DEBIAN}/xenstored", "-N", "-I"],
                       "oxenstored": [f"{DEBIAN}/oxenstored", "--no-fork", "--no-domain-init"]}[kind]
        self.log = open(os.path.join(work, "log"), "w+b")
        self.process = subprocess.Popen(command, env=environment, cwd=work, stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=subprocess.STDOUT)
        self.wait_until_up(kind)

    def wait_until_up(self, kind):
        for _ in range(500):
            with socket.socket(socket.AF_UNIX) as s:
                try:
                    s.connect(self.socket)
                    return
                except OSError:
                    time.sleep(0.02)
            if self.process.poll() is not None:
                break
        self.stop()
        sys.exit(f"interop: the server {kind} does not come up:\n{self.output()}")

    def output(self):
        self.log.seek(0)
        return self.log.read().decode("utf-8", "replace")

    def stop(self):
        self.process.kill()
        self.process.wait()


class Client:
    """The programs of one kind."""

    def __init__(self, kind, build, work):
        self.environment = dict(os.environ)
        if kind == "debian":
            self.folder = "/usr/bin"
        elif kind == "debian+lib":
            self.folder = "/usr/bin"
            self.environment["LD_LIBRARY_PATH"] = os.path.join(build, "xenstore", "client")
        else:
            self.folder = os.path.join(work, "bin")
            os.makedirs(self.folder)
            program = os.path.join(build, "xenstore", "cli", "hvstore")
            for name in ("", "-chmod", "-control", "-exists", "-list", "-ls", "-read", "-rm", "-watch", "-write"):
                os.symlink(program, os.path.join(self.folder, "xenstore" + name))

    def command(self, words):
        if words[0] == "control":
            # Debian's wrapper picks the version by the running Xen; there is none here.
            folder = DEBIAN if self.folder == "/usr/bin" else self.folder
            return [os.path.join(folder, "xenstore-control"), *words[1:]]
        path = os.path.join(self.folder, "xenstore-" + words[0])
        if os.path.exists(path):
            return [path, *words[1:]]
        return [os.path.join(self.folder, "xenstore"), *words]

    def start(self, words, server):
        environment = dict(self.environment, XENSTORED_PATH=server.socket)
        return subprocess.Popen(self.command(words), env=environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def finish(self, process, words, limit=LIMIT):
        try:
            out, error = process.communicate(timeout=limit)
            code = process.returncode
        except subprocess.TimeoutExpired:
            process.kill()
            out, error = process.communicate()
            code = "still running"
        # Where the program stands is no part of what it says.
        error = error.decode("utf-8", "replace")
        for place in (self.folder + "/", DEBIAN + "/"):
            error = error.replace(place, "")
        shown = " ".join(w if len(w) < 40 else w[:20] + "..." for w in words[:6])
        return [f"$ {shown}", *out.decode("utf-8", "replace").splitlines(), *error.splitlines(), f"exit {code}"]


def tell(client, server):
    """The story as this client sees it on this server, line by line."""
    lines, watch = [], None
    for line in STORY.split("\n"):
        for words in expand(line) if line else []:
            if words[0] == "wait":
                limit = float(words[1]) if len(words) > 1 else LIMIT
                lines += client.finish(watch, ["watch"], limit)
                watch = None
            elif words[0] == "watch" and words[1] != "-n":
                watch = client.start(["watch", "-n", *words[1:]], server)
                time.sleep(0.3)
            else:
                lines += client.finish(client.start(words, server), words)
    return lines


def json_is_right(client, server):
    """Whether hvstore's JSON says what is in the store."""
    def ask(*words):
        process = client.start(list(words), server)
        return process.communicate(timeout=LIMIT)[0].decode(), process.returncode

    watch = client.start(["watch", "--json", "-n", "2", "/j"], server)
    time.sleep(0.3)
    ask("write", "--json", "/j/a", "q\"\\n\\x01", "/j/b/c", "2")
    ask("chmod", "/j/a", "n0", "r7")
    said = [
        (ask("read", "--json", "/j/a", "/j/b/c"),
         ([{"path": "/j/a", "value": "q\"\n\x01"}, {"path": "/j/b/c", "value": "2"}], 0)),
        (ask("list", "/j", "--json"), ([{"path": "/j", "children": ["a", "b"]}], 0)),
        (ask("ls", "--json", "-p", "/j/b"), ([{"path": "/j/b/c", "value": "2", "permissions": ["n0"]}], 0)),
        (ask("ls", "--json", "/j/a"), ([], 0)),
        (ask("exists", "--json", "/j/none", "/j/a"),
         ([{"path": "/j/none", "exists": False}, {"path": "/j/a", "exists": True}], 1)),
        (ask("read", "--json", "/j/none"), ([], 1)),
        (ask("control", "help", "--json"), None),
    ]
    good = True
    for (output, code), wanted in said:
        value = json.loads(output)
        if not (list(value) == ["reply"] if wanted is None else (value, code) == wanted):
            print(f"JSON: {output!r} and {code} instead of {wanted}")
            good = False
    events = [json.loads(line) for line in watch.communicate(timeout=LIMIT)[0].splitlines()]
    if [sorted(e) for e in events] != [["path", "token"]] * 2 or events[0]["path"] != "/j":
        print(f"JSON: events {events}")
        good = False
    ask("rm", "/j")
    print(f"{'pass' if good else 'FAIL'}: JSON", flush=True)
    return good


# Our server can be restarted at any time and refuses this command; each says so in the list of its commands.
LIVE_UPDATE = re.compile(r"live-update\t|    Default timeout is ")


def same(first_name, first, second_name, second):
    """Whether two tellings are alike; prints where they differ."""
    first, second = ([l for l in t if not LIVE_UPDATE.match(l)] for t in (first, second))
    difference = list(difflib.unified_diff(first, second, first_name, second_name, lineterm="", n=3))
    if difference:
        print("\n".join(l[:120] for l in difference[:60]))
    print(f"{'FAIL' if difference else 'pass'}: {first_name} / {second_name}", flush=True)
    return not difference


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-v", action="store_true", help="print what each client saw")
    parser.add_argument("--servers", default="ours,xenstored,oxenstored")
    parser.add_argument("build", nargs="?", default=".")
    args = parser.parse_args()
    build = os.path.abspath(args.build)
    if not os.path.exists(f"{DEBIAN}/xenstored") or not os.path.exists("/usr/bin/xenstore"):
        print("interop: skipped, Debian's xen-utils-4.17 and xenstore-utils are not installed")
        return SKIPPED
    if not os.path.exists(os.path.join(build, "xenstore", "xenstored")):
        print("interop: without our server, which is not built")
        args.servers = args.servers.replace("ours,", "")
    good = True
    work = tempfile.mkdtemp(prefix="interop.")
    try:
        shim = os.path.join(work, "fake_xen.so")
        subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-o", shim, os.path.join(SOURCE, "fake_xen.c")], check=True)
        seen = {}
        for kind in args.servers.split(","):
            for name in ("debian", "debian+lib", "hvstore"):
                folder = tempfile.mkdtemp(dir=work)
                server = Server(kind, build, folder, shim)
                try:
                    client = Client(name, build, folder)
                    seen[kind, name] = tell(client, server)
                    good &= name != "hvstore" or json_is_right(client, server)
                finally:
                    server.stop()
                if args.v:
                    print(f"--- {name} on {kind}\n" + "\n".join(l[:120] for l in seen[kind, name]))
            for name in ("debian+lib", "hvstore"):
                good &= same(f"debian on {kind}", seen[kind, "debian"], f"{name} on {kind}", seen[kind, name])
        if ("ours", "debian") in seen and ("xenstored", "debian") in seen:
            good &= same("debian on xenstored", seen["xenstored", "debian"], "debian on ours", seen["ours", "debian"])
    finally:
        shutil.rmtree(work)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
