# SPDX-License-Identifier: GPL-2.0-or-later
# Part of drivers.sh: disks of a stock Debian guest on our block back end.
#
# The guest's root is one disk, the others come and go while it runs. Each section has a disk of its own name, and ends
# with its first failure: what follows would write into a file of the guest's /dev where the disk should be.
section() { section=$1; }
step() { # CASE COMMAND...
    [ -n "$section" ] || return 1
    step_case=$1
    shift
    if "$@"; then
        ok "$section: $step_case"
    else
        not_ok "$section: $step_case: failed: $*"
        hvdriverd --status | sed 's/^/# /'
        section=
        return 1
    fi
}
attach() { # IMAGE VDEV [MODE]
    quiet $tool block-attach disk "$(disk_of "$1" "$2" "${3:-w}")" && guest_has "$2"
}
detach() { # VDEV
    quiet $tool block-detach disk "$1"
}
# Waits in the guest, as each command from here takes its time.
guest_waits() { # CONDITION
    guest_runs disk 90 "(i=0; until $1; do i=\$((i + 1)); [ \$i -lt 300 ] || exit 1; sleep 0.2; done)"
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

memory_before=$(free_memory)
boot_guest disk $disks/big.img 10.0.0.2
domid=$($tool domid disk)

# --- what fio wrote it reads again, and the image has what the guest sees
section data
truncate -s 16M $disks/data.img
step "attach" attach $disks/data.img xvdb
step "fio verifies blocks of 512 bytes to 1 MiB" in_guest 'fio --filename=/dev/xvdb --direct=1 --ioengine=libaio \
    --iodepth=16 --rw=randwrite --verify=crc32c --verify_fatal=1 --do_verify=1 --size=16M --thread --output=/tmp/fio \
    --name=a --stonewall --bs=512 --io_size=128k --name=b --stonewall --bs=4k --io_size=2M \
    --name=c --stonewall --bs=64k --io_size=8M --name=d --stonewall --bs=1M --io_size=16M --iodepth=4 \
    --name=e --stonewall --bsrange=512-256k --bs_unaligned=0 --io_size=8M --rw=randrw && ! grep -q "err= *[1-9]" /tmp/fio'
step "the image has the same" is "$(guest_sum xvdb)" "$(sum_of $disks/data.img)"
step "discard takes the blocks away" in_guest 'blkdiscard /dev/xvdb && cmp -n 16777216 /dev/xvdb /dev/zero'
step "the image is sparse then" [ "$(du -k $disks/data.img | cut -f 1)" -lt 1024 ]
step "resize" quiet hvctl block-resize disk xvdb 24M
step "the end is writable, and no more" in_guest \
    'i=0; until [ "$(cat /sys/block/xvdb/size)" = 49152 ] || [ $i = 100 ]; do i=$((i + 1)); sleep 0.2; done
    dd if=/dev/urandom of=/dev/xvdb bs=1M seek=23 count=1 oflag=direct 2> /dev/null && ! dd if=/dev/zero of=/dev/xvdb bs=512 seek=49152 count=1 oflag=direct 2> /dev/null'
step "a second writer is refused" fails hvctl block-attach disk "$(disk_of $disks/data.img xvdc w)"
step "and told why" grep -qiE 'lock|in use|already' /tmp/out
step "nothing is left of it" no_device disk vbd 51744
step "detach" detach xvdb
step "gone in the guest" guest_waits '[ ! -b /dev/xvdb ]'

# --- a read-only disk, at the name that just became free
section read-only
head -c 1000000 /dev/urandom > $disks/data.img
truncate -s 16M $disks/data.img
step "attach" attach $disks/data.img xvdb r
step "the guest knows, and cannot write" in_guest \
    '[ "$(cat /sys/block/xvdb/ro)" = 1 ] && ! dd if=/dev/zero of=/dev/xvdb bs=4k count=1 conv=fsync 2> /dev/null'
step "can be read" is "$(guest_sum xvdb)" "$(sum_of $disks/data.img)"
step "detach" detach xvdb

# --- another format, through an NBD server
section qcow2
if command -v qemu-img > /dev/null; then
    quiet qemu-img create -f qcow2 $disks/data.qcow2 16M
    step "attach" quiet $tool block-attach disk "format=qcow2,vdev=xvdd,access=w,target=$disks/data.qcow2"
    step "there" guest_has xvdd
    step "written" in_guest 'dd if=/dev/urandom of=/dev/xvdd bs=256k count=20 seek=8 conv=fsync 2> /dev/null'
    [ -z "$section" ] || qcow_sum=$(guest_sum xvdd)
    step "detach" detach xvdd
    unlocked() { quiet qemu-img convert -O raw $disks/data.qcow2 $disks/converted.img; }
    step "released" wait_until 20 unlocked
    step "the image has it" is "$(sum_of $disks/converted.img)" "$qcow_sum"
    rm -f $disks/converted.img
fi

# --- a block device with bad sectors; the others can be used (newer kernels name it as its folder)
section errors
if modprobe null_blk nr_devices=0 && mount -t configfs configfs /sys/kernel/config && mkdir /sys/kernel/config/nullb/nullbad; then
    bad=/sys/kernel/config/nullb/nullbad
    echo 16 > $bad/size
    echo 512 > $bad/blocksize
    echo 1 > $bad/memory_backed
    echo +2048-2055 > $bad/badblocks
    echo 1 > $bad/power
    nullb=/dev/$(ls /sys/block | grep nullb | head -n 1)
    step "attach" attach "$nullb" xvdf
    step "a bad sector is one for the guest" not_in_guest 'dd if=/dev/xvdf of=/dev/null bs=4k skip=256 count=1 iflag=direct'
    step "also when written" not_in_guest 'dd if=/dev/zero of=/dev/xvdf bs=4k seek=256 count=1 oflag=direct'
    step "the others are good" in_guest \
        'dd if=/dev/xvdf of=/dev/null bs=4k count=256 iflag=direct && dd if=/dev/zero of=/dev/xvdf bs=4k seek=257 count=8 oflag=direct'
    step "detach" detach xvdf
    rmdir $bad
fi

# --- attached and detached again and again
section hot
truncate -s 8M $disks/hot.img
files_of_manager() { ls "/proc/$(processes hvdriverd | head -n 1)/fd" | wc -l; }
hot_nodes="/local/domain/$domid/device/vbd/51776/state /local/domain/0/backend/haven-vbd/$domid/51776/state"
hot_is_connected() { [ "$(hvstore read $hot_nodes 2> /dev/null | tr '\n' ' ')" = "4 4 " ]; }
files_before=$(files_of_manager)
# Meanwhile an NBD server that says nothing is waited for: that is nobody else's business.
ip link set lo up
sleep 600 | nc -l -p 10809 > /dev/null 2>&1 &
hvctl block-attach disk "format=nbd,vdev=xvdh,access=w,target=nbd://127.0.0.1" > /tmp/silent 2>&1 &
silent=$!
rounds=0
while [ $rounds -lt 20 ] && quiet $tool block-attach disk "$(disk_of $disks/hot.img xvde w)" &&
    wait_until 30 hot_is_connected && detach xvde; do
    rounds=$((rounds + 1))
done
step "20 rounds" is $rounds 20
wait $silent
step "a silent server kept nobody waiting" grep -q 'did not answer within 20 s' /tmp/silent
step "no file stays open" is "$(files_of_manager)" "$files_before"

# --- in use, and the back end killed while ext4 writes
section busy
step "attach" attach $disks/data.img xvdg w
step "mkfs, mount" in_guest '/usr/sbin/mke2fs -q -F -t ext4 /dev/xvdg && mount /dev/xvdg /mnt && echo there > /mnt/file && sync'
# A guest may refuse; Linux since 5.15 does not, and gives up what uses the disk.
if $tool block-detach disk xvdg > /tmp/out 2>&1; then
    step "detached under a mounted file system, which the guest survives" in_guest \
        'echo > /mnt/lost 2> /dev/null; sync; umount /mnt; [ ! -b /dev/xvdg ]'
    step "attach after that" attach $disks/data.img xvdg w
    step "what was synchronised is there" in_guest \
        '/usr/sbin/e2fsck -p -f /dev/xvdg > /dev/null; [ $? -le 1 ] && mount /dev/xvdg /mnt && [ "$(cat /mnt/file)" = there ]'
else
    step "the refusal is told" grep -q "the guest refuses" /tmp/out
    step "and the disk is still good" in_guest 'echo here > /mnt/file && sync && [ "$(cat /mnt/file)" = here ]'
fi
in_guest 'cat > /tmp/write << "END"
i=0
while [ ! -e /tmp/stop ]; do
    i=$((i + 1))
    dd if=/dev/urandom of=/mnt/f$((i % 30)) bs=32k count=$((i % 7 + 1)) conv=fsync 2> /tmp/dd || echo "FAILED $i: $(cat /tmp/dd)"
    (cd /mnt; sha256sum f$((i % 30))) > /tmp/sum.$((i % 30))
    echo $i > /tmp/count
done
END
cat > /tmp/goes_on << "END"
c=$(cat /tmp/count 2> /dev/null) i=0
until [ "$(cat /tmp/count 2> /dev/null)" -gt $((c + 3)) ]; do i=$((i + 1)); [ $i -lt 300 ] || exit 1; sleep 0.2; done 2> /dev/null
END
[ ! -b /dev/xvdg ] || sh /tmp/write > /tmp/write.log 2>&1 &'
step "the guest writes" in_guest 'sh /tmp/goes_on'
for victim in hvblock hvdriverd hvblock both; do
    [ -n "$section" ] || break
    case $victim in
    both) kill -9 $(processes hvdriverd) $(processes hvblock) ;;
    *) kill -9 $(processes $victim) ;;
    esac
    [ $victim = hvblock ] || quiet hvctl host start
    step "the guest goes on after a kill of $victim" in_guest 'sh /tmp/goes_on'
done
step "no write failed" in_guest 'touch /tmp/stop; wait; [ ! -s /tmp/write.log ]'
step "every file is as it was written" in_guest 'sync; umount /mnt; /usr/sbin/e2fsck -f -n /dev/xvdg && mount /dev/xvdg /mnt && cat /tmp/sum.* > /tmp/sums && cd /mnt && sha256sum -c /tmp/sums > /dev/null; e=$?; cd /; umount /mnt; [ $e = 0 ]'
step "detach after that" detach xvdg
end_guest disk
check "disk: no memory is lost" wait_until 20 memory_is "$memory_before"
