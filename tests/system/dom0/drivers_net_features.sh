# SPDX-License-Identifier: GPL-2.0-or-later
# Part of drivers_net.sh, with its guest "net", which has two vCPUs: several queues, limited rates, addresses that are not
# the guest's, and a network with NAT and DHCP.

# --- a queue for each vCPU
all_come() { # PATTERN: there are two interrupts of such names or more, and all of them came often
    guest_runs net 20 "awk '/$1/ { all++; came += \$2 + \$3 > 10; print } END { exit all < 2 || came < all }' /proc/interrupts" \
        > /tmp/guest || { sed 's/^/# /' /tmp/guest; return 1; }
}
check "queues: the back end offers more" [ "$(node "$backend/multi-queue-max-queues")" -ge 2 ]
check "queues: the front end takes two" is "$(node "$frontend/multi-queue-num-queues")" 2
for queue in 0 1; do
    check "queues: queue $queue has rings" [ -n "$(node "$frontend/queue-$queue/tx-ring-ref")" ]
done
if command -v iperf3 > /dev/null; then
    check "dom0: the CPU comes back" sh -c "echo 1 > $cpu1"
    check "queues: eight streams" in_guest net 'iperf3 -n 2M -P 8 -c 10.0.0.1 && iperf3 -n 2M -P 8 -R -c 10.0.0.1'
    check "dom0: and goes again" sh -c "echo 0 > $cpu1"
    check "queues: all of them were used" all_come "event +(eth|vif)"
fi
disk_front=/local/domain/$($tool domid net)/device/vbd/51712
check "disk queues: the front end takes two" is "$(node "$disk_front/multi-queue-num-queues")" 2
check "disk queues: read and written from each vCPU" in_guest net 'for cpu in 1 2; do
    taskset $cpu dd if=/dev/xvda of=/dev/null bs=4k count=200 iflag=direct && taskset $cpu dd if=/dev/urandom of=/root/file bs=4k count=50 conv=fsync
done; rm /root/file'
check "disk queues: all of them were used" all_come blkif

# --- a limited rate: what the guest sends in a time, by its own clock
hot() { # MORE: another interface, eth1, at 10.1.0.2
    quiet $tool network-attach net bridge=$bridge mac=00:16:3e:00:03:02 $1 && wait_until 30 connected net vif 1 &&
        in_guest net 'ip link set eth1 up && ip addr add 10.1.0.2/24 dev eth1'
}
cold() { quiet $tool network-detach net 1 && wait_until 20 no_device net vif 1; }
ip addr add 10.1.0.1/24 dev $bridge
kbit_per_s() { # SECONDS: of so many
    guest_runs net 60 "iperf3 -f k -t $1 -c 10.1.0.1 | awk '/receiver/ { print int(\$7) }'" | tail -n 1
}
if command -v iperf3 > /dev/null; then
    check "rate: attach" hot rate=250KB/s
    rate=$(kbit_per_s 4)
    # The first 200 KB are free: two of the largest packets, and the one that overdraws.
    check "rate: $rate kbit/s of 2000" [ "${rate:-0}" -ge 400 -a "${rate:-0}" -le 2600 ]
    check "rate: detach" cold
    check "rate: attach without" hot
    rate=$(kbit_per_s 1)
    check "rate: $rate kbit/s without a limit" [ "${rate:-0}" -ge 4000 ]
    check "rate: detach again" cold
fi

# --- a guest that says to be another
if command -v nft > /dev/null; then
    hears() { # CASE yes|no COMMAND: it makes the guest send an ARP request to us
        heard_before=$(count_spoof)
        check "$1: done" in_guest net "$3"
        heard=$(($(count_spoof) - heard_before))
        check "$1" [ "$([ $heard -gt 0 ] && echo yes || echo no)" = "$2" ]
    }
    count_spoof() { nft list table bridge judge | sed -n 's/.* counter packets \([0-9]*\).*/\1/p'; }
    nft -f - << 'RULES'
table bridge judge {
    chain seen {
        type filter hook prerouting priority 0; policy accept;
        ether saddr { 00:16:3e:00:03:02, 00:16:3e:99:99:99 } ether type { arp, ip } counter
    }
}
RULES
    named() { echo "ip link set eth1 down && ip link set eth1 address $1 && ip link set eth1 up"; }
    ask="arping -q -c 2 -w 3 -I eth1"
    check "spoof: attach" hot "antispoof=1 ip=10.1.0.2"
    hears "spoof: its own address passes" yes "$ask 10.1.0.1; :"
    check "spoof: ping" in_guest net 'ping -c 2 -I eth1 10.1.0.1'
    hears "spoof: another's IP address in ARP does not" no "ip addr del 10.1.0.2/24 dev eth1; ip addr add 10.1.0.7/24 dev eth1; $ask 10.1.0.1; :"
    hears "spoof: nor in packets" no 'arp -i eth1 -s 10.1.0.1 00:16:3e:00:00:99; ping -c 2 -W 1 -I eth1 10.1.0.1; :'
    hears "spoof: another's MAC address does not" no \
        "ip addr del 10.1.0.7/24 dev eth1; ip addr add 10.1.0.2/24 dev eth1; $(named 00:16:3e:99:99:99) && { $ask 10.1.0.1; :; }"
    hears "spoof: its own passes again" yes \
        "$(named 00:16:3e:00:03:02) && { $ask 10.1.0.1; :; }"
    check "spoof: detach" cold
    check "spoof: no rule is left" fails sh -c 'nft list tables | grep haven_vif'
    check "spoof: attach without" hot
    hears "spoof: then all passes" yes \
        "$(named 00:16:3e:99:99:99) && { $ask 10.1.0.1; :; }"
    check "spoof: detach that" cold
    nft delete table bridge judge
fi
ip addr del 10.1.0.1/24 dev $bridge

# --- a network of hvctl's, with DHCP
if command -v dnsmasq > /dev/null; then
    check "dhcp: network-setup" quiet hvctl network-setup --bridge guests0 --subnet 10.8.0.0/24
    check "dhcp: attach" quiet $tool network-attach net bridge=guests0 mac=00:16:3e:00:04:02
    check "dhcp: connected" wait_until 30 connected net vif 1
    check "dhcp: a lease" in_guest net 'ip link set eth1 up; udhcpc -n -q -t 20 -T 1 -i eth1 -s /etc/udhcpc'
    check "dhcp: an address of the network" in_guest net 'ip addr show eth1 | grep "inet 10.8.0."'
    httpd -p 10.8.0.1:8000 -h /tmp/www
    check "dhcp: a page" guest_says net 60 "$file_sum" "wget -q -O - http://10.8.0.1:8000/file | sha256sum | cut -d ' ' -f 1"
    check "dhcp: detach" cold
    check "dhcp: removed" quiet hvctl network-setup --bridge guests0 --remove
fi
