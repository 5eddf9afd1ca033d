# SPDX-License-Identifier: GPL-2.0-or-later
# Balloons and creates that take memory. Amounts in KiB as "mem plan --json" tells them; of each line the first match.
. /dom0/lib.sh
# xen_scrub_pages=0: the hypervisor clears what it gets back, once is enough where the processor is emulated
log=/var/log/haven/console

cat > /tmp/deb.cfg << CONFIG
name = "deb"
kernel = "/guests/vmlinuz"
ramdisk = "/guests/verify.gz"
extra = "console=hvc0 quiet panic=1 $quick xen_scrub_pages=0"
memory = 416
maxmem = 544
memory_min = 160
CONFIG
small() { # NAME MIB
    cat > "/tmp/$1.cfg" << CONFIG
name = "$1"
kernel = "/guests/ending.elf"
memory = $2
memory_from = "free"
cmdline = "ending=never after=0"
CONFIG
}
free_kib() { hvctl mem plan --json | sed -n 's/.*"free_kib": \([0-9]*\).*/\1/p'; }
# kib NAME FIELD: of a domain, as the plan has it
kib() {
    hvctl mem plan --json | awk -v name="\"$1\"," -v field="\"$2\":" '
        $1 == "\"name\":" { at = $2 == name } at && $1 == field { sub(",", "", $2); print $2; exit }'
}
all_kib() { # all memory that somebody has, or that is free
    hvctl mem plan --json | sed -n 's/.*"\(free\|current\)_kib": \([0-9]*\).*/\2/p' | awk '{ s += $1 } END { print s }'
}
seen() { grep -q "$2" "$log/$1.log"; }
is() { # CASE HAVE WANTED
    if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: $2 instead of $3"; fi
}
near() { # CASE HAVE WANTED: within a MiB
    if [ "$2" -ge $(($3 - 1024)) ] && [ "$2" -le $(($3 + 1024)) ]; then ok "$1"; else not_ok "$1: $2 instead of $3"; fi
}
exits() { # CASE STATUS COMMAND...: its output is in /tmp/out
    exits_case=$1 exits_wanted=$2
    shift 2
    "$@" > /tmp/out 2>&1
    exits_status=$?
    if [ $exits_status = "$exits_wanted" ]; then
        ok "$exits_case"
    else
        not_ok "$exits_case: status $exits_status instead of $exits_wanted: $(tail -n 1 /tmp/out)"
    fi
}
says() { # CASE TEXT: in what the last one of 'exits' said
    if grep -q "$2" /tmp/out; then ok "$1"; else not_ok "$1: $(tail -n 1 /tmp/out)"; fi
}

check "host: start" hvctl host start
# dom0 has nearly all at first, as its size is not said; so it gives by itself
had=$(kib Domain-0 current_kib)
if [ "$(free_kib)" -lt 400000 ]; then ok "dom0 has it all"; else not_ok "dom0 has it all: $(free_kib) KiB free"; fi
check "create" hvctl create -q /tmp/deb.cfg
if [ "$(kib Domain-0 current_kib)" -lt $((had - 300 * 1024)) ]; then ok "dom0 gave"; else not_ok "dom0 gave: $had"; fi
exits "dom0: still less" 0 hvctl mem-set -w 120 Domain-0 500
exits "dom0: more again" 0 hvctl mem-set -w 120 Domain-0 512
check "up" wait_until 300 seen deb 'the guest is up'
near "at boot it has its memory" "$(kib deb current_kib)" $((416 * 1024))

parts=$(argument parts)
if [ "$parts" != takes ]; then
# --- a quarter and back, while the guest compares its data
all=$(all_kib)
round=0 wrong=0 start=$(cut -d . -f 1 /proc/uptime)
while [ $round -lt 20 ]; do
    hvctl mem-set -w 120 deb 104 > /tmp/out 2>&1 || wrong=$((wrong + 1))
    [ $wrong = 0 ] || sed 's/^/# /' /tmp/out
    [ "$(all_kib)" = "$all" ] || echo "# round $round: $(all_kib) KiB in all, $all before"
    [ $round != 0 ] || echo "# first way down: $(($(cut -d . -f 1 /proc/uptime) - start)) s"
    hvctl mem-set -w 120 deb 416 > /tmp/out 2>&1 || wrong=$((wrong + 1))
    [ $wrong = 0 ] || break
    round=$((round + 1))
    [ $((round % 5)) != 0 ] || echo "# round $round: $(($(cut -d . -f 1 /proc/uptime) - start)) s"
