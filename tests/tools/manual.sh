#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# hvctl(8) has every command and every option that "hvctl help" lists, each option below its command.
set -u
: "${srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}"
hvctl=${HVCTL:-$PWD/dom0-tools/hvctl/hvctl}
manual=$srcdir/docs/man/hvctl.8.scd
failed=0

section() { # COMMAND: its headings, which begin with a star, and what is below
    awk -v heading="*$1*" '
        /^\*/ { inside = index($0, heading) || (inside && before ~ /^\*/) }
        { before = $0 }
        inside' "$manual"
}
commands=$("$hvctl" help | awk '/^  [a-z]/ { print $1 }')
[ "$(wc -w <<< "$commands")" -ge 30 ] || { echo "hvctl help lists no commands"; exit 1; }
for command in $commands; do
    text=$(section "$command")
    [ -n "$text" ] || { echo "$command: not in $manual"; failed=1; }
    for option in $("$hvctl" help "$command" | grep -oE -- '^ +-.*' | grep -oE -- ' --?[a-zA-Z][a-z-]*' | sort -u); do
        grep -q -- "\*$option[*=]" <<< "$text" || { echo "$command $option: not in $manual"; failed=1; }
    done
done
exit $failed
