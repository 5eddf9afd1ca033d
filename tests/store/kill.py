#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Kills our xenstored with SIGKILL while clients write, starts it again, and looks whether anything is lost.

Each client is a process. It counts in a node of its own, adds to a counter that all share (in transactions), makes and
removes nodes, and remembers what the server has acknowledged. After each death, what was acknowledged must be there; a
request that was under way may have been done or not, but not half of it. Then the journal is damaged: what stands
before the damage must be there. At last it is clients that die, in the middle of a message.

usage: kill.py [-n KILLS] [BUILD]    (BUILD: where Haven was built, default: here)
"""

import argparse
import glob
import multiprocessing
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

DIRECTORY, READ, START, END, WRITE, RM, ERROR = 1, 2, 6, 7, 11, 13, 16
CLIENTS = 4


class Gone(Exception):
    """The server has died."""


class Client:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        try:
            self.socket.connect(path)
        except OSError as error:
            raise Gone from error
        self.number = 0

    def receive(self, length):
        data = b""
        while len(data) < length:
            try:
                more = self.socket.recv(length - len(data))
            except OSError as error:
                raise Gone from error
            if not more:
                raise Gone
            data += more
        return data

    def ask(self, kind, payload, transaction=0):
        self.number += 1
        header = struct.pack("<IIII", kind, self.number, transaction, len(payload))
        try:
            self.socket.sendall(header + payload)
        except OSError as error:
            raise Gone from error
        kind_back, number, _, length = struct.unpack("<IIII", self.receive(16))
        answer = self.receive(length)
        assert number == self.number, "a reply to another request"
        if kind_back == ERROR:
            return None, answer[:-1].decode()
        return answer, None


def must(answer):
    assert answer[1] is None, f"refused: {answer[1]}"
    return answer[0]


def add_to_shared(client):
    """One more, in a transaction. True if that is committed; Gone means that nobody knows."""
    transaction = int(must(client.ask(START, b"\0"))[:-1])
    value = int(must(client.ask(READ, b"/shared/count\0", transaction)))
    must(client.ask(WRITE, b"/shared/count\0%d" % (value + 1), transaction))
    must(client.ask(WRITE, b"/shared/copy\0%d" % (value + 1), transaction))
    _, error = client.ask(END, b"T\0", transaction)
    assert error in (None, "EAGAIN"), error
    return error is None


def work(number, path, pipe):
    """Goes on until the server dies; then says what had been acknowledged and what was under way."""
    random.seed(number * 1000 + int(time.monotonic() * 1000) % 1000)
    node = b"/own/%d/count" % number
    state = {"acknowledged": 0, "asked": 0, "added": 0, "perhaps": 0, "error": None, "kept": {}, "unsure": None}
    try:
        client = Client(path)
        answer, _ = client.ask(READ, node + b"\0")
        state["acknowledged"] = state["asked"] = int(answer or 0)
        while True:
            what = random.random()
            if what < 0.5:
                state["asked"] += 1
                must(client.ask(WRITE, node + b"\0%d" % state["asked"]))
                state["acknowledged"] = state["asked"]
            elif what < 0.7:
                state["perhaps"] = 1
                state["added"] += add_to_shared(client)
                state["perhaps"] = 0
            else:
                name = b"/own/%d/set/%d" % (number, random.randrange(50))
                state["unsure"] = name
                if name in state["kept"]:
                    must(client.ask(RM, name + b"\0"))
                    del state["kept"][name]
                else:
                    value = b"x" * random.randrange(1, 1500)
                    must(client.ask(WRITE, name + b"/below\0" + value))
                    state["kept"][name] = value
                state["unsure"] = None
    except Gone:
        pass
    except Exception as error:  # pylint: disable=broad-except
        state["error"] = repr(error)
    pipe.send(state)


def check_client(client, number, state):
    count = int(must(client.ask(READ, b"/own/%d/count\0" % number)))
    assert state["acknowledged"] <= count <= state["asked"], f"client {number}: {count}, {state}"
    for name, value in state["kept"].items():
        if name != state["unsure"]:
            assert client.ask(READ, name + b"/below\0")[0] == value, f"lost {name}"
    listed, error = client.ask(DIRECTORY, b"/own/%d/set\0" % number)
    names = {b"/own/%d/set/" % number + n for n in (listed or b"").split(b"\0") if n}
    surplus = names - set(state["kept"]) - {state["unsure"]}
    assert error in (None, "ENOENT") and not surplus, f"came back: {surplus}"


class Server:
    def __init__(self, build, folder):
        self.path = f"{folder}/socket"
        self.command = [f"{build}/xenstore/xenstored", "-N", "-D", "--socket", self.path]
        self.process = None

    def start(self):
        self.process = subprocess.Popen(self.command, stderr=subprocess.DEVNULL)
        for _ in range(1000):
            try:
                return Client(self.path)
            except Gone:
                assert self.process.poll() is None, "the server does not start"
                time.sleep(0.01)
        raise AssertionError("the server does not listen")

    def kill(self):
        self.process.kill()
        self.process.wait()


def one_life(server, shared):
    """From a start to a kill, and what the next server says. Returns the shared counter."""
    pipes = []
    for number in range(CLIENTS):
        mine, theirs = multiprocessing.Pipe()
        process = multiprocessing.Process(target=work, args=(number, server.path, theirs))
        process.start()
        pipes.append((mine, process))
    time.sleep(random.uniform(0.02, 0.4))
    server.kill()
    states = []
    for mine, process in pipes:
        states.append(mine.recv())
        process.join()
        assert states[-1]["error"] is None, states[-1]["error"]

    client = server.start()
    for number, state in enumerate(states):
        if state["asked"]:
            check_client(client, number, state)
        client.ask(RM, b"/own/%d/set\0" % number)
    count = int(must(client.ask(READ, b"/shared/count\0")))
    low = shared + sum(state["added"] for state in states)
    assert low <= count <= low + sum(state["perhaps"] for state in states), f"{count} of {low}: {states}"
    assert must(client.ask(READ, b"/shared/copy\0")) == b"%d" % count, "half a transaction"
    assert must(client.ask(0, b"check\0")) == b"OK\0"
    return count


def damage(server, folder, name):
    """Spoils the journal's record of a node."""
    server.kill()
    path, = glob.glob(f"{folder}/*journal")
    with open(path, "r+b") as journal:
        at = journal.read().rindex(name) - 16  # the record's header
        journal.seek(at)
        journal.write(b"\xff" * 16)


