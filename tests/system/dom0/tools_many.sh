# SPDX-License-Identifier: GPL-2.0-or-later
# Part of tools.sh: eight guests of one to four vCPUs, of which some crash, fault without a handler, hang, or keep their
# vCPUs busy with events off, while the others and dom0 go on; and guests made and ended so many times (haven.rounds=)
# without the loss of a page.

crashed() { hvctl list "$1" | grep -q -- '---sc-'; }
bitten() { hvctl list bitten | grep -q -- "---s--"; }
busy_vcpus() { # NAME COUNT: so many have used the CPU
    [ "$(hvctl vcpu-list "$1" | awk 'NR > 1 && $6 > 0' | wc -l)" = "$2" ]
}
all_there() { [ "$(hvctl list | wc -l)" = 10 ]; }
restarted() { [ "$(hvctl domid again)" -gt "$1" ]; }

check "many: spins on 4 vCPUs" create spin4 spin 0 'vcpus = 4'
check "many: hangs on 2 vCPUs" create hang2 never 0 'vcpus = 2'
check "many: hangs" create hang never 0 'vcpus = 3'
check "many: crashes" create crashes crash 300 'vcpus = 1' 'on_crash = "preserve"'
check "many: faults" create faults fault 300 'vcpus = 4' 'on_crash = "preserve"'
check "many: bitten by its watchdog" create bitten watchdog 300 'vcpus = 2' 'on_watchdog = "preserve"'
check "many: restarts" create again reboot 1000 'vcpus = 3' 'on_reboot = "restart"'
first=$(hvctl domid again)
check "many: sleeps" create sleeps never 0 'vcpus = 1'
check "many: all vCPUs of a guest spin" wait_until 60 busy_vcpus spin4 4
check "many: a crash is one" wait_until 60 crashed crashes
check "many: a fault without a handler is a crash" wait_until 60 crashed faults
check "many: a bite of the watchdog" wait_until 60 bitten
check "many: a guest restarts beside them" wait_until 60 restarted "${first:-0}"
check "many: all eight are there" wait_until 30 all_there
check "many: the store answers" is "$(timeout 10 hvstore read "/local/domain/$(hvctl domid sleeps)/name")" sleeps
check "many: a spinning guest can be paused" hvctl pause spin4
check "many: and goes on" hvctl unpause spin4
check "many: all can be destroyed" wait_until 60 all_gone

# --- and many times
exact_pages() { hvctl info --json | awk -F '[:,]' '/"free_pages"/ { print $2 + 0 }'; }
pages_are() { [ "$(exact_pages)" = "$1" ]; }
made=0
rounds() { # COUNT
    for round in $(seq "$1"); do
        hvctl create -q $([ $((round % 2)) = 0 ] && echo -p) /tmp/sleeps.cfg > /dev/null && hvctl destroy sleeps &&
            made=$((made + 1))
    done
}
config sleeps never 0 'vcpus = 2'
rounds 4 # what daemons, dom0's kernel and the hypervisor keep is there then
wait_until 10 sh -c '[ "$(hvctl list | wc -l)" = 2 ]'
pages=$(exact_pages) made=0
rounds "$(argument rounds)"
check "many: guests made and destroyed" is $made "$(argument rounds)"
check "many: no page is lost" wait_until 20 pages_are "$pages"
echo "# $pages pages before, $(exact_pages) after $made guests"
