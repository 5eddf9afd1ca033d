# SPDX-License-Identifier: GPL-2.0-or-later
# Part of drivers.sh: networks of two stock Debian guests on our network back end.
memory_before=$(free_memory)
boot_guest net $disks/small.img 10.0.0.2 'vcpus = 2'
cp $disks/small.img $disks/other.img
boot_guest other $disks/other.img 10.0.0.3
processes() { # NAME: numbers of the processes
    for process in /proc/[0-9]*; do
        [ "$(cat "$process/comm" 2> /dev/null)" = "$1" ] && echo "${process##*/}"
    done
}
in_guest() { # NAME COMMAND
    guest_runs "$1" 90 "$2" > /tmp/guest || { sed 's/^/# /' /tmp/guest; return 1; }
}

# --- what was negotiated
backend=$(back net vif 0)
frontend=/local/domain/$($tool domid net)/device/vif/0
for feature in feature-sg feature-gso-tcpv4 feature-gso-tcpv6 feature-ipv6-csum-offload feature-rx-copy; do
    check "store: the back end has $feature" is "$(node "$backend/$feature")" 1
done
for feature in feature-sg feature-gso-tcpv4 feature-gso-tcpv6 feature-ipv6-csum-offload request-rx-copy; do
    check "store: the front end has $feature" is "$(node "$frontend/$feature")" 1
done
if guest_runs net 20 'command -v ethtool' > /dev/null; then
    for feature in scatter-gather tcp-segmentation-offload tx-checksumming rx-checksumming; do
        check "guest: $feature" guest_says net 20 "$feature: on" "ethtool -k eth0 | grep '^$feature:' | cut -d ' ' -f 1,2"
    done
fi
check "guest: MAC address" guest_says net 20 00:16:3e:00:01:02 'cat /sys/class/net/eth0/address'

# --- packets
vif=vif$($tool domid net).0
(! hvctl network-attach other bridge=$bridge vifname=$vif > /tmp/taken 2>&1; echo $? > /tmp/taken.status) & # takes 5 s
taking=$!
check "ping: from dom0" quiet ping -c 3 10.0.0.2
check "ping: in fragments" quiet ping -c 2 -s 8000 10.0.0.2
check "ping: from the guest" in_guest net 'ping -c 3 10.0.0.1 && ping -c 2 -s 4000 10.0.0.1'
check "ping: from guest to guest" in_guest net 'ping -c 3 10.0.0.3'
wait $taking
check "an interface is not given to a second guest" [ "$(cat /tmp/taken.status)" = 0 ]
check "and told why" grep -q "is the interface of domain $($tool domid net)'s vif 0" /tmp/taken
count() { cat "/sys/class/net/$vif/statistics/$1"; }
# stream CASE DIRECTION COMMAND: the TAP must see packets larger than the network's, which only segmentation by the
# receiver of a whole one explains; rx is what comes from the guest
stream() {
    stream_packets=$(count "$2_packets") stream_bytes=$(count "$2_bytes")
    check "iperf3: $1" in_guest net "$3"
    stream_packets=$(($(count "$2_packets") - stream_packets)) stream_bytes=$(($(count "$2_bytes") - stream_bytes))
    check "iperf3: $1: in large segments ($stream_bytes bytes in $stream_packets packets)" \
        [ $((stream_bytes / (stream_packets + 1))) -gt 2000 ]
}
if command -v iperf3 > /dev/null; then
    iperf3 -s -D
    in_guest other 'iperf3 -s -D'
    sleep 1
    stream "guest to dom0" rx 'iperf3 -n 4M -c 10.0.0.1'
    stream "dom0 to guest" tx 'iperf3 -n 4M -R -c 10.0.0.1'
    stream "guest to guest" rx 'iperf3 -n 4M -c 10.0.0.3'
    stream "guest to guest, the other way" tx 'iperf3 -n 4M -R -c 10.0.0.3'
    check "iperf3: UDP" in_guest net 'iperf3 -u -b 2M -t 2 -c 10.0.0.1'
fi

# --- what arrives is what was sent
mkdir -p /tmp/www
head -c 1000000 /dev/urandom > /tmp/www/file
httpd -p $address:8000 -h /tmp/www
file_sum=$(sum_of /tmp/www/file)
check "wget: by the guest" guest_says net 60 "$file_sum" \
    "wget -q -O /tmp/file http://$address:8000/file; sha256sum /tmp/file | cut -d ' ' -f 1"
in_guest net 'httpd -p 8000 -h /tmp'
fetched() { wget -q -O - http://10.0.0.2:8000/file | sha256sum | cut -d ' ' -f 1; }
check "wget: from the guest" is "$(fetched)" "$file_sum"
check "wget: from guest to guest" guest_says other 60 "$file_sum" \
    "wget -q -O - http://10.0.0.2:8000/file | sha256sum | cut -d ' ' -f 1"

# --- attached and detached again and again
files_of_manager() { ls "/proc/$(processes hvdriverd | head -n 1)/fd" | wc -l; }
files_before=$(files_of_manager)
hot_front=/local/domain/$($tool domid net)/device/vif/1 hot_back=${backend%/0}/1
hot_is_connected() { [ "$(node $hot_front/state $hot_back/state | tr '\n' ' ')" = "4 4 " ]; }
hot_is_gone() { ! hvstore exists $hot_front; }
rounds=0
while [ $rounds -lt 20 ] && quiet $tool network-attach net $(vif_of $bridge 00:16:3e:00:02:02 | tr , " ") &&
    wait_until 30 hot_is_connected; do
    if [ $rounds = 10 ]; then
        check "hot: the second one works" in_guest net \
            'ip link set eth1 up; ip addr add 10.0.0.12/24 dev eth1; ping -c 2 -I eth1 10.0.0.1'
    fi
    quiet $tool network-detach net 1 && wait_until 20 hot_is_gone || break
    rounds=$((rounds + 1))
done
check "hot: 20 rounds" is $rounds 20
check "hot: no file stays open" is "$(files_of_manager)" "$files_before"
check "hot: no interface stays" [ ! -e "/sys/class/net/${vif%.0}.1" ]

. /dom0/drivers_net_features.sh

# --- killed in the middle of a stream
if command -v iperf3 > /dev/null; then
    guest_runs net 20 '(iperf3 -t 9 -c 10.0.0.1 > /tmp/stream 2>&1; echo $? > /tmp/stream.status) &' > /dev/null
    for victim in hvnet hvdriverd both; do
        sleep 1
        case $victim in
        both) kill -9 $(processes hvdriverd) $(processes hvnet) ;;
        *) kill -9 $(processes $victim) ;;
        esac
        [ $victim = hvnet ] || { sleep 0.5; quiet hvctl host start; }
    done
    done_well() { guest_says net 20 0 'cat /tmp/stream.status'; }
    check "kill: the stream goes on to its end" wait_until 60 done_well
fi
check "kill: ping afterwards" quiet ping -c 2 10.0.0.2
check "kill: to the other guest" in_guest net 'ping -c 2 10.0.0.3'
end_guest net
end_guest other
killall iperf3 httpd 2> /dev/null
check "net: no memory is lost" wait_until 20 memory_is "$memory_before"
