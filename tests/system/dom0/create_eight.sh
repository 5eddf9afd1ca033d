# SPDX-License-Identifier: GPL-2.0-or-later
# Part of create.sh: eight guests of one to four vCPUs at once, four of them stock ones; the kernel of one of these panics,
# is dumped, and restarts.
config_of() { # NUMBER
    echo "name = \"g$1\""
    echo "vcpus = $(($1 % 4 + 1))"
    if [ "$1" -le 4 ]; then
        cat << CONFIG
kernel = "/guests/vmlinuz"
ramdisk = "/guests/initramfs.gz"
extra = "console=hvc0 quiet $quick"
memory = 112
on_poweroff = "destroy"
on_crash = "coredump-restart"
CONFIG
    else
        printf '%s\n' 'kernel = "/guests/ending.elf"' 'memory = 16' 'cmdline = "ending=never after=0"'
    fi
}
starts() { grep -c 'the guest is up' "$log/$1.log"; }
up_again() { [ "$(starts g1)" = 2 ]; }
cores() { ls /var/lib/haven/dump/g1-*.core 2> /dev/null; }
has_section() { readelf -SW "$(cores)" | grep -q " $1 "; }
size_of() { stat -c %s "$(cores)"; }
stock="g1 g2 g3 g4" micro="g5 g6 g7 g8"

for guest in $stock $micro; do
    config_of "${guest#g}" > /tmp/$guest.cfg
    check "eight: create $guest" hvctl create -q /tmp/$guest.cfg
done
for guest in $stock; do
    check "eight: $guest is up" wait_until 400 seen $guest 'the guest is up'
    check "eight: $guest has its vCPUs" seen $guest "This is a guest.* $((${guest#g} % 4 + 1)) CPU(s)"
done
check "eight: all at once" [ "$(hvctl list | wc -l)" = 10 ]

echo 'echo c > /proc/sysrq-trigger' > "$(hvstore read "/local/domain/$(hvctl domid g1)/console/tty")"
check "core: the guest restarts" wait_until 400 up_again
check "core: it has panicked" seen g1 'sysrq triggered crash'
check "core: one file" [ "$(cores | wc -l)" = 1 ]
check "core: of all memory" [ "$(size_of)" -gt $((112 * 1024 * 1024)) ]
if command -v readelf > /dev/null; then
    readelf -h "$(cores)" > /tmp/elf 2>&1
    check "core: an ELF core of x86-64" sh -c 'grep -q "Type: *CORE" /tmp/elf && grep -q X86-64 /tmp/elf'
    for section in .note.Xen .xen_prstatus .xen_shared_info .xen_p2m .xen_pages; do
        check "core: it has $section" has_section $section
    done
    check "core: its notes are Xen's" sh -c "readelf -p .note.Xen '$(cores)' | grep -q '\]  *Xen *$'"
fi
rm -rf /var/lib/haven/dump
check "eight: shutdown of the stock ones" hvctl shutdown -w $stock
for guest in $micro; do
    check "eight: destroy $guest" hvctl destroy $guest
done
check "eight: nothing is left" nothing_left
