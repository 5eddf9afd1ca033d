# SPDX-License-Identifier: GPL-2.0-or-later
# Part of tools.sh: what hvd does about guests that end, also about those that end while it is dead.
hvctl events > /tmp/events &
events=$!
check "create a guest that powers off" create off poweroff 300 'on_poweroff = "destroy"'
check "create a guest that crashes" create crash crash 300 'on_crash = "preserve"'
check "create a guest that reboots" create loop reboot 300 'on_reboot = "restart"'
check "create a guest whose watchdog bites" create dog watchdog 300 'on_watchdog = "rename-restart"'
check "on_poweroff = destroy" wait_until 20 gone off
check "on_crash = preserve" wait_until 20 sh -c "hvctl list crash | grep -q -- '---sc-'"
first=$(hvctl domid loop 2> /dev/null)
check "on_reboot = restart" wait_until 30 sh -c "id=\$(hvctl domid loop) && [ \$id -gt ${first:-0} ]"
check "on_watchdog = rename-restart" wait_until 30 sh -c 'hvctl list | grep -q "^dog-20" && hvctl domid dog'
check "restarts are not too fast" wait_until 30 sh -c 'hvstore ls /haven/domain | grep -q "restarts = \"2 "'
check "events: the crash is told" sh -c 'grep -q "\"event\": \"shutdown\".*\"name\": \"crash\".*\"reason\": \"crash\"" /tmp/events'
check "events: the end is told" sh -c 'grep -q "\"event\": \"destroyed\".*\"name\": \"off\"" /tmp/events'
kill $events

# --- and without hvd at that moment
kill -9 "$(cat /run/haven/hvd.pid)"
check "create while hvd is dead" create late poweroff 100
check "the guest stays as it ended" wait_until 20 sh -c "hvctl list late | grep -q -- '---s--'"
check "host: status tells of hvd" status_is 1 hvctl host status
check "host: start brings hvd back" host_starts
check "hvd does what it missed" wait_until 20 gone late

# --- dumps, with all 4096 pages of the guest, and what was in them
dumps=/var/lib/haven/dump
is_dumped() { [ "$(cat $dumps/"$1"-20*.core | wc -c)" -gt 16777216 ]; }
check "create a guest that is dumped" create dumped "crash mark=found" 100 'on_crash = "coredump-destroy"'
check "create a guest that is dumped and restarts" create redump crash 100 'on_crash = "coredump-restart"'
first=$(hvctl domid redump)
check "on_crash = coredump-destroy" wait_until 20 gone dumped
check "it is dumped" is_dumped dumped
holds_mark() { tr '\0' '\n' < "$(ls $dumps/dumped-20*.core)" | grep -q "mark=found"; }
check "the dump has the guest's memory" holds_mark
check "on_crash = coredump-restart" wait_until 20 sh -c "id=\$(hvctl domid redump) && [ \$id -gt ${first:-0} ]"
check "it is dumped, too" is_dumped redump
hvctl destroy redump
rm -r $dumps
