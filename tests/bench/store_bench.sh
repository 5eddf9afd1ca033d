# SPDX-License-Identifier: GPL-2.0-or-later
# The store's benchmark in dom0: starts the server that the kernel's command line names and measures it.
kind=$(sed -n 's/.*haven\.store=\([^ ]*\).*/\1/p' /proc/cmdline)
mkdir -p /run/xenstored /var/lib/xenstored /var/log/xen
ln -s /run /var/run
case $kind in
haven) /usr/sbin/xenstored --no-fork > /tmp/log 2>&1 & ;;
xenstored) /usr/lib/xen-4.17/bin/xenstored -N > /tmp/log 2>&1 & ;;
oxenstored) /usr/lib/xen-4.17/bin/oxenstored --no-fork > /tmp/log 2>&1 & ;;
esac
server=$!
left=100
until [ -S /run/xenstored/socket ] || [ $left = 0 ]; do
    sleep 0.1
    left=$((left - 1))
done
/usr/bin/store_bench /run/xenstored/socket $server || cat /tmp/log