def survives_damage(server, folder):
    """What stands before the damage is there, and the server goes on from it."""
    client = server.start()
    must(client.ask(WRITE, b"/early\0value"))
    must(client.ask(WRITE, b"/damaged-from-here\0value"))
    must(client.ask(WRITE, b"/after\0value"))
    damage(server, folder, b"/damaged-from-here")
    client = server.start()
    assert client.ask(READ, b"/early\0") == (b"value", None), "damage took what was before it"
    assert client.ask(READ, b"/after\0")[1] == "ENOENT", "something behind the damage"
    assert glob.glob(f"{folder}/*.damaged"), "the damaged journal is not kept"
    must(client.ask(WRITE, b"/later\0value"))
    server.kill()
    client = server.start()
    for name in (b"/early\0", b"/later\0"):
        assert client.ask(READ, name) == (b"value", None), "the journal after the damage is not kept"
    assert must(client.ask(0, b"check\0")) == b"OK\0"


def lets_dead_clients_go(server):
    """Clients that end amid a message, while the server does not look, leave no file open in it."""
    client = server.start()
    must(client.ask(0, b"check\0"))  # it has been taken
    files = f"/proc/{server.process.pid}/fd"
    before = len(os.listdir(files))
    server.process.send_signal(signal.SIGSTOP)
    for _ in range(20):
        with socket.socket(socket.AF_UNIX) as dying:
            dying.connect(server.path)
            dying.send(b"half of a header"[:8])
    server.process.send_signal(signal.SIGCONT)
    for _ in range(50):  # each answer is one more look of the server at its clients
        must(client.ask(0, b"check\0"))
    after = len(os.listdir(files))
    assert after == before, f"{after - before} clients that died are still there"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", type=int, default=12, help="how often to kill it")
    parser.add_argument("build", nargs="?", default=".")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="haven-kill-") as folder:
        server = Server(os.path.abspath(arguments.build), folder)
        client = server.start()
        for name in (b"/shared/count", b"/shared/copy"):
            must(client.ask(WRITE, name + b"\x000"))
        shared = 0
        try:
            for _ in range(arguments.n):
                shared = one_life(server, shared)
            server.kill()
            survives_damage(server, folder)
            server.kill()
            lets_dead_clients_go(server)
        except AssertionError as error:
            print(f"FAIL {error}")
            return 1
        finally:
            server.kill()
    print(f"pass {arguments.n} kills, {shared} transactions in between, nothing lost")
    return 0


if __name__ == "__main__":
    sys.exit(main())
