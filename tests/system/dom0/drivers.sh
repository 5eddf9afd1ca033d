# SPDX-License-Identifier: GPL-2.0-or-later
# Stock Debian guests with disks and networks.  Kernel arguments: haven.tool=hvctl|xl; haven.parts= some of the files
# drivers_PART.sh, each as PART or PART:linux for Linux's back ends in the place of ours.
. /dom0/lib.sh
. /dom0/toolstack.sh

disks=/images
bridge=xenbr0
address=10.0.0.1
is() { [ "$1" = "$2" ] || { echo "# '$1' instead of '$2'"; return 1; }; }
fails() { ! "$@" > /tmp/out 2>&1; }
quiet() { "$@" > /tmp/out 2>&1 || { sed 's/^/# /' /tmp/out; return 1; }; }
gone() { ! $tool domid "$1" > /dev/null 2>&1; }
free_memory() { $tool info | awk '$1 == "free_memory" { print $3 }'; }
memory_is() { [ "$(free_memory)" = "$1" ]; }
node() { # PATH...: nodes' values
    case $tool in
    hvctl) hvstore read "$@" 2> /dev/null ;;
    xl) xenstore-read "$@" 2> /dev/null ;;
    esac
}
# back NAME KIND ID: where the store has the back end of a device
back() { node "/local/domain/$($tool domid "$1")/device/$2/$3/backend"; }
connected() {
    device="/local/domain/$($tool domid "$1")/device/$2/$3"
    [ "$(node "$device/state" "$(node "$device/backend")/state" | tr '\n' ' ')" = "4 4 " ]
}
no_device() { [ -z "$(back "$@")" ]; }
sum_of() { sha256sum "$1" | cut -d ' ' -f 1; }
# guest_says NAME SECONDS TEXT COMMAND: what it prints is that
guest_says() {
    guest_output=$(guest_runs "$1" "$2" "$4")
    is "$(echo "$guest_output" | tail -n 1)" "$3"
}
calm() { # NAME: a console without echo, prompts and the kernel's messages
    guest_runs "$1" 20 "dmesg -n 1; stty -echo; PS1=" > /dev/null
}
# boot_guest NAME IMAGE IP LINE...: a guest whose root is the image, on the bridge, until it is up
boot_guest() {
    boot_name=$1 boot_image=$2 boot_ip=$3
    shift 3
    config "$boot_name" 'kernel = "/guests/vmlinuz"' 'ramdisk = "/guests/disk.gz"' 'memory = 224' \
        "extra = \"console=hvc0 quiet $quick root=/dev/xvda haven.ip=$boot_ip/24,$address\"" \
        "disk = [ \"$(disk_of "$boot_image" xvda w)\" ]" \
        "vif = [ \"$(vif_of $bridge "00:16:3e:00:01:0${boot_ip##*.}")\" ]" "$@"
    check "$boot_name: create" quiet $tool create -q "/tmp/$boot_name.cfg"
    check "$boot_name: up" wait_until 200 log_has "$boot_name" 'the guest is up'
    check "$boot_name: root on its disk" log_has "$boot_name" 'root on /dev/xvda, ext4'
    log_has "$boot_name" 'the guest is up' && calm "$boot_name"
}
describe() { # NAME: what explains a guest that does not do what it should
    $tool list
    [ $tool = xl ] || hvstore ls "/local/domain/$($tool domid "$1")"
    [ $tool = xl ] || hvstore ls "/local/domain/0/backend"
    tail -n 20 "$(console_log "$1")"
    for describe_key in q e r; do
        $tool debug-keys $describe_key
    done
    $tool dmesg | tail -n 150
}
shut_down() { # NAME
    quiet timeout 300 $tool shutdown -w "$1" && return
    describe "$1" | sed 's/^/# /'
    return 1
}
end_guest() { # NAME
    check "$1: shutdown" shut_down "$1"
    check "$1: its file system was unmounted" log_has "$1" 'the root is read-only now'
    check "$1: gone" wait_until 30 gone "$1"
}
block_device() { # IMAGE: what Linux's back end takes with xl
    losetup -f > /tmp/loop
    losetup "$(cat /tmp/loop)" "$1"
    cat /tmp/loop
}

for module in /modules/*.ko; do
    [ ! -e "$module" ] || insmod "$module" 2> /dev/null # some are there already
done
cpu1=/sys/devices/system/cpu/cpu1/online # two of dom0 share the machine's only one, which costs: one for the most part
[ ! -e $cpu1 ] || check "dom0: a CPU goes offline" sh -c "echo 0 > $cpu1"
mkdir -p $disks
mount -t ext4 /dev/vda $disks || { not_ok "the disk with the images"; exit 1; }
check "toolstack" start_toolstack "$(argument tool)"
ip link add $bridge type bridge
ip addr add $address/24 dev $bridge
ip link set $bridge up
for part in $(argument parts | tr ',' ' '); do
    echo "# $part with $tool"
    case $part in
    *:linux) start_drivers linux ;;
    *) start_drivers ours ;;
    esac
    . "/dom0/drivers_${part%:*}.sh"
done
[ "$tool" = xl ] || quiet hvctl host stop
umount $disks
