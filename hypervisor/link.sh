#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# link.sh OUT LDSCRIPT CC -- OBJECTS ARCHIVES: links the hypervisor twice.  The first image tells where each function
# is; the second one carries that as a table for back traces.  The table stands behind all code, so no function may
# have moved between the two, and the file must be one flat piece as the multiboot header says: both are checked.
set -eu

out=$1 lds=$2 cc=$3
shift 4
trap 'rm -f "$out.pass1" "$out.new" "$out.names"' EXIT

symbols() { # INPUT-OF-NM: compiles the table
    "$AWK" -f "$(dirname "$0")/symbols.awk" > "$out.symbols.c"
    $cc -O2 -std=gnu11 -c -o "$out.symbols.o" "$out.symbols.c"
}

image() { # OUT [OPTION] OBJECTS...
    image=$1
    shift
    $cc -nostdlib -static -Wl,-T,"$lds" -Wl,-z,max-page-size=4096 -Wl,-z,norelro -Wl,--build-id=none \
        -Wl,--no-warn-rwx-segments -Wl,--orphan-handling=error -Wl,--fatal-warnings -o "$image" "$@"
}

functions() {
    "$NM" -n "$1" | "$AWK" '$2 ~ /^[tT]$/'
}

symbols < /dev/null
image "$out.pass1" -Wl,--emit-relocs "$@" "$out.symbols.o"
"$NM" -n "$out.pass1" > "$out.names"
if ! "$READELF" -rW "$out.pass1" | "$AWK" -f "$(dirname "$0")/init-refs.awk" "$out.names" - >&2; then
    echo "$out: resident code must not refer to init code (or its __init mark is wrong)" >&2
    exit 1
fi
symbols < "$out.names"
image "$out.new" "$@" "$out.symbols.o"

if [ "$(functions "$out.pass1")" != "$(functions "$out.new")" ]; then
    echo "$out: functions moved between the two links" >&2
    exit 1
fi
# One loaded segment of which file offset, virtual and physical addresses all run in step.
loads=$("$READELF" -lW "$out.new" | grep -c '^ *LOAD')
if [ "$loads" != 1 ]; then
    echo "$out: $loads loaded segments instead of one flat piece" >&2
    exit 1
fi
mv "$out.new" "$out"
