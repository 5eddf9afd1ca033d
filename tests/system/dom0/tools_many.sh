# SPDX-License-Identifier: GPL-2.0-or-later
# Part of tools.sh: eight guests of one to four vCPUs, of which some crash, fault without a handler, hang, or keep their
# vCPUs busy with events off, while the others and dom0 go on. The one that spins comes last, as it makes all slow.

crashed() { hvctl list "$1" | grep -q -- '---sc-'; }
bitten() { hvctl list bitten | grep -q -- "---s--"; }
busy_vcpus() { # NAME COUNT: so many have used the CPU
    [ "$(hvctl vcpu-list "$1" | awk 'NR > 1 && $6 > 0' | wc -l)" = "$2" ]
}
all_there() { [ "$(hvctl list | wc -l)" = 10 ]; }
restarted() { [ "$(hvctl domid again)" -gt "$1" ]; }

check "many: restarts" create again reboot 3000 'vcpus = 3' 'on_reboot = "restart"'
first=$(hvctl domid again)
config again never 0 'vcpus = 3' # its next life does not end
check "many: has another configuration next time" hvctl config-update again /tmp/again.cfg
check "many: hangs on 2 vCPUs" create hang2 never 0 'vcpus = 2'
check "many: hangs" create hang never 0 'vcpus = 3'
check "many: crashes" create crashes crash 300 'vcpus = 1' 'on_crash = "preserve"'
check "many: faults" create faults fault 300 'vcpus = 4' 'on_crash = "preserve"'
check "many: bitten by its watchdog" create bitten watchdog 300 'vcpus = 2' 'on_watchdog = "preserve"'
check "many: sleeps" create sleeps never 0 'vcpus = 1'
check "many: spins on 4 vCPUs" create spin4 spin 0 'vcpus = 4'
check "many: all vCPUs of a guest spin" wait_until 60 busy_vcpus spin4 4
# A cap holds from now on, also for those that run alone on their CPUs, which no event interrupts.
cpu_time() { hvctl list spin4 --json | sed -n 's/.*"cpu_seconds": \([0-9.]*\).*/\1/p'; }
check "many: a cap" hvctl sched -d spin4 -c 20
spent=$(cpu_time) began=$(cut -d ' ' -f 1 /proc/uptime)
sleep 2
spent=$(echo "$spent $(cpu_time) $began $(cut -d ' ' -f 1 /proc/uptime)" | awk '{ print int(100 * ($2 - $1) / ($4 - $3)) }')
check "many: it holds ($spent%)" test "$spent" -lt 60
check "many: a crash is one" wait_until 60 crashed crashes
check "many: a fault without a handler is a crash" wait_until 60 crashed faults
check "many: a bite of the watchdog" wait_until 60 bitten
check "many: a guest restarts beside them" wait_until 120 restarted "${first:-0}"
check "many: all eight are there" wait_until 60 all_there
check "many: the store answers" is "$(timeout 60 hvstore read "/local/domain/$(hvctl domid sleeps)/name")" sleeps
check "many: a spinning guest can be paused" hvctl pause spin4
check "many: and goes on" hvctl unpause spin4
check "many: it can be destroyed" hvctl destroy spin4
check "many: all can be destroyed" wait_until 60 all_gone
