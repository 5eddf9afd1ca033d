# SPDX-License-Identifier: GPL-2.0-or-later
# Part of create.sh: creates with devices (of our drivers and of Linux's) that fail at a device, or are killed. Besides
# the rest no worker, loop device, interface, or file of counters may be left.
ip link add br0 type bridge
ip link set br0 up
truncate -s 4M /tmp/one.img /tmp/two.img
cat > /tmp/devices.cfg << CONFIG
name = "small"
kernel = "/guests/ending.elf"
memory = 16
cmdline = "ending=never after=0"
disk = ["/tmp/one.img,,xvda,w", "format=raw,vdev=xvdb,access=w,backendtype=phy,target=/tmp/two.img"]
vif = ["bridge=br0", "bridge=br0,backendtype=linux"]
CONFIG

check "devices: create" hvctl create -q /tmp/devices.cfg # loads the modules for Linux's back ends, too
check "devices: there is something to leave" sh -c \
    'ls /sys/block/loop*/loop/backing_file && ls -d /sys/class/net/vif*.0 /sys/class/net/vif*.1 && pidof hvblock && pidof hvnet'
check "devices: destroy" hvctl destroy small
check "devices: nothing is left" nothing_left

for step in devices start finish; do
    refused "devices: failure after step $step" "after step \"$step\", as asked" --fail-after=$step /tmp/devices.cfg
done
good='"/tmp/one.img,,xvda,w"'
refused "devices: the second image is not there" "No such file" /tmp/devices.cfg "disk=[$good, \"/tmp/none.img,,xvdb,w\"]"
refused "devices: two disks of one image" "in use" /tmp/devices.cfg "disk=[$good, \"/tmp/one.img,,xvdb,w\"]"
refused "devices: an image that Linux's driver has not" "No such file" /tmp/devices.cfg \
    "disk=[$good, \"format=raw,vdev=xvdb,access=w,backendtype=phy,target=/tmp/none.img\"]"
refused "devices: no such bridge" "no bridge br7" /tmp/devices.cfg 'vif=["bridge=br0", "bridge=br7"]'
refused "devices: no such bridge for Linux's driver" "no bridge br7" /tmp/devices.cfg \
    'vif=["bridge=br0,backendtype=linux", "bridge=br7,backendtype=linux"]'
refused "devices: two of one name" "exists" /tmp/devices.cfg 'vif=["bridge=br0,vifname=tap7", "bridge=br0,vifname=br0"]'
kill -STOP "$(cat /run/haven/hvdriverd.pid)"
(sleep 3; kill -9 "$(cat /run/haven/hvdriverd.pid)"; hvctl host start > /dev/null) &
check "devices: their manager dies meanwhile" hvctl create -q /tmp/devices.cfg
wait $!
hvctl destroy small
check "devices: nothing is left of that" nothing_left

# --- killed at any moment of the time that a create takes
now_ms() { awk '{ print int($1 * 1000) }' /proc/uptime; }
start=$(now_ms)
hvctl create -q /tmp/devices.cfg
took=$(($(now_ms) - start))
hvctl destroy small
kills() { # COUNT
    for i in $(seq 0 $(($1 - 1))); do
        hvctl create -q /tmp/devices.cfg > /dev/null 2>&1 &
        usleep $((took * 1100 * i / $1))
        kill -9 $! 2> /dev/null
        wait
        [ $((i % 3)) != 2 ] || hvctl destroy small > /dev/null 2>&1 # the others are found by the next create
    done
}
kills 16
hvctl create --fail-after=name /tmp/devices.cfg 2> /dev/null # sweeps
hvctl destroy small > /dev/null 2>&1                         # if the last one was done
check "devices: killed 16 times in $took ms" nothing_left
