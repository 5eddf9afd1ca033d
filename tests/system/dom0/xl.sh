# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's xl with its own xenstored (or ours, haven.store=ours) and xenconsoled: a Debian guest's life, and guests that end badly.
. /dom0/lib.sh

logs=/var/log/xen/console
mkdir -p /etc/xen /var/lib/xen /var/lib/xenstored /run/xenstored /run/xen /run/lock $logs
: > /etc/xen/xl.conf
ln -s /run /var/run
ln -s /run/lock /var/lock
xenstored --pid-file /run/xenstored.pid
check "xenstored" wait_until 30 test -S /run/xenstored/socket
[ -S /run/xenstored/socket ] || exit 1
xen-init-dom0 > /dev/null
xenconsoled --log=guest --log-dir=$logs --pid-file=/run/xenconsoled.pid

# config NAME LINE...
config() {
    name=$1
    shift
    {
        echo "name = \"$name\""
        echo 'on_poweroff = "destroy"'
        echo 'on_crash = "destroy"'
        printf '%s\n' "$@"
    } > "/tmp/$name.cfg"
}
quiet() { "$@" > /tmp/out 2>&1 || { cat /tmp/out; return 1; }; }
field() { xl list "$1" 2> /dev/null | awk -v n="$2" 'NR == 2 { print $n }'; } # NAME COLUMN
field_is() { [ "$(field "$1" "$2")" = "$3" ]; }
state_has() { field "$1" 5 | grep -q "$2"; }
online_is() { [ "$(xl vcpu-list "$1" | awk 'NR > 1 && $4 != "-"' | wc -l)" = "$2" ]; }
log_has() { grep -q "$2" "$logs/guest-$1.log" 2> /dev/null; }
times_up() { [ "$(grep -c "the guest is up" "$logs/guest-$1.log")" = "$2" ]; }
gone() { ! xl domid "$1" > /dev/null 2>&1; }
alone() { [ "$(xl list | wc -l)" = 2 ]; }
info() { xl info | awk -v n="$1" '$1 == n { print $3 }'; }
same() { [ "$1" = "$2" ] || { echo "# '$1' instead of '$2'"; return 1; }; }
fails() { ! "$@" > /tmp/out 2>&1; }

check "info: scheduler" same "$(info xen_scheduler)" credit2
check "info: CPUs" same "$(info nr_cpus)" "$(argument smp)"
check "no other domain" alone
before=$(info free_memory)

config debian 'kernel = "/guests/vmlinuz"' 'ramdisk = "/guests/initramfs.gz"' "extra = \"console=hvc0 quiet panic=1 $quick\"" \
    'memory = 128' 'maxmem = 160' 'vcpus = 1' 'maxvcpus = 2' 'on_reboot = "restart"'
check "create" quiet xl create -q /tmp/debian.cfg
check "the guest reaches user space" wait_until 500 log_has debian "the guest is up"
xl console debian > /tmp/seen 2>&1 & # which takes input from terminals only
check "console" wait_until 60 grep -q "the guest is up" /tmp/seen
kill $!
check "list: memory" same "$(field debian 3)" 128
check "list: vCPUs" same "$(field debian 4)" 1
check "list -l" sh -c 'xl list -l debian | grep -q "\"max_vcpus\": 2,"'
check "the store knows it" quiet xenstore-read "/local/domain/$(xl domid debian)/name"
check "pause" quiet xl pause debian
check "paused" state_has debian p
check "unpause" quiet xl unpause debian
check "not paused" fails state_has debian p
check "vcpu-set 2" quiet xl vcpu-set --ignore-host debian 2
# It has no udev to do it: typed at its console.
wait_until 60 online_is debian 1
sleep 2
echo 'echo 1 > /sys/devices/system/cpu/cpu1/online' > "$(xenstore-read "/local/domain/$(xl domid debian)/console/tty")"
check "two online" wait_until 60 online_is debian 2
check "vcpu-pin" quiet xl vcpu-pin debian all 0
[ "$(argument smp)" = 1 ] && first=all || first=0
check "pinned" same "$(xl vcpu-list debian | awk 'NR == 2 { print $7 $8 $9 }')" "$first/all"
check "vcpu-pin all" quiet xl vcpu-pin debian all all
check "vcpu-set 1" quiet xl vcpu-set debian 1
check "one online" wait_until 60 online_is debian 1
check "mem-set 100" quiet xl mem-set debian 100
check "less memory" wait_until 60 field_is debian 3 100
check "mem-set 128" quiet xl mem-set debian 128
check "more memory" wait_until 60 field_is debian 3 128
if [ "$(argument store)" = ours ]; then # who loses the connection of its socket has to begin anew, but no domain does
    kill -9 "$(cat /run/xenstored.pid)"
    check "another xenstored" quiet xenstored --pid-file /run/xenstored.pid
    kill -9 "$(cat /run/xenconsoled.pid)"
    check "another xenconsoled" quiet xenconsoled --log=guest --log-dir=$logs --pid-file=/run/xenconsoled.pid
    check "the store still knows the guest" quiet xenstore-read "/local/domain/$(xl domid debian)/name"
    check "mem-set 110" quiet xl mem-set debian 110
    check "the guest still hears" wait_until 60 field_is debian 3 110
    quiet xl mem-set debian 128
    check "and again" wait_until 60 field_is debian 3 128
