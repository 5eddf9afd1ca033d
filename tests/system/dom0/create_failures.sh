# SPDX-License-Identifier: GPL-2.0-or-later
# Part of create.sh: creates that fail, at each step and by bad files, and such as are killed; none leaves anything.

for step in $steps; do
    refused "failure after step $step" "after step \"$step\", as asked" --fail-after="$step" /tmp/small.cfg
done
refused "no such kernel" "No such file" /tmp/small.cfg 'kernel="/nowhere"'
refused "a kernel that is a script" "neither a bzImage nor an ELF" /tmp/small.cfg 'kernel="/dom0/lib.sh"'
refused "a kernel that is a program" "no Xen notes" /tmp/small.cfg 'kernel="/bin/busybox"'
head -c 3000000 /guests/vmlinuz > /tmp/cut
refused "a kernel that is cut short" "truncated" /tmp/small.cfg 'kernel="/tmp/cut"'
cp /guests/vmlinuz /tmp/cut
dd if=/dev/zero of=/tmp/cut bs=1 seek=5000000 count=64 conv=notrunc 2> /dev/null
refused "a kernel with wrong bytes" "corrupt" /tmp/small.cfg 'kernel="/tmp/cut"' memory=192
rm /tmp/cut
refused "no such RAM disk" "No such file" /tmp/small.cfg 'ramdisk="/nowhere"'
refused "too little memory" "too little memory" /tmp/debian.cfg memory=32
refused "more memory than there is" "not enough free memory" /tmp/small.cfg memory=100000
refused "a name that is taken" "already" /tmp/small.cfg 'name="Domain-0"'

# --- killed at any moment: the next tool takes the rest back
i=0
while [ $i -lt 12 ]; do
    hvctl create -q /tmp/small.cfg 2> /dev/null > /dev/null &
    usleep $((i * 17000))
    kill -9 $! 2> /dev/null
    wait
    hvctl destroy small > /dev/null 2>&1 # if it was done already
    i=$((i + 1))
done
hvctl create --fail-after=name /tmp/small.cfg 2> /dev/null # sweeps
check "kill -9" nothing_left
