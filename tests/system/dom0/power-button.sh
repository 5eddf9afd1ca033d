# SPDX-License-Identifier: GPL-2.0-or-later
# The power button makes an event (type 1, KEY_POWER 116).
. /dom0/lib.sh

check "there is a power button" wait_until 10 input_device "Power Button"
device=$(input_device "Power Button")
timeout 60 dd if="$device" of=/tmp/event bs=24 count=1 2> /dev/null &
sleep 1
echo "power button is watched"
wait
check "the press is seen" [ "$(input_events /tmp/event)" = "1 116 1" ]
grep -w acpi /proc/interrupts
