# SPDX-License-Identifier: GPL-2.0-or-later
# hvctl network-setup: a bridge over a NIC, and a network with NAT and DHCP, made, made again, and removed.
. /dom0/lib.sh

is() { [ "$1" = "$2" ] || { echo "# '$1' instead of '$2'"; return 1; }; }
fails() { ! "$@" > /tmp/out 2>&1; }
quiet() { "$@" > /tmp/out 2>&1 || { sed 's/^/# /' /tmp/out; return 1; }; }
said() { grep -q "$1" /tmp/out; }
not_said() { ! said "$1"; }
has_rules() { nft list tables | grep -q "$1"; }
no_rules() { ! has_rules "$1"; }
dnsmasq_runs() { grep -qs dnsmasq /proc/[0-9]*/comm; }
no_dnsmasq() { ! dnsmasq_runs; }

for module in /modules/*.ko; do
    insmod "$module" 2> /dev/null # some are there already
done

# --- a bridge over a NIC, with its addresses and routes
ip link add nic0 type dummy
ip addr add 10.9.0.5/24 dev nic0
ip link set nic0 up
ip route add 172.30.0.0/16 via 10.9.0.7 metric 50
routes() { ip route | grep -E '10\.9\.0|172\.30' | sed "s/ $1 / DEV /"; }
routes nic0 > /tmp/routes
check "nic: bridge" quiet hvctl network-setup --bridge lan0 --nic nic0
check "nic: its address moved" [ -n "$(ip -4 addr show lan0 | grep 10.9.0.5/24)" ]
check "nic: it has none now" [ -z "$(ip -4 addr show nic0 | grep inet)" ]
check "nic: its routes moved" is "$(routes lan0)" "$(cat /tmp/routes)"
check "nic: is in the bridge" [ -e /sys/class/net/lan0/brif/nic0 ]
check "nic: done again" quiet hvctl network-setup --bridge lan0 --nic nic0
check "nic: and nothing changed" not_said ' done '
check "nic: undone" quiet hvctl network-setup --bridge lan0 --remove
check "nic: its address is back" [ -n "$(ip -4 addr show nic0 | grep 10.9.0.5/24)" ]
check "nic: its routes are back" is "$(routes nic0)" "$(cat /tmp/routes)"
check "nic: no bridge" [ ! -e /sys/class/net/lan0 ]
check "nic: one that is not there" fails hvctl network-setup --bridge lan0 --nic nic7
check "nic: and no bridge is left" [ ! -e /sys/class/net/lan0 ]

# --- a network of the guests' own
check "nat: setup" quiet hvctl network-setup --bridge guests0 --subnet 10.8.0.0/24
check "nat: again" quiet hvctl network-setup --bridge guests0 --subnet 10.8.0.0/24
check "nat: and nothing changed" not_said ' done '
check "nat: the bridge has the first address" [ -n "$(ip -4 addr show guests0 | grep 10.8.0.1/24)" ]
check "nat: forwards" is "$(cat /proc/sys/net/ipv4/ip_forward)" 1
check "nat: masquerades" has_rules haven_nat_guests0
check "nat: DHCP runs" dnsmasq_runs
check "nat: no second network for the bridge" fails hvctl network-setup --bridge guests0 --subnet 10.7.0.0/24
check "nat: and why" said "guests0 has another network already"
check "nat: not somebody else's network" fails hvctl network-setup --bridge guests1 --subnet 10.8.0.128/25
check "nat: and no bridge is left" [ ! -e /sys/class/net/guests1 ]
check "nat: another network chooses its own" quiet hvctl network-setup --bridge guests1
check "nat: which is not the first one's" [ -z "$(ip -4 addr show guests1 | grep 10.8.0)" ]
check "nat: removed" quiet hvctl network-setup --bridge guests1 --remove
check "nat: the first one's DHCP stays" dnsmasq_runs
kill -9 $(cat /run/haven/dnsmasq-guests0.pid)
wait_until 5 no_dnsmasq
check "nat: what was killed comes again" quiet hvctl network-setup --bridge guests0
check "nat: and runs" wait_until 5 dnsmasq_runs
check "nat: removed as well" quiet hvctl network-setup --bridge guests0 --remove
check "nat: no bridge" [ ! -e /sys/class/net/guests0 ]
check "nat: no rules" no_rules haven_nat
check "nat: no dnsmasq" wait_until 5 no_dnsmasq
check "nat: removed again" quiet hvctl network-setup --bridge guests0 --remove
