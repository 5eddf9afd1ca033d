# SPDX-License-Identifier: GPL-2.0-or-later
# Part of tools.sh: facts, the log, and every debug key's output in it.
log_has() { hvctl dmesg | grep -q "$1"; }
key_shows() { # KEY PATTERN: a fresh log holds what the key prints
    hvctl dmesg -c > /dev/null && hvctl debug-keys "$1" && wait_until 10 log_has "$2"
}

check "info" sh -c 'hvctl info | grep -q "^nr_cpus *: $(nproc)$"'
check "info as JSON" sh -c 'hvctl --json info | grep -q "\"nr_cpus\": $(nproc),"'
check "the log" sh -c 'hvctl dmesg | grep -q .'
check "the log as JSON" sh -c 'hvctl --json dmesg | grep -q "^{\"log\": \[\""'
check "a command that is none" sh -c 'hvctl nonsense 2> /dev/null; [ $? = 1 ]'
if [ "$(argument xen)" = 0 ]; then
    check "key h: help" key_shows h "show this help"
    check "key q: domains" key_shows q "d0 privileged"
    check "key q: vCPUs" log_has "  v1 on CPU"
    check "key r: run queues" key_shows r "^(HV) CPU1: virtual time"
    check "key e: event channels" key_shows e "d0 port .* virq"
    check "key m: frame types" key_shows m "  L4: [0-9]* frames"
    check "key a: timers" key_shows a "^(HV) CPU0 timers"
    check "key g: grants" key_shows g "d0: [0-9]* of [0-9]* grant frames"
    check "key i: interrupts" key_shows i "interrupts"
    check "key d: registers" key_shows d "  rip [0-9a-f]"
    # The ring keeps at least 128 KiB.
    hvctl dmesg -c > /dev/null
    for round in 1 2 3 4; do hvctl debug-keys eeeeeeeeeeeeeeeeeeeeeeeeeeeeee; done
    check "128 KiB of log" wait_until 20 sh -c '[ "$(hvctl dmesg | wc -c)" -ge 131072 ]'
fi
