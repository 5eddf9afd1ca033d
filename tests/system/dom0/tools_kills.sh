# SPDX-License-Identifier: GPL-2.0-or-later
# Part of tools.sh: eight guests come, restart and go while daemons and hvctl itself are killed at random moments. In
# the end every guest that should be there is there once, the others are not, and no memory is lost.

random() { # LIMIT
    awk -v seed="$(od -A n -N 4 -t u4 /dev/urandom)" -v n="$1" 'BEGIN { srand(seed); print int(rand() * n) }'
}
kill_one() {
    case $(random 4) in
    0) victim=$(cat /run/haven/hvd.pid) ;;
    1) victim=$(cat /run/haven/hvconsoled.pid) ;;
    2) victim=$(cat /run/xenstored.pid) ;;
    3) victim=$(pidof hvctl | awk '{ print $1 }') ;;
    esac
    kill -9 $victim 2> /dev/null
    sleep "0.$(random 9)"
    hvctl host start > /dev/null 2>&1 # what was killed comes again
}
guest_is_whole() { # NAME: there once, by the hypervisor, by the store, and running or between two lives
    [ "$(hvctl list | awk -v n="$1" '$1 == n' | wc -l)" = 1 ]
}
guest_runs() { # NAME: its creation came to its end, which lets it run
    hvctl list 2> /dev/null | awk -v n="$1" '$1 == n && $5 !~ /p/ { found = 1 } END { exit !found }'
}

for n in 1 2 3 4 5 6 7 8; do
    config "k$n" reboot 3000 'on_reboot = "restart"'
    (
        # As a script would: try until it is there, and not only half, as what a killed hvctl began is taken back.
        for try in 1 2 3 4 5 6 7 8 9 10; do
            hvctl create -q "/tmp/k$n.cfg" > /dev/null 2>&1 && break
            guest_runs "k$n" && break
            sleep 1
        done
    ) &
    [ $n = 1 ] || [ $n = 2 ] || [ $n = 4 ] || continue
    kill_one
done
for round in 1 2 3 4 5 6; do
    kill_one
done
wait_until 60 sh -c '! pidof hvctl'
check "kills: the host is well again" hvctl host start
for n in 1 2 3 4 5 6 7 8; do
    check "kills: guest $n is there once" wait_until 60 guest_is_whole "k$n"
done
check "kills: no work is left half done" wait_until 60 sh -c '[ -z "$(hvstore list /haven/create 2> /dev/null)" ]'
ended() { # by name, so that those between two lives end, too
    hvctl destroy k1 k2 k3 k4 k5 k6 k7 k8 2> /dev/null
    all_gone
}
check "kills: all guests can be destroyed" wait_until 60 ended
store_is_clean() { [ -z "$(hvstore list /haven/domain 2> /dev/null)" ] && [ "$(hvstore list /local/domain)" = 0 ]; }
check "kills: the store is clean" wait_until 20 store_is_clean
