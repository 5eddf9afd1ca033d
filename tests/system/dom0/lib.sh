# SPDX-License-Identifier: GPL-2.0-or-later
# For the scripts that run in dom0: verdicts.  Console lines of the kernel may come between, never within, as each
# verdict is one write.

# For the kernels of guests: what makes them quick to emulate, as in dom0.py.
quick="cryptomgr.notests norandmaps"

ok() { echo "ok $*"; }
not_ok() { echo "not ok $*"; }

# check CASE COMMAND...: ok if the command succeeds
check() {
    check_case=$1
    shift
    if "$@"; then ok "$check_case"; else not_ok "$check_case: failed: $*"; fi
}

# argument NAME: value of haven.NAME= on the kernel's command line
argument() {
    sed -n "s/.*haven\.$1=\([^ ]*\).*/\1/p" /proc/cmdline
}

# input_device NAME-PATTERN: the event device of an input device
input_device() {
    for input_name in /sys/class/input/event*/device/name; do
        if grep -q "$1" "$input_name"; then
            echo "/dev/input/$(echo "$input_name" | cut -d / -f 5)"
            return
        fi
    done
    return 1
}

# input_events FILE: each event as "TYPE CODE VALUE"; an event has 24 bytes: time (16), type (2), code (2), value (4)
input_events() {
    od -A n -v -t u2 -w24 "$1" | awk '{ print $9, $10, $11 }'
}

# wait_until SECONDS COMMAND...
wait_until() {
    wait_left=$(($1 * 5))
    shift
    until "$@" > /dev/null 2>&1; do
        wait_left=$((wait_left - 1))
        [ $wait_left -gt 0 ] || return 1
        sleep 0.2
    done
}
