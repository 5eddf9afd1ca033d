# SPDX-License-Identifier: GPL-2.0-or-later
# Data moves through a device and arrives as it was.  haven.disk= names a disk by its sysfs driver, whose first half the
# harness filled (its checksum is haven.sum=): read it, and copy it to the second half, which the harness compares.
# haven.net=DRIVER: fetch and send back a file.  haven.interrupt= must be seen working in /proc/interrupts.
. /dom0/lib.sh

moves_disk() { # DEVICE
    sectors=$(cat "/sys/block/$1/size")
    half=$((sectors / 2 / 128)) # in units of 64 KiB
    read_sum=$(dd if="/dev/$1" bs=64k count=$half iflag=direct 2> /dev/null | sha256sum | cut -c 1-64)
    check "disk $1 is read" [ "$read_sum" = "$(argument sum)" ]
    check "disk $1 is written" dd if="/dev/$1" of="/dev/$1" bs=64k count=$half seek=$half \
        iflag=direct oflag=direct conv=fsync,notrunc
    sync
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

moves_net() { # INTERFACE
    ip link set "$1" up
    check "$1 gets an address" udhcpc -q -n -t 10 -T 2 -i "$1" -s /dom0/udhcpc.sh
    url=$(argument url)
    check "$1 receives" wget -q -O /tmp/received "$url"
    check "$1 received what was sent" [ "$(sha256sum < /tmp/received | cut -c 1-64)" = "$(argument sum)" ]
    check "$1 sends" sh -c "nc -w 60 10.0.2.2 $(argument port) < /tmp/received"
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

disk=$(argument disk)
if [ -n "$disk" ]; then
    check "a disk appears on $disk" wait_until 20 find_disk "$disk"
    moves_disk "$(find_disk "$disk")"
fi
net=$(argument net)
if [ -n "$net" ]; then
    check "an interface appears on $net" wait_until 20 find_net "$net"
    moves_net "$(find_net "$net")"
fi

interrupt=$(argument interrupt | tr '~' ' ')
if [ -n "$interrupt" ]; then
    count=$(awk -v pattern="$interrupt" '
        $0 ~ pattern { for (i = 2; $i ~ /^[0-9]+$/; i++) n += $i }
        END { print n + 0 }' /proc/interrupts)
    check "interrupts '$interrupt' arrive ($count)" [ "$count" -gt 10 ]
    grep -E 'pirq' /proc/interrupts
fi
