# SPDX-License-Identifier: GPL-2.0-or-later
# Consoles on the running hypervisor: hvconsoled and hvctl console, with micro-guests that talk as told (/guests/talker.elf).
. /dom0/lib.sh

logs=/var/log/haven/console

create() { # NAME LINES
    {
        echo "name = \"$1\""
        echo "kernel = \"/guests/talker.elf\""
        echo "memory = 16"
        echo "cmdline = \"lines=$2\""
    } > "/tmp/$1.cfg"
    hvctl create -q "/tmp/$1.cfg" > /dev/null
}
tty_of() { hvstore read "/local/domain/$(hvctl domid "$1")/console/tty"; }
tell() { echo "$2" > "$(tty_of "$1")"; } # NAME ORDER
logged() { grep -aq "$2" "$logs/$1.log"; } # NAME TEXT
told() { tell "$1" "$2" && wait_until 20 logged "$1" "got: $2"; }
gone() { ! hvctl domid "$1" > /dev/null 2>&1; }
# numbers WORD NAME: those that follow WORD in a guest's logs, the oldest first
numbers() { cat "$logs/$2".log.4 "$logs/$2".log.3 "$logs/$2".log.2 "$logs/$2".log.1 "$logs/$2".log 2> /dev/null | sed -n "s/.*] $1 \([0-9]*\).*/\1/p"; }
# in_order COUNT: stdin is 0, 1, 2 ... COUNT-1
in_order() { awk -v want="$1" '$1 != NR - 1 { print "# " $1 " as number " NR; bad = 1; exit } END { exit bad || NR != want }'; }
daemon() { pidof hvconsoled; }
start_host() { hvctl host start > /dev/null; }
kill_daemon() {
    kill -9 "$(daemon)"
    start_host
}

check "host" start_host

# --- output
check "create" create one 300
check "output: logged" wait_until 20 logged one READY
all_lines() { numbers line one | in_order 300; }
check "output: from the first byte on" all_lines
begins() { head -n 1 "$logs/one.log" | grep -q "^=== .* begin domain $(hvctl domid one) "; }
check "log: begins with the domain" begins
stamped() { ! grep -av "^===" "$logs/one.log" | grep -avq '^\[20[0-9-]* [0-9:.]*\] '; }
check "log: every line has a time" stamped

# --- input, and hvctl console
check "pty: is in the store" test -c "$(tty_of one)"
check "pty: input" told one hello
(sleep 1; echo piped; sleep 3; echo off) | hvctl console --since-boot one > /tmp/out
check "hvctl console: ends with the guest" test $? = 0
whole() { grep -q "^line 0" /tmp/out && grep -q "^got: piped" /tmp/out && grep -q "^last words" /tmp/out; }
check "hvctl console: since boot, to the last words" whole
check "guest: gone" wait_until 20 gone one
check "log: kept, and closed" wait_until 5 logged one "^=== .* end of domain"
hvctl console --since-boot one > /tmp/dead
check "hvctl console: the log of a guest that is gone" cmp /tmp/out /tmp/dead
check "create: again" create one 3
check "output: of the second" wait_until 20 logged one "got\|READY"
wait_until 20 sh -c "[ \$(grep -ac READY $logs/one.log) = 2 ]"
(sleep 2; echo off) | hvctl console --since-boot one > /tmp/out
only_second() { [ "$(grep -c READY /tmp/out)" = 1 ] && [ "$(grep -c '^line' /tmp/out)" = 3 ]; }
check "hvctl console: only since the last boot" only_second
hvctl console nobody 2> /dev/null
check "hvctl console: nobody" test $? = 1

# --- the daemon dies
create count 0
wait_until 20 logged count READY
mkfifo /tmp/typed
hvctl console count < /tmp/typed > /tmp/attached 2> /tmp/attached.errors &
watcher=$!
exec 3> /tmp/typed # an end of it stays open, so that nothing is typed and nothing ends
tell count "count 1500"
for delay in 0.7 0.1 0.9 0.3 0.5 0.2; do
    sleep $delay
    kill_daemon
done
check "killed: the guest goes on" wait_until 60 logged count "count 1499"
# What was written just before a kill may come again, as the ring still has it.
nothing_lost() {
    numbers count count | awk '$1 > next_one { print "# " $1 " instead of " next_one; exit bad = 1 }
        $1 == next_one { next_one++ } END { exit bad || next_one != 1500 }'
}
check "killed: nothing is lost" nothing_lost
check "killed: it is said in the log" logged count "^=== .*started again"
check "killed: input" told count afterwards
reattached() {
    wait_until 20 grep -q "got: afterwards" /tmp/attached && return
    echo "# $(pidof hvctl): $(tail -n 3 /tmp/attached | tr -d '\r' | tr '\n' ' ') and on its stderr $(cat /tmp/attached.errors)"
    return 1
}
check "killed: who was attached sees it" reattached
kill -9 "$(cat /run/xenstored.pid)"
start_host
kill_daemon
check "store killed, too: input" told count later
check "store killed, too: who was attached sees it" wait_until 20 grep -q "got: later" /tmp/attached
echo off >&3
wait $watcher
check "killed: who was attached sees the end" grep -q "last words" /tmp/attached

# --- floods and broken rings
create good 0
create flood 0
create bad 0
create worse 0
for guest in good flood bad worse; do
    check "create: $guest" wait_until 30 logged $guest READY
done
tell flood "flood 60000"
tell bad bad-output
tell worse bad-input
check "flood: others are served" told good hello
check "bad output: dropped" wait_until 10 logged bad "^=== .* corrupt"
echo x > "$(tty_of worse)"
check "bad input: dropped" wait_until 10 logged worse "^=== .* corrupt"
check "bad rings: others are served" told good again
check "rename" hvctl rename good best
check "rename: the log follows" wait_until 10 logged best "called good before"
check "rename: the console stays" told best hello
before=$(daemon)
flooded() { numbers flood flood | tail -n 1 | grep -q 59999; }
check "flood: ends" wait_until 120 flooded
check "flood: rotates" test -e "$logs/flood.log.1"
rest_in_order() { numbers flood flood | awk 'NR > 1 && $1 != last + 1 { exit bad = 1 } { last = $1 } END { exit bad }'; }
check "flood: nothing is lost in it" rest_in_order
check "the daemon lives" test "$(daemon)" = "$before"
for guest in best flood bad worse; do
    hvctl destroy $guest
    check "destroy: $guest" wait_until 10 gone $guest
done
nobody_left() { [ "$(hvctl list | wc -l)" = 2 ]; }
check "nobody holds a dead guest's ring" wait_until 10 nobody_left
