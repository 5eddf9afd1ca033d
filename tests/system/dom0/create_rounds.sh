# SPDX-License-Identifier: GPL-2.0-or-later
# Part of create.sh: guests made and destroyed 200 times, half of them before they run, without the loss of a page.
exact_pages() { hvctl info --json | awk -F '[:,]' '/"free_pages"/ { print $2 + 0 }'; }
pages_are() { [ "$(exact_pages)" = "$1" ]; }
rounds() { # COUNT: how many were made and ended
    made=0
    for round in $(seq $(($1 / 2))); do
        hvctl create -q /tmp/small.cfg vcpus=2 > /dev/null && hvctl destroy small && made=$((made + 1))
        hvctl create -q -p /tmp/small.cfg vcpus=2 > /dev/null && hvctl destroy small && made=$((made + 1))
    done
    echo $made
}
rounds 4 > /dev/null # what daemons, dom0's kernel and the hypervisor keep is there then
pages=$(exact_pages)
made=$(rounds 200)
if [ "$made" = 200 ]; then ok "200 rounds"; else not_ok "200 rounds: $made"; fi
check "200 rounds: no page is lost" wait_until 20 pages_are "$pages"
echo "# $pages pages before, $(exact_pages) afterwards"
