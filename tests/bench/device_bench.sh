# SPDX-License-Identifier: GPL-2.0-or-later
# The benchmark of the drivers, in dom0 and, as /init of its guests (haven.role=), in two guests: the same load with
# our drivers and with Linux's.  The first guest does everything that is measured.
if [ $$ = 1 ]; then
    export PATH=/bin
    /bin/busybox --install -s /bin
    mount -t proc proc /proc
    mount -t sysfs sysfs /sys
    mount -t devtmpfs devtmpfs /dev
    exec < /dev/console > /dev/console 2>&1
    modprobe xen-blkfront
    modprobe xen-netfront
    number=$(sed -n 's/.*haven\.role=\([^ ]*\).*/\1/p' /proc/cmdline)
    ip link set lo up
    ip addr add "10.0.0.$((number + 1))/24" dev eth0
    ip link set eth0 up
    if [ "$number" = 2 ]; then
        device_load serve 5001 &
        echo "SERVING"
        while :; do sleep 1000; done
    fi
    wanted=$(sed -n 's/.*haven\.rows=\([^ ]*\).*/\1/p' /proc/cmdline)
    load() { # LABEL ARGUMENTS...
        case $1 in $wanted*) ;; *) return ;; esac
        load_label=$1
        shift
        echo "MEASURED $load_label: $(device_load "$@" 2>&1)"
    }
    sleep 2
    for depth in 1 32; do
        load "read 64 KiB in sequence, depth $depth" disk /dev/xvda read 65536 $depth 400
        load "write 64 KiB in sequence, depth $depth" disk /dev/xvda write 65536 $depth 400
        load "read 4 KiB at random, depth $depth" disk /dev/xvda read 4096 $depth 2000
        load "write 4 KiB at random, depth $depth" disk /dev/xvda write 4096 $depth 2000
    done
    for peer in "dom0 10.0.0.1" "guest 10.0.0.3"; do
        set -- $peer
        load "ping, round trip, guest to $1" ping $2 5001 200
        load "TCP, guest to $1, each KiB" send $2 5001 16384
        [ "$1" = guest ] || load "TCP, $1 to guest, each KiB" receive $2 5001 16384
        load "UDP of 64 bytes, guest to $1, each packet" packets $2 5001 6400
    done
    echo "MEASURED END"
    poweroff -f
fi

. /dom0/toolstack.sh
argument() {
    sed -n "s/.*haven\.$1=\([^ ]*\).*/\1/p" /proc/cmdline
}
start_toolstack "$(argument tool)"
start_drivers "$(argument drivers)"
modprobe brd rd_nr=1 rd_size=32768
dd if=/dev/zero of=/dev/ram0 bs=1M count=32 2> /dev/null
ip link add xenbr0 type bridge
ip addr add 10.0.0.1/24 dev xenbr0
ip link set xenbr0 up
device_load serve 5001 &
guest() { # NUMBER
    config "guest$1" 'kernel = "/guests/vmlinux"' 'ramdisk = "/guests/bench.gz"' "extra = \"console=hvc0 quiet haven.role=$1 haven.rows=$(argument rows)\"" \
        'memory = 160' 'tsc_mode = "native"' "vif = [ \"$(vif_of xenbr0 "00:16:3e:00:00:0$1")\" ]" "$2"
    $tool create -q "/tmp/guest$1.cfg" && return
    echo "FAILED: guest $1 was not created"
    exit 1
}
wait_for() { # NAME TEXT
    left=600
    until log_has "$1" "$2"; do
        left=$((left - 1))
        [ $left -gt 0 ] || { echo "FAILED: no $2 from $1"; tail -n 5 "$(console_log "$1")"; return; }
        sleep 1
    done
}
guest 2
wait_for guest2 SERVING
guest 1 "disk = [ \"$(disk_of /dev/ram0 xvda w)\" ]"
wait_for guest1 "MEASURED END"
grep -a MEASURED "$(console_log guest1)"
