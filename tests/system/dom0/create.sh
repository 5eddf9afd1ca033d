# SPDX-License-Identifier: GPL-2.0-or-later
# hvctl create from end to end: whole guests, and (haven.parts=failures) creates that must leave nothing behind, or
# (haven.parts=more) what else can be done with a guest, and other kernels.
. /dom0/lib.sh
parts=$(argument parts)

log=/var/log/haven/console
steps="files name domain limits claim memory channels contents tables vcpu store introduce devices start finish"

cat > /tmp/small.cfg << CONFIG
name = "small"
kernel = "/guests/ending.elf"
memory = 16
cmdline = "ending=never after=0"
CONFIG
cat > /tmp/debian.cfg << CONFIG
name = "debian"
kernel = "/guests/vmlinuz"
ramdisk = "/guests/initramfs.gz"
extra = "console=hvc0 quiet"
memory = 128
vcpus = 2
on_poweroff = "destroy"
CONFIG
cat > /tmp/grub.cfg << CONFIG
name = "grub"
kernel = "/guests/pvgrub"
memory = 64
CONFIG

# all that a create could leave behind: memory, domains, nodes, devices
state() {
    hvctl info | grep '^free_memory'
    hvctl list | awk 'NR > 1 { print $1, $2 }'
    hvstore ls / > /tmp/nodes
    grep -E '/(vm|libxl|haven|local)/' /tmp/nodes | grep -vE '^/local/domain/0/|^/(vm|libxl|haven)(/create|/domain)? = ""'
    grep -E '^/local/domain/0/backend/.*/[0-9]' /tmp/nodes
    cat /sys/block/loop*/loop/backing_file 2> /dev/null
    ls /sys/class/net | grep -E '^(vif|tap)'
    ls /run/haven/devices 2> /dev/null
    cat /proc/[0-9]*/comm 2> /dev/null | grep -E '^hv(block|net)'
}
as_before() {
    state > /tmp/now
    cmp -s /tmp/before /tmp/now
}
nothing_left() {
    wait_until 20 as_before && return
    diff /tmp/before /tmp/now | sed 's/^/# /'
    return 1
}
refused() { # CASE TEXT ARGUMENTS...: create fails with a message that has TEXT, and leaves nothing
    refused_case=$1 refused_text=$2
    shift 2
    hvctl create "$@" > /tmp/out 2> /tmp/err
    refused_status=$?
    if [ $refused_status -ne 1 ]; then
        not_ok "$refused_case: status $refused_status"
    elif ! grep -q "$refused_text" /tmp/err; then
        not_ok "$refused_case: said $(head -n 1 /tmp/err)"
    else
        check "$refused_case" nothing_left
    fi
}
seen() { grep -q "$2" "$log/$1.log"; }

check "host: start" hvctl host start
state > /tmp/before

if [ "$parts" = failures ]; then
    . /dom0/create_failures.sh
    . /dom0/create_devices.sh
    . /dom0/create_rounds.sh
fi

# --- whole guests
check "create, paused" hvctl create -q -p /tmp/small.cfg
refused_twice() {
    hvctl create -q /tmp/small.cfg 2> /tmp/err > /tmp/out && return 1
    grep -q 'already' /tmp/err && return
    sed 's/^/# /' /tmp/err
    return 1
}
check "the same name again" refused_twice
check "config-update" hvctl config-update small /tmp/small.cfg memory=24
check "config-update: the store has it" sh -c 'hvstore ls /haven | grep -q "memory = 24"'
check "destroy" hvctl destroy small
check "nothing is left of it" nothing_left

if [ "$parts" = failures ]; then
    . /dom0/create_eight.sh
    exit 0
fi
check "Debian: create" hvctl create -q /tmp/debian.cfg
check "Debian: up" wait_until 300 seen debian 'the guest is up'
grep 'This is a guest' "$log/debian.log" | sed 's/^/# /'
check "Debian: dump-core" sh -c 'hvctl dump-core debian - | dd bs=64 count=1 2> /dev/null | grep -q ELF'
check "Debian: dump-core into a file" hvctl dump-core debian /tmp/core
check "Debian: dump-core's size" [ "$(stat -c %s /tmp/core)" -gt $((128 * 1024 * 1024)) ]
rm -f /tmp/core
check "Debian: shutdown" hvctl shutdown -w debian
check "Debian: nothing is left" nothing_left
check "Debian: again, from the cache" hvctl create -q /tmp/debian.cfg 'extra="console=hvc0 quiet panic=1"'
check "Debian: destroy while it boots" hvctl destroy debian
check "Debian: nothing is left then" nothing_left

if [ -e /guests/pvgrub ]; then
    check "pvgrub: create" hvctl create -q /tmp/grub.cfg
    check "pvgrub: its prompt" wait_until 120 seen grub 'grub>'
    check "pvgrub: destroy" hvctl destroy grub
    check "pvgrub: nothing is left" nothing_left
fi
