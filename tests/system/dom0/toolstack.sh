# SPDX-License-Identifier: GPL-2.0-or-later
# For scripts in dom0 that create guests with either toolstack and either half of the drivers.  Both toolstacks take
# the same configurations and verbs.
#
#     start_toolstack hvctl|xl      its daemons; sets $tool and $console_logs
#     start_drivers ours|linux      who serves devices; sets $drivers; for xl ours serve the nodes of Linux's drivers
#     config NAME LINE...           a guest's configuration in /tmp/NAME.cfg
#     disk_of IMAGE VDEV MODE       a disk's specification for the drivers in use
#     vif_of BRIDGE MAC             a vif's
#     guest_runs NAME SECONDS COMMAND   types a command at the guest's console, prints its output, returns its status

export PATH=$PATH:/usr/lib/xen-4.17/bin
start_toolstack() {
    tool=$1
    mkdir -p /var /run/lock
    [ -e /var/run ] || ln -s /run /var/run
    [ -e /var/lock ] || ln -s /run/lock /var/lock
    mkdir -p /run/xen /run/xenstored /run/xen-hotplug /var/lib/xen /var/lib/xenstored /var/log/xen
    case $tool in
    hvctl)
        console_logs=/var/log/haven/console
        hvctl host start > /tmp/host ;;
    xl)
        console_logs=/var/log/xen
        xenstored --pid-file /run/xenstored.pid
        toolstack_left=100
        until [ -S /run/xenstored/socket ]; do
            sleep 0.1
            toolstack_left=$((toolstack_left - 1))
            [ $toolstack_left -gt 0 ] || return 1
        done
        xen-init-dom0 > /dev/null
        xenconsoled --log=guest --log-dir=/var/log/xen --pid-file=/run/xenconsoled.pid ;;
    esac
}

start_drivers() {
    drivers=$1
    case $tool-$drivers in
    *-linux)
        modprobe xen-blkback && modprobe xen-netback && modprobe loop ;;
    xl-ours)
        mkdir -p /run/haven /var/log/haven
        hvdriverd --serve vbd,vif ;;
    esac
}

# console_log NAME
console_log() {
    case $tool in
    hvctl) echo "$console_logs/$1.log" ;;
    xl) echo "$console_logs/guest-$1.log" ;;
    esac
}
log_has() { grep -q "$2" "$(console_log "$1")" 2> /dev/null; }

config() { # NAME LINE...
    config_name=$1
    shift
    {
        printf 'name = "%s"\n' "$config_name"
        printf '%s\n' 'on_poweroff = "destroy"' 'on_crash = "destroy"' "$@"
    } > "/tmp/$config_name.cfg"
}

disk_of() { # IMAGE VDEV MODE: what xl and Linux's driver take is a block device
    case $tool-$drivers in
    hvctl-linux) echo "backendtype=phy,format=raw,vdev=$2,access=$3,target=$1" ;;
    *) echo "format=raw,vdev=$2,access=$3,target=$1" ;;
    esac
}

vif_of() { # BRIDGE MAC
    case $tool-$drivers in
    hvctl-linux) echo "bridge=$1,mac=$2,backendtype=linux" ;;
    *) echo "bridge=$1,mac=$2" ;;
    esac
}

guest_runs() { # NAME SECONDS COMMAND
    case $tool in
    hvctl) guest-runs "$1" "$2" "$3" ;;
    xl) guest-runs "$1" "$2" "$3" "$(console_log "$1")" ;;
    esac
}
