# SPDX-License-Identifier: GPL-2.0-or-later
# A minute of everything at once, each result verified.
. /dom0/lib.sh

seconds=$(argument seconds)
/usr/bin/stress-ng --verify --timeout "${seconds:-60}" --metrics-brief --temp-path /tmp \
    --cpu 2 --vm 1 --vm-bytes 64M --fork 1 --mmap 1 --mmap-bytes 32M --sigq 1 --signest 1 --switch 1 \
    --timer 1 --timer-freq 1000 --fp 1 --vecmath 1
check "stress-ng verifies everything" [ $? -eq 0 ]

echo "--- kernel log begins"
dmesg -r
echo "--- kernel log ends"