done
is "to a quarter and back, 20 times" "$round $wrong" "20 0"
is "not a page is lost" "$(all_kib)" "$all"
near "it has all its memory again" "$(kib deb current_kib)" $((416 * 1024))
check "its data was compared meanwhile" seen deb 'verified'
if seen deb DAMAGED; then not_ok "its data is whole"; else ok "its data is whole"; fi

# --- beyond the memory at boot: to maxmem, and by hotplug beyond that
exits "up to maxmem" 0 hvctl mem-set -w 120 deb 544
says "it says what was reached" "544 MiB asked, 54[34] MiB reached" # the balloon may stop a page short
exits "not beyond" 1 hvctl mem-set deb 608
check "mem-max" hvctl mem-max deb 672
exits "hotplug" 0 hvctl mem-set -w 120 deb 608
near "hotplug: it has it" "$(kib deb current_kib)" $((608 * 1024))
exits "and down" 0 hvctl mem-set -w 120 deb 256
is "hotplug: nothing is lost" "$(all_kib)" "$all"

fi
# --- a guest that has no balloon driver
small stubborn 64
check "stubborn: create" hvctl create -q /tmp/stubborn.cfg memory_min=16
exits "stubborn: does not deflate" 3 hvctl mem-set -w 2 stubborn 32
says "stubborn: why" "does not listen to the store"
exits "stubborn: others do meanwhile" 0 hvctl mem-set -w 120 deb 200
exits "as JSON" 3 hvctl mem-set --json -w 1 stubborn 32
says "as JSON: reached" '"reached": false'
exits "a paused one" 0 hvctl pause deb
exits "a paused one does not" 3 hvctl mem-set -w 1 deb 180
says "a paused one: why" "it is paused"
check "unpaused it goes on" hvctl unpause deb
exits "unpaused it gets there" 0 hvctl mem-set -w 120 deb 180
start=$(cut -d . -f 1 /proc/uptime)
exits "a small step" 0 hvctl mem-set -w 120 deb 176
if [ $(($(cut -d . -f 1 /proc/uptime) - start)) -lt 20 ]; then ok "it is told at once"; else not_ok "it is told at once"; fi
check "stubborn: as it was" hvctl mem-set --no-wait stubborn 64

# --- what would fit
free=$(($(free_kib) / 1024))
small fits 32
small big 32
exits "plan: all fit" 0 hvctl mem plan /tmp/fits.cfg
says "plan: it says so" "fits needs 33 MiB: fits"
sed -i "s/^memory = .*/memory = $((free + 64))/" /tmp/big.cfg
exits "plan: too big" 3 hvctl mem plan /tmp/big.cfg
says "plan: how much is short" "MiB short: $free MiB free"
exits "create: too big" 1 hvctl create -q /tmp/big.cfg
says "create: how much is short" "not enough free memory.*MiB short"
sed -i 's/^memory_from = .*/memory_from = "dom0"/' /tmp/big.cfg
exits "plan: with dom0" 0 hvctl mem plan /tmp/big.cfg
says "plan: what it takes of whom" "fits, taking [0-9]* MiB of Domain-0"

