# SPDX-License-Identifier: GPL-2.0-or-later
# Part of drivers.sh: disks of a stock Debian guest on our block back end.
#
# The guest's root is one disk, the others come and go while it runs.
memory_before=$(free_memory)
boot_guest disk $disks/big.img 10.0.0.2
attach() { # IMAGE VDEV [MODE]
    quiet $tool block-attach disk "$(disk_of "$1" "$2" "${3:-w}")" && guest_has "$2"
}
detach() { # VDEV
    quiet $tool block-detach disk "$1"
}
# Waits in the guest, as each command from here takes its time.
guest_waits() { # CONDITION
    guest_runs disk 60 "(i=0; until $1; do i=\$((i + 1)); [ \$i -lt 100 ] || exit 1; sleep 0.2; done)"
}
guest_has() { guest_waits "[ -b /dev/$1 ]"; }
in_guest() { guest_runs disk 120 "$1" > /tmp/guest || { sed 's/^/# /' /tmp/guest; return 1; }; }
not_in_guest() { ! guest_runs disk 120 "$1" > /tmp/guest; }
guest_sum() { guest_runs disk 60 "sha256sum < /dev/$1 | cut -d ' ' -f 1" | tail -n 1; }
processes() { # NAME: numbers of the processes
    for process in /proc/[0-9]*; do
        [ "$(cat "$process/comm" 2> /dev/null)" = "$1" ] && echo "${process##*/}"
    done
}

# --- data: what fio wrote it reads again, and the image has what the guest sees
truncate -s 32M $disks/data.img
check "data: attach" attach $disks/data.img xvdb
check "fio: verified in blocks of 512 bytes to 1 MiB" in_guest 'fio --filename=/dev/xvdb --direct=1 --ioengine=libaio \
    --iodepth=16 --rw=randwrite --verify=crc32c --verify_fatal=1 --do_verify=1 --size=32M --thread --output=/tmp/fio \
    --name=a --stonewall --bs=512 --io_size=256k --name=b --stonewall --bs=4k --io_size=4M \
    --name=c --stonewall --bs=64k --io_size=16M --name=d --stonewall --bs=1M --io_size=32M --iodepth=4 \
    --name=e --stonewall --bsrange=512-256k --bs_unaligned=0 --io_size=16M --rw=randrw && ! grep -q "err= *[1-9]" /tmp/fio'
check "fio: the image has the same" is "$(guest_sum xvdb)" "$(sum_of $disks/data.img)"
check "discard: takes the blocks away" in_guest 'blkdiscard /dev/xvdb && cmp -n 33554432 /dev/xvdb /dev/zero'
check "discard: the image is sparse" [ "$(du -k $disks/data.img | cut -f 1)" -lt 1024 ]

# --- size
check "resize: larger" quiet hvctl block-resize disk xvdb 48M
check "resize: the guest sees it" guest_waits '[ "$(cat /sys/block/xvdb/size)" = 98304 ]'
check "resize: the end is writable" in_guest \
    'dd if=/dev/urandom of=/dev/xvdb bs=1M seek=47 count=1 oflag=direct 2> /dev/null && ! dd if=/dev/zero of=/dev/xvdb bs=512 seek=98304 count=1 oflag=direct 2> /dev/null'

# --- a second writer
check "second writer: refused" fails hvctl block-attach disk "$(disk_of $disks/data.img xvdc w)"
check "second writer: says why" grep -qiE 'lock|in use|already' /tmp/out
check "second writer: nothing is left" no_device disk vbd 51744
check "detach" detach xvdb
check "detach: gone in the guest" guest_waits '[ ! -b /dev/xvdb ]'

# --- a read-only disk
head -c 1000000 /dev/urandom > $disks/data.img
truncate -s 32M $disks/data.img
check "read-only: attach" attach $disks/data.img xvdb r
check "read-only: the guest knows" guest_says disk 20 1 'cat /sys/block/xvdb/ro'
check "read-only: cannot be written" not_in_guest 'dd if=/dev/zero of=/dev/xvdb bs=4k count=1 conv=fsync'
check "read-only: can be read" is "$(guest_sum xvdb)" "$(sum_of $disks/data.img)"
check "read-only: detach" detach xvdb

# --- another format
if command -v qemu-img > /dev/null; then
    quiet qemu-img create -f qcow2 $disks/data.qcow2 32M
    check "qcow2: attach" quiet $tool block-attach disk "format=qcow2,vdev=xvdb,access=w,target=$disks/data.qcow2"
    check "qcow2: there" guest_has xvdb
    check "qcow2: written" in_guest 'dd if=/dev/urandom of=/dev/xvdb bs=256k count=20 seek=8 conv=fsync 2> /dev/null'
    qcow_sum=$(guest_sum xvdb)
    check "qcow2: detach" detach xvdb
    unlocked() { quiet qemu-img convert -O raw $disks/data.qcow2 $disks/converted.img; }
    check "qcow2: released" wait_until 20 unlocked
    check "qcow2: the image has it" is "$(sum_of $disks/converted.img)" "$qcow_sum"
    rm -f $disks/converted.img
