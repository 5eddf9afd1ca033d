#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# systemd's own check of our units, with programs that exist in the place of ours.
: "${srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}"
command -v systemd-analyze > /dev/null || exit 77
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for unit in "$srcdir"/dom0-tools/systemd/*.target "$srcdir"/dom0-tools/systemd/*.mount; do
    cp "$unit" "$work"
done
for unit in "$srcdir"/dom0-tools/systemd/*.in; do
    sed -E 's/@(sbindir|pkglibdir)@\/[a-z]*/\/bin\/true/' "$unit" > "$work/$(basename "$unit" .in)"
done
# It looks at all that the units name; only complaints about ours count.
SYSTEMD_UNIT_PATH=$work: systemd-analyze verify --man=no "$work"/*.* > "$work/said" 2>&1
if grep -E "haven|hvd|proc-xen" "$work/said"; then
    exit 1
fi
[ "$(ls "$work"/*.service | wc -l)" -ge 5 ]
