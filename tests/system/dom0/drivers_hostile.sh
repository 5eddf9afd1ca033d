# SPDX-License-Identifier: GPL-2.0-or-later
# Micro-guests (/guests/*.elf) on our back ends: proper ones that verify a disk and answer pings all the time, hostile
# ones beside them. Each prints its own verdict; here is judged what is left of them.
. /dom0/lib.sh

logs=/var/log/haven/console
images=/run/images

create() { # NAME KERNEL ARGUMENTS MIB LINE...
    {
        echo "name = \"$1\""
        echo "kernel = \"/guests/$2.elf\""
        echo "cmdline = \"$3\""
        echo "memory = $4"
        echo 'on_poweroff = "destroy"'
        echo 'on_reboot = "destroy"' # how a micro-guest ends
        echo 'on_crash = "destroy"'
        shift 4
        printf '%s\n' "$@"
    } > /tmp/guest.cfg
    hvctl create -q /tmp/guest.cfg > /tmp/out 2>&1 || { sed 's/^/# /' /tmp/out; return 1; }
}
disk() { # NAME MIB [MORE]: one disk, and others that are called NAME-b and so on
    disk_list=
    for letter in a ${3:-}; do
        disk_image=$images/$1-$letter
        [ -e "$disk_image" ] || truncate -s "$2M" "$disk_image"
        disk_list="$disk_list\"$disk_image,,xvd$letter,w\", "
    done
    echo "disk = [ $disk_list ]"
}
vif() { # LAST-BYTE...: of each MAC address
    vif_list=
    for byte in "$@"; do
        vif_list="$vif_list\"bridge=br0,mac=00:16:3e:00:09:$byte\", "
    done
    echo "vif = [ $vif_list ]"
}
last() { tr -d '\r' < "$logs/$1.log" | sed 's/^\[[^]]*\] //' | awk '/^=== .* begin/ { text = "" } { text = text $0 "\n" } END { printf "%s", text }'; }
says() { last "$1" | grep -aq "$2"; } # NAME TEXT: since its last start
gone() { ! hvctl domid "$1" > /dev/null 2>&1; }
# passed NAME SECONDS: its verdict, with the cases that failed; nothing of it is left then
passed() {
    passed_in=0
    wait_until "$2" gone "$1" || passed_in=1
    last "$1" | sed -n "s/^not ok/# $1: not ok/p; s/^# /# $1: /p" | head -n 20
    says "$1" 'VERDICT [a-z_]* pass' && return $passed_in
    says "$1" VERDICT || echo "# $1: no verdict: $(tail -n 1 "$logs/$1.log")"
    tail -n 25 /var/log/haven/hvdriverd.log | sed 's/^/# /'
    return 1
}
# What the hypervisor keeps of dom0's grants and mappings has the size that was once needed: it counts as free.
kept() { hvctl debug-keys g && hvctl dmesg | sed -n "s/.* d0: .* grant frames.*, \([0-9]*\) KiB kept.*/\1/p" | tail -n 1; }
free_memory() {
    free_kib=$(hvctl mem plan --json | sed -n 's/.*"free_kib": \([0-9]*\).*/\1/p' | head -n 1)
    [ -z "$free_kib" ] || echo $((free_kib + $(kept)))
}
memory_is() { [ -n "$1" ] && [ "$(free_memory)" = "$1" ]; }
files_of() { ls "/proc/$1/fd" | wc -l; }
rss_of() { awk '$1 == "VmRSS:" { print $2 }' "/proc/$1/status"; }
only_dom0() { [ "$(hvctl list | wc -l)" = 2 ]; }
no_workers() { ! pidof hvblock hvnet; }
no_nodes() { [ -z "$(hvstore list /local/domain/0/backend/haven-vbd 2> /dev/null; hvstore list /local/domain/0/backend/haven-vif 2> /dev/null)" ]; }
no_taps() { ! ls /sys/class/net | grep -q '^vif'; }
grants() { hvctl debug-keys g && hvctl dmesg | sed -n "s/.* d0: .* grant frames, \([0-9]*\) mappings.*/\1/p" | tail -n 1; }
pinged() { ping -c "$1" -s "$2" 10.9.0.2 > /tmp/ping || { tail -n 3 /tmp/ping | sed 's/^/# /'; return 1; }; }

mkdir -p $images
check "host" hvctl host start > /dev/null
ip link add br0 type bridge
ip addr add 10.9.0.1/24 dev br0
ip link set br0 up
manager=$(pidof hvdriverd)

# --- proper ones, each way of using a back end; the first one warms up what dom0 keeps for good
check "disk: create" create disk disk "ms=500" 16 "$(disk disk 32)"
check "disk: all that both ends offer" passed disk 60
before=$(free_memory)
grants_before=$(grants)
files_before=$(files_of "$manager")
rss_before=$(rss_of "$manager")
check "disk: create again" create disk disk "ms=500 plain direct ring-pages=4 depth=64" 16 "$(disk disk 32)"
check "disk: plain grants, four pages of ring" passed disk 60
for start in 1 2; do
    check "unikernel: create" create unikernel unikernel "" 16 "$(disk unikernel 1)"
    check "unikernel: start $start" passed unikernel 30
    check "unikernel: it remembers" says unikernel "This is start number $start\."