# --- dom0 gives, and gets it back when the create fails
had=$(kib Domain-0 current_kib)
exits "dom0 gives, but the create fails" 1 hvctl create -q --fail-after=memory /tmp/big.cfg
taken_is_noted() { hvstore read "/haven/create/$(hvstore list /haven/create | head -n 1)/taken/0"; }
as_it_was() { [ "$(kib Domain-0 target_kib)" = "$had" ] && [ "$(kib Domain-0 current_kib)" -ge $((had - 1024)) ]; }
check "it gets all back" wait_until 30 as_it_was
hvctl create -q /tmp/big.cfg &
wait_until 10 taken_is_noted
kill -9 $!
wait $! 2> /dev/null
hvctl create -q --fail-after=name /tmp/fits.cfg 2> /dev/null # sweeps
check "also when it was killed" wait_until 30 as_it_was
exits "dom0 gives" 0 hvctl create -q /tmp/big.cfg
near "dom0 has less" "$(kib Domain-0 current_kib)" "$(kib Domain-0 target_kib)"
if [ "$(kib Domain-0 current_kib)" -lt $((had - 60 * 1024)) ]; then ok "dom0 paid"; else not_ok "dom0 paid: $had before"; fi
check "big: destroy" hvctl destroy big
exits "dom0: mem-set" 0 hvctl mem-set -w 120 Domain-0 $((had / 1024))

# --- guests give, down to their minimum; who does not is left alone, and the others give in its place
exits "dom0 keeps all" 0 hvctl mem-min Domain-0 $((had / 1024))
exits "deb: all it had" 0 hvctl mem-set -w 120 deb 416
free=$(($(free_kib) / 1024))
small taker $((free + 40))
exits "guests: not asked" 1 hvctl create -q /tmp/taker.cfg
exits "guests give" 0 hvctl create -q /tmp/taker.cfg memory_from=guests
says "guests give: who did not" "stubborn gives no more: .* does not listen to the store"
is "stubborn got its target back" "$(kib stubborn target_kib)" $((64 * 1024))
if [ "$(kib deb current_kib)" -lt $((390 * 1024)) ]; then ok "deb gave"; else not_ok "deb gave: $(kib deb current_kib)"; fi
check "taker: destroy" hvctl destroy taker
exits "mem-min" 0 hvctl mem-min deb 380
free=$(($(free_kib) / 1024))
small taker $((free + 400))
exits "below the minimum: no" 1 hvctl create -q /tmp/taker.cfg memory_from=guests
check "config-update" hvctl config-update deb /tmp/deb.cfg memory_min=170
is "config-update: the minimum" "$(kib deb min_kib)" $((170 * 1024))
check "mem-min: none" hvctl mem-min deb none
check "dom0 may give again" hvctl mem-min Domain-0 none
exits "deb: again" 0 hvctl mem-set -w 120 deb 416

# --- two at a time for memory that suffices for one
free=$(($(free_kib) / 1024))
small one $((free * 2 / 3))
small two $((free * 2 / 3))
twice() { # FROM: how many of both got through
    hvctl create -q /tmp/one.cfg "memory_from=$1" > /tmp/one.out 2>&1 &
    one=$!
    hvctl create -q /tmp/two.cfg "memory_from=$1" > /tmp/two.out 2>&1
    two=$?
    wait $one
    echo $(($? + two))
}
i=0 lucky=0
while [ $i -lt 3 ]; do
    [ "$(twice free)" = 1 ] && grep -q 'not enough free memory' /tmp/one.out /tmp/two.out && lucky=$((lucky + 1))
    hvctl destroy one > /dev/null 2>&1
    hvctl destroy two > /dev/null 2>&1
    i=$((i + 1))
done
is "two creates, memory for one: one gets it" "$lucky" 3
is "two creates, dom0 gives: both do" "$(twice dom0)" 0
sed 's/^/# /' /tmp/one.out /tmp/two.out
check "two creates: both are there" sh -c 'hvctl list one && hvctl list two'
hvctl destroy one two > /dev/null
wait_until 10 sh -c '! hvctl list one && ! hvctl list two'
check "dom0 again" hvctl mem-set -w 120 Domain-0 $((had / 1024))
check "shutdown" hvctl shutdown -w deb
if grep -q DAMAGED "$log/deb.log"; then not_ok "the guest's data is whole"; else ok "the guest's data is whole"; fi
tail -n 20 "$log/deb.log" | sed 's/^/# deb: /'
