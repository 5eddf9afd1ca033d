# SPDX-License-Identifier: GPL-2.0-or-later
# Part of drivers.sh, for every pair of toolstack and drivers: a guest's life with a disk and a network.
memory_before=$(free_memory)
boot_guest brief $disks/small.img 10.0.0.2
check "brief: ping" quiet ping -c 2 -s 1400 10.0.0.2
mkdir -p /tmp/www
head -c 300000 /dev/urandom > /tmp/www/file
httpd -p 10.0.0.1:8000 -h /tmp/www
check "brief: wget" guest_says brief 60 "$(sum_of /tmp/www/file)" \
    "wget -q -O - http://10.0.0.1:8000/file | sha256sum | cut -d ' ' -f 1"
killall httpd

truncate -s 8M $disks/hot.img
target=$disks/hot.img
[ "$tool" != xl ] || target=$(block_device $target)
check "brief: block-attach" quiet $tool block-attach brief "$(disk_of "$target" xvdb w)"
check "brief: the disk is there" wait_until 30 connected brief vbd 51728
guest_writes() {
    guest_runs brief 60 "$1" > /tmp/guest
}
check "brief: written" guest_writes \
    'head -c 600000 /dev/urandom > /tmp/data; dd if=/tmp/data of=/dev/xvdb bs=64k conv=fsync 2> /dev/null'
sum=$(guest_runs brief 60 "head -c 600000 /dev/xvdb | sha256sum | cut -d ' ' -f 1")
check "brief: the image has it" is "$(head -c 600000 $disks/hot.img | sha256sum | cut -d ' ' -f 1)" "$sum"
check "brief: block-detach" quiet $tool block-detach brief xvdb
check "brief: the disk is gone" wait_until 30 no_device brief vbd 51728
check "brief: network-attach" quiet $tool network-attach brief $(vif_of $bridge 00:16:3e:00:02:02 | tr , " ")
check "brief: the vif is there" wait_until 30 connected brief vif 1
check "brief: its MAC address" guest_says brief 20 00:16:3e:00:02:02 'cat /sys/class/net/eth1/address'
check "brief: network-detach" quiet $tool network-detach brief 1
check "brief: the vif is gone" wait_until 30 no_device brief vif 1
end_guest brief
[ "$target" = $disks/hot.img ] || losetup -d "$target"
check "brief: no memory is lost" wait_until 20 memory_is "$memory_before"
