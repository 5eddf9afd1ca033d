# SPDX-License-Identifier: GPL-2.0-or-later
# Part of tools.sh: each verb of hvctl, and what the list, the store or the hypervisor shows afterwards.
check "create" create one never 0 "maxvcpus = 2" "vcpus = 1"
check "list: memory" is "$(field one 3)" 16
check "list: vCPUs" is "$(field one 4)" 1
check "list: all" is "$(hvctl list | wc -l)" 3
check "list: who is not there" status_is 1 hvctl list nobody
check "list: as JSON" sh -c 'hvctl list --json one | grep -q "\"name\": \"one\""'
check "list: everything" sh -c 'hvctl list -l one | grep -q "\"kernel\": \"/guests/ending.elf\""'
check "domid and domname" is "$(hvctl domname "$(hvctl domid one)")" one
check "uuid" is "$(hvctl uuid one)" "$(hvctl list -v one | awk 'NR == 2 { print $7 }')"
check "vm-list" sh -c 'hvctl vm-list | grep -q "one *$"'
check "pause" hvctl pause one
check "pause shows" sh -c "[ \"\$(hvctl list one | awk 'NR == 2 { print substr(\$5, 3, 1) }')\" = p ]"
check "unpause" hvctl unpause one
check "unpause shows" sh -c "[ \"\$(hvctl list one | awk 'NR == 2 { print substr(\$5, 3, 1) }')\" = - ]"
check "vcpu-list" is "$(hvctl vcpu-list one | wc -l)" 3
check "vcpu-pin" hvctl vcpu-pin one 0 0 all
[ "$(nproc)" = 1 ] && pinned=all || pinned=0
check "vcpu-pin shows" sh -c "hvctl vcpu-list one | grep -q ' $pinned / all$'"
check "vcpu-pin: all vCPUs" hvctl vcpu-pin one all all
check "vcpu-pin: a CPU that is not there" status_is 1 hvctl vcpu-pin one 0 77
check "vcpu-set" hvctl vcpu-set --ignore-host one 2
check "vcpu-set asks the guest" is "$(hvstore read "/local/domain/$(hvctl domid one)/cpu/1/availability")" online
check "vcpu-set: too many" status_is 1 hvctl vcpu-set one 9
check "mem-set" hvctl mem-set --no-wait one 12
check "mem-set asks the guest" is "$(hvstore read "/local/domain/$(hvctl domid one)/memory/target")" 12288
check "mem-set: too much" status_is 1 hvctl mem-set one 999
check "mem-max" hvctl mem-max one 32m
check "mem-set: up to the new maximum" hvctl mem-set -n one 32
check "sched: set" hvctl sched -d one -w 512 -c 50
check "sched: show" is "$(hvctl sched -d one | awk 'NR == 2 { print $3, $4 }')" "512 50"
check "sched: a weight that is none" status_is 2 hvctl sched -d one -w 0
check "rename" hvctl rename one two
check "rename: the old name is free" gone one
check "rename: a name that is taken" status_is 1 hvctl rename two Domain-0
check "uptime" sh -c 'hvctl uptime two | grep -q "two .* 0:0"'
check "top" sh -c 'hvctl top -b -n 2 -d 0.1 | grep -c "^ *two " | grep -qx 2'
check "sysrq" hvctl sysrq two h
check "shutdown: a guest that does not listen" status_is 1 hvctl shutdown -t 1 two
check "destroy" hvctl destroy two
check "destroy: gone" gone two
check "no memory is lost" wait_until 10 memory_is "$before"

# --- the store dies
kill -9 "$(cat /run/xenstored.pid)"
host_starts &
check "a command waits for a store that is started again" is "$(hvctl domname 0)" Domain-0
wait $!
