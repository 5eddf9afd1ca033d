# SPDX-License-Identifier: GPL-2.0-or-later
# Data moves through all of a machine's devices and arrives as it was, and each device's interrupts are seen working.
# The harness filled the first half of each disk (its checksum is haven.sum_NAME=) and compares the second half, where the
# first is copied to; it serves a file (haven.url=, haven.sum_net=) and keeps what comes back (haven.port_DRIVER=); it presses
# keys and the power button when it is told to.
. /dom0/lib.sh

interrupts_of() { # CASE PATTERN
    seen=$(awk -v pattern="$2" '
        $0 ~ pattern { for (i = 2; $i ~ /^[0-9]+$/; i++) n += $i }
        END { print n + 0 }' /proc/interrupts)
    check "$1's interrupts '$2' arrive ($seen)" [ "$seen" -gt 10 ]
}

find_disk() { # PATTERN in the device's path
    for found in /sys/block/*; do
        if readlink -f "$found" | grep -q "$1"; then
            echo "${found##*/}"
            return
        fi
    done
    return 1
}

moves_disk() { # NAME PATTERN INTERRUPT
    check "a disk appears on $1" wait_until 20 find_disk "$2"
    disk=$(find_disk "$2")
    half=$(($(cat "/sys/block/$disk/size") / 2 / 128)) # in units of 64 KiB
    read_sum=$(dd if="/dev/$disk" bs=64k count=$half iflag=direct 2> /dev/null | sha256sum | cut -c 1-64)
    check "disk $disk on $1 is read" [ "$read_sum" = "$(argument "sum_$1")" ]
    check "disk $disk on $1 is written" dd if="/dev/$disk" of="/dev/$disk" bs=64k count=$half seek=$half \
        iflag=direct oflag=direct conv=fsync,notrunc
    interrupts_of "$1" "$3"
}

find_net() { # DRIVER
    for found in /sys/class/net/*; do
        if readlink -f "$found/device/driver" | grep -q "/$1$"; then
            echo "${found##*/}"
            return
        fi
    done
    return 1
}

moves_net() { # DRIVER INTERRUPT
    check "an interface appears on $1" wait_until 20 find_net "$1"
    interface=$(find_net "$1")
    ip link set "$interface" up
    check "$1 gets an address" udhcpc -q -n -t 10 -T 2 -i "$interface" -s /dom0/udhcpc.sh
    check "$1 receives" wget -q -O /tmp/received "$(argument url)"
    check "$1 received what was sent" [ "$(sha256sum < /tmp/received | cut -c 1-64)" = "$(argument sum_net)" ]
    check "$1 sends" sh -c "nc -w 60 10.0.2.2 $(argument "port_$1") < /tmp/received"
    interrupts_of "$1" "$2"
    ip addr flush dev "$interface" # the next one's network has the same addresses
    ip link set "$interface" down
}

watch_input() { # NAME-PATTERN EVENTS FILE: tells the harness when it may press
    check "there is a $1" wait_until 30 input_device "$1"
    dd if="$(input_device "$1")" of="$3" bs=24 count="$2" 2> /dev/null &
    reader=$!
    check "$1 can be opened" wait_until 30 sh -c "ls -l /proc/$reader/fd | grep -q /dev/input"
    echo "$1 is watched"
}
pressed() { input_events "$1" | grep -q "^1 $2 1$"; }

moves_disk virtio virtio '-msi.*virtio[0-9]*-req'
moves_disk nvme nvme '-msi.*nvme'
moves_disk ahci 'ata[0-9]' ahci
moves_net virtio_net '-msi.*virtio[0-9]*-input'
moves_net e1000 'ioapic-level.*eth'
grep -E 'pirq' /proc/interrupts

watch_input "USB Keyboard" 1000 /tmp/keys
for key in 30:a 48:b 28:return; do
    check "key ${key#*:} is seen" wait_until 60 pressed /tmp/keys "${key%:*}"
done
kill $reader 2> /dev/null
watch_input "Power Button" 1 /tmp/button
check "the power button's press is seen" wait_until 60 pressed /tmp/button 116
