# SPDX-License-Identifier: GPL-2.0-or-later
# The host sends an NMI once this waits for it; Linux counts it and goes on, until the host breaks the machine.
. /dom0/lib.sh

nmi_seen() { awk '$1 == "NMI:" { exit !($2 > 0) }' /proc/interrupts; }

echo "an NMI is awaited"
check "the NMI is counted" wait_until 60 nmi_seen
nmi_seen && ok "dom0 goes on"
sleep 300
