#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Code lines of the hypervisor: lines that are neither blank nor comment, by folder, resident and only booting apart.

Only booting are: the folder boot/; definitions marked __init, __initdata or __initconst; assembly of which all sections
are init sections; and what remains (includes, macros, types) of a C file in which every function is marked.  The build
checks that no resident code refers to what is freed (hypervisor/init-refs.awk).
"""

import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GENERATED = {"haven.symbols.c", "asm_offsets.h", "haven.lds.S"}
MARK = re.compile(r"\b__init(data|const)?\b")


def code(text):
    """The lines of a source, with an empty string in the place of each blank and comment line."""
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m[0].count("\n"), text, flags=re.DOTALL)
    return [re.sub(r"//.*", "", l).rstrip() for l in text.splitlines()]


def definitions(lines):
    """(first, last, is function) of each definition at file level, as the formatter lays them out: it begins in the
    first column; its body's braces stand there too."""
    first = None
    for i, line in enumerate(lines):
        if not line or line.startswith("#"):
            if not line:
                continue
            first = None
        elif first is None:
            if re.match(r"[A-Za-z_]", line):
                first = i
                function = False
        if first is None:
            continue
        if line == "{":
            function = True
        if line.startswith("}") or (line.endswith(";") and not function and "{" not in "".join(lines[first:i + 1])) or \
                (i == first and line.endswith("};")):
            yield first, i, function
            first = None


def count(path):
    """(resident, booting) code lines of one file."""
    with open(path) as f:
        lines = code(f.read())
    total = sum(1 for l in lines if l)
    if "/hypervisor/boot/" in path:
        return 0, total
    if path.endswith(".S"):
        sections = [s for s in re.findall(r"^\s*\.section\s+(\S+)", "\n".join(lines), re.MULTILINE)
                    if not s.startswith(".note")]
        init = sections and all(s.startswith(".init.") for s in sections)
        return (0, total) if init else (total, 0)
    booting, all_init, any_init = 0, True, False
    for first, last, function in definitions(lines):
        head = []
        for l in lines[first:last + 1]:
            if l.startswith("{"):
                break
            head.append(l)
        if MARK.search(" ".join(head)):
            booting += sum(1 for l in lines[first:last + 1] if l)
            any_init |= function
        elif function:
            all_init = False
    if path.endswith(".c") and any_init and all_init:
        booting = total
    return total - booting, booting


def by_folder():
    """Folder to [resident lines of sources, of headers, booting lines]."""
    folders = {}
    root = os.path.join(TOP, "hypervisor")
    for directory, _, files in os.walk(root):
        for name in files:
            if not re.search(r"\.[chS]$", name) or name in GENERATED:
                continue
            resident, booting = count(os.path.join(directory, name))
            sums = folders.setdefault(os.path.relpath(directory, root), [0, 0, 0])
            sums[1 if name.endswith(".h") else 0] += resident
            sums[2] += booting
    return folders


def totals():
    """(resident lines of sources, of headers, booting lines) of the whole hypervisor."""
    return tuple(sum(column) for column in zip(*by_folder().values()))


def main():
    if len(sys.argv) > 1:
        for path in sys.argv[1:]:
            print("{:6} {:6} {}".format(*count(os.path.abspath(path)), path))
        return 0
    print(f"{'':16}{'sources':>9}{'headers':>9}{'resident':>9}{'booting':>9}")
    for folder, (source, header, booting) in sorted(by_folder().items()):
        print(f"{folder:16}{source:9}{header:9}{source + header:9}{booting:9}")
    source, header, booting = totals()
    print(f"{'':16}{source:9}{header:9}{source + header:9}{booting:9}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
