# SPDX-License-Identifier: GPL-2.0-or-later
# The benchmark of creating guests, in dom0: the same with hvctl over our daemons and with xl over Debian's.
tool=$(sed -n 's/.*haven\.tool=\([^ ]*\).*/\1/p' /proc/cmdline)
export PATH=$PATH:/usr/lib/xen-4.17/bin
mkdir -p /var
ln -s /run /var/run
mkdir -p /run/xen /run/xenstored /var/lib/xen /var/lib/xenstored /var/log/xen /var/lock
case $tool in
hvctl)
    hvctl host start > /dev/null
    log=/var/log/haven/console/guest.log ;;
xl)
    xenstored --pid-file /run/xenstored.pid
    until [ -S /run/xenstored/socket ]; do sleep 0.1; done
    xen-init-dom0 > /dev/null
    xenconsoled --log=guest --log-dir=/var/log/xen --pid-file=/run/xenconsoled.pid
    log=/var/log/xen/guest-guest.log ;;
esac

config() { # NAME KERNEL MIB
    printf 'name="%s"\nkernel="%s"\nmemory=%s\non_poweroff="destroy"\ntsc_mode="native"\n' "$1" "$2" "$3" > "/tmp/$1.cfg"
}
guest() { # KERNEL
    config guest "$1" 128
    echo 'ramdisk="/guests/initramfs.gz"' >> /tmp/guest.cfg
    echo 'extra="console=hvc0 quiet"' >> /tmp/guest.cfg
}
create() { # LABEL: until the first instruction; then it is let go without having run
    sleep 0.5
    span "create, $1" $tool create -p -q /tmp/guest.cfg
    sleep 0.5
}
destroy() {
    $tool destroy guest
}

guest /guests/vmlinux
create "warming up" && destroy
create "ELF"
span "from there to user space" sh -c "$tool unpause guest; until grep -q 'the guest is up' $log; do sleep 0.01; done"
sleep 0.5
span "destroy, while it runs" $tool destroy guest
guest /guests/vmlinuz
create "bzImage (xz), first time" && destroy
create "bzImage (xz), again"
span "list, 2 domains" $tool list > /tmp/list
cat /tmp/list | grep ^SPAN
destroy
guest /guests/vmlinux
running=0
for wanted in 1 10 50; do
    while [ $running -lt $wanted ]; do
        running=$((running + 1))
        config "small$running" /guests/ending.elf 8
        echo 'cmdline="ending=never after=0"' >> "/tmp/small$running.cfg"
        $tool create -q "/tmp/small$running.cfg" > /dev/null || echo "FAILED small$running"
    done
    create "ELF, $wanted micro-guests running" && destroy
    span "list, $((wanted + 1)) domains" $tool list > /tmp/list
    grep ^SPAN /tmp/list
done