done
check "balloon: create" create balloon balloon "" 64
check "balloon: ready" wait_until 30 says balloon READY
for mib in 40 60; do
    check "balloon: to $mib MiB" hvctl mem-set balloon $mib
done
hvctl shutdown balloon
check "balloon: contents" passed balloon 30

# --- two that work all the time, beside the hostile ones
check "good: create" create good disk "forever depth=4 pause=100" 16 "$(disk good 32)"
check "echo: create" create echo echo "ip=10.9.0.2" 16 "$(vif 02)"
check "good: ready" wait_until 30 says good READY
check "echo: ready" wait_until 30 says echo READY
check "echo: ping" pinged 2 1400
good=$(hvctl domid good)

check "hostile_block: create" create block hostile_block "" 16 "$(disk block 16 "b c")"
check "hostile_net: create" create net hostile_net "" 16 "$(vif 03 04 05)"
# Packets for everybody, so that there is something to receive.
arp -i br0 -s 10.9.0.99 ff:ff:ff:ff:ff:ff
ping -s 1400 -i 0.2 10.9.0.99 > /dev/null 2>&1 &
pinger=$!
check "hostile_block" passed block 300
check "hostile_net" passed net 300
kill $pinger
check "echo: ping afterwards" pinged 2 1400
check "hostile_store: create" create store hostile_store "other=$good" 16 "$(disk store 16)"
check "hostile_store" passed store 120
check "hostile_balloon: create" create liar hostile_balloon "" 24 "$(disk liar 16)"
wait_until 60 says liar KEEPS
reported() {
    hvctl mem-set -w 3 liar 12 > /tmp/out 2>&1 && { sed 's/^/# /' /tmp/out; return 1; }
    grep -q liar /tmp/out || { sed 's/^/# /' /tmp/out; return 1; }
}
check "hostile_balloon: is reported" reported
hvctl shutdown liar
check "hostile_balloon" passed liar 60

check "the manager is the same" [ "$(pidof hvdriverd)" = "$manager" ]
hvctl shutdown good echo
check "good: all was well meanwhile" passed good 60
check "echo: all was well meanwhile" passed echo 60

# --- a dead guest whose pages others keep: dom0's daemons do not take notice of its end
check "zombie: create" create zombie disk "forever depth=1 pause=50 refuse" 16 "$(disk zombie 32)"
check "zombie: ready" wait_until 30 says zombie READY
zombie=$(hvctl domid zombie)
refused() {
    hvctl block-detach zombie xvda > /tmp/out 2>&1 && return 1
    sed 's/^/# /' /tmp/out
    grep -q "the guest refuses: 16 Device in use" /tmp/out
}
refused_from=$(cut -d . -f 1 /proc/uptime)
check "zombie: it refuses to give its disk away" refused
check "zombie: that is told at once" [ $(($(cut -d . -f 1 /proc/uptime) - refused_from)) -lt 6 ]
kill -9 "$(pidof hvblock)"
check "zombie: its disk goes on, with the next worker" wait_until 30 says zombie 'GOES ON'
kill -STOP "$manager" "$(pidof hvconsoled)"
hvctl destroy zombie
hvctl list > /tmp/list
hvctl list --json > /tmp/list.json
sed -n '/is dead/,$s/^/# /p' /tmp/list
check "zombie: it is in the list" grep -q "^Domain $zombie is dead" /tmp/list
check "zombie: pages by grants" grep -q "^  [1-9][0-9]* by domain 0, through grants" /tmp/list
check "zombie: the back end's process" grep -q "^  program hvblock $zombie (process [0-9]*) has [0-9]* pages* of .* /dev/xen/gntdev" /tmp/list
check "zombie: pages as foreign memory" grep -q "^  1 as foreign memory" /tmp/list
check "zombie: the console's daemon" grep -q "^  program .*hvconsoled.* has [0-9]* pages* of .*/privcmd" /tmp/list
check "zombie: as JSON" grep -q '"foreign_pages": 1' /tmp/list.json
kill -CONT "$(pidof hvconsoled)"
no_foreign() { hvctl list > /tmp/list && grep -q "through grants" /tmp/list && ! grep -q "foreign memory\|hvconsoled" /tmp/list; }
check "zombie: the console's daemon lets go" wait_until 20 no_foreign
kill -CONT "$manager"

# --- nothing is left
check "no domain is left" wait_until 20 only_dom0
check "no worker is left" wait_until 20 no_workers
check "no node is left" wait_until 10 no_nodes
check "no interface is left" wait_until 10 no_taps
check "hypervisor: no memory is lost" wait_until 20 memory_is "$before"
[ "$(free_memory)" = "$before" ] || echo "# free memory: $before before, $(free_memory) now, with $(kept) KiB kept"
check "dom0: no grant stays mapped" [ "$(grants)" = "$grants_before" ]
check "manager: no file stays open" [ "$(files_of "$manager")" = "$files_before" ]
rss=$(rss_of "$manager")
check "manager: no memory is lost ($rss_before KiB before, $rss KiB now)" [ "$rss" -le $((rss_before + 1024)) ]