fi

# --- errors: a block device with bad sectors; the others can be used (newer kernels name it as its folder)
if modprobe null_blk nr_devices=0 && mount -t configfs configfs /sys/kernel/config && mkdir /sys/kernel/config/nullb/nullbad; then
    bad=/sys/kernel/config/nullb/nullbad
    echo 16 > $bad/size
    echo 512 > $bad/blocksize
    echo 1 > $bad/memory_backed
    echo +2048-2055 > $bad/badblocks
    echo 1 > $bad/power
    nullb=/dev/$(ls /sys/block | grep nullb | head -n 1)
    check "errors: attach" attach "$nullb" xvdb
    check "errors: a bad sector is one for the guest" not_in_guest 'dd if=/dev/xvdb of=/dev/null bs=4k skip=256 count=1 iflag=direct'
    check "errors: also when written" not_in_guest 'dd if=/dev/zero of=/dev/xvdb bs=4k seek=256 count=1 oflag=direct'
    check "errors: the others are good" in_guest \
        'dd if=/dev/xvdb of=/dev/null bs=4k count=256 iflag=direct && dd if=/dev/zero of=/dev/xvdb bs=4k seek=257 count=8 oflag=direct'
    check "errors: detach" detach xvdb
    rmdir $bad
fi

# --- attached and detached again and again
truncate -s 8M $disks/hot.img
files_of_manager() { ls "/proc/$(processes hvdriverd | head -n 1)/fd" | wc -l; }
files_before=$(files_of_manager)
rounds=0
while [ $rounds -lt 20 ] && quiet $tool block-attach disk "$(disk_of $disks/hot.img xvde w)" &&
    wait_until 30 connected disk vbd 51776 && detach xvde; do
    rounds=$((rounds + 1))
done
check "hot: 20 rounds" is $rounds 20
check "hot: no file stays open" is "$(files_of_manager)" "$files_before"

# --- in use, and the back end killed while ext4 writes
check "busy: attach" attach $disks/data.img xvdb w
check "busy: mkfs, mount" in_guest '/usr/sbin/mke2fs -q -F -t ext4 /dev/xvdb && mount /dev/xvdb /mnt'
check "busy: detach is refused" fails $tool block-detach disk xvdb
check "busy: and the disk is still good" in_guest 'echo there > /mnt/file && sync && [ "$(cat /mnt/file)" = there ]'
guest_runs disk 20 'cat > /tmp/write << "END"
i=0
while [ ! -e /tmp/stop ]; do
    i=$((i + 1))
    dd if=/dev/urandom of=/mnt/f$((i % 50)) bs=32k count=$((i % 7 + 1)) conv=fsync 2> /tmp/dd || echo "FAILED $i: $(cat /tmp/dd)"
    (cd /mnt; sha256sum f$((i % 50))) > /tmp/sum.$((i % 50))
    echo $i > /tmp/count
done
END
sh /tmp/write > /tmp/write.log 2>&1 &'
written() { guest_runs disk 20 'cat /tmp/count 2> /dev/null' | tail -n 1; }
goes_on() { [ "$(written)" -gt "$1" ] 2> /dev/null; }
for victim in hvblock hvblock hvdriverd hvblock both; do
    check "kill: the guest writes" wait_until 60 goes_on "$(($(written) + 3))"
    case $victim in
    both) kill -9 $(processes hvdriverd) $(processes hvblock) ;;
    *) kill -9 $(processes $victim) ;;
    esac
    [ $victim = hvblock ] || { sleep 1; quiet hvctl host start; }
    check "kill: the guest goes on after the end of $victim" wait_until 60 goes_on "$(($(written) + 3))"
done
guest_runs disk 60 'touch /tmp/stop; wait' > /dev/null
check "kill: no write failed" in_guest '[ ! -s /tmp/write.log ]'
check "kill: every file is as it was written" in_guest 'sync; umount /mnt; /usr/sbin/e2fsck -f -n /dev/xvdb && mount /dev/xvdb /mnt && cat /tmp/sum.* > /tmp/sums && cd /mnt && sha256sum -c /tmp/sums > /dev/null; e=$?; cd /; umount /mnt; [ $e = 0 ]'
check "detach after that" detach xvdb
end_guest disk
check "disk: no memory is lost" wait_until 20 memory_is "$memory_before"
