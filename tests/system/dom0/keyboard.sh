# SPDX-License-Identifier: GPL-2.0-or-later
# The USB keyboard is found, and each key that the harness presses makes an event.
. /dom0/lib.sh

check "the keyboard appears" wait_until 30 input_device "USB Keyboard"
device=$(input_device "USB Keyboard")
timeout 60 dd if="$device" of=/tmp/events bs=24 count=60 2> /dev/null &
reader=$!
sleep 1
echo "keyboard is watched"
pressed() { input_events /tmp/events | grep -q "^1 $1 1$"; }
for key in 30:a 48:b 28:return; do
    check "key ${key#*:} is seen" wait_until 30 pressed "${key%:*}"
done
kill $reader 2> /dev/null
true