fi
check "sched-credit2: set" quiet xl sched-credit2 -d debian -w 512 -c 50
check "sched-credit2: get" same "$(xl sched-credit2 -d debian | awk 'NR == 2 { print $3, $4 }')" "512 50"
quiet xl sched-credit2 -d debian -c 0
check "cpupool-list" same "$(xl cpupool-list | awk 'NR == 2 { print $1, $2, $3, $5 }')" "Pool-0 $(argument smp) credit2 2"
check "rename" sh -c 'xl rename debian other && xl domid other > /dev/null && xl rename other debian'
check "trigger nmi" quiet xl trigger debian nmi 0
check "the guest takes the NMI" wait_until 60 log_has debian "NMI received"
check "trigger power: refused" sh -c 'xl trigger debian power 0 2>&1 | grep -q "failed: Invalid argument"'
check "uptime" sh -c 'xl uptime debian | grep -q "^debian"'
check "top" sh -c 'xentop -b -i 1 -d 1 | grep -q "^ *debian"'
check "dmesg" sh -c 'xl dmesg | grep -q .'
check "debug-keys" quiet xl debug-keys q
check "save -c" quiet xl save -c debian /tmp/saved
check "goes on" fails state_has debian s
check "save" quiet xl save debian /tmp/saved
check "saved: gone, with all its memory" wait_until 60 alone
check "restore" quiet xl restore /tmp/saved
check "restored" field_is debian 3 128
rm /tmp/saved
check "reboot" quiet xl reboot debian
check "up again" wait_until 500 times_up debian 2
check "shutdown -w" quiet xl shutdown -w debian
check "gone" wait_until 60 alone
check "no memory lost" same "$(info free_memory)" "$before"

# A kernel that finds no init panics: that is a crash.  With our store a small guest crashes in its place.
if [ "$(argument store)" = ours ]; then
    config crash 'kernel = "/guests/ending.elf"' 'memory = 16' 'cmdline = "ending=crash after=0"' 'on_crash = "preserve"'
else
    config crash 'kernel = "/guests/vmlinuz"' "extra = \"console=hvc0 panic=1 quiet root=none $quick\"" 'memory = 96' 'on_crash = "preserve"'
fi
check "create one that will crash" quiet xl create -q /tmp/crash.cfg
check "it crashes" wait_until 500 state_has crash c
check "destroy it" quiet xl destroy crash
check "crashed: gone" wait_until 60 alone

config small 'kernel = "/guests/ending.elf"' 'memory = 16' 'cmdline = "ending=never after=0"'
rounds=0
while [ $rounds -lt 2 ] && quiet xl create -q /tmp/small.cfg && quiet xl destroy small && wait_until 60 alone; do
    rounds=$((rounds + 1))
done
check "created and destroyed" same $rounds 2
check "still no memory lost" same "$(info free_memory)" "$before"
