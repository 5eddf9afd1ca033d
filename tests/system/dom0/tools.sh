# SPDX-License-Identifier: GPL-2.0-or-later
# hvctl's verbs and our daemons on the running hypervisor, with micro-guests that end as they are told.
# The kernel's argument haven.parts= says which of the files tools_PART.sh are gone through.
. /dom0/lib.sh

# config NAME ENDING AFTER-MS [LINE...]: a guest's configuration in /tmp/NAME.cfg
config() {
    {
        echo "name = \"$1\""
        echo "kernel = \"/guests/ending.elf\""
        echo "memory = 16"
        echo "cmdline = \"ending=$2 after=$3\""
        shift 3
        printf '%s\n' "$@"
    } > "/tmp/${1}.cfg"
}
create() { # NAME ENDING AFTER-MS [LINE...]
    config "$@" && hvctl create -q "/tmp/$1.cfg" > /dev/null
}
field() { # DOMAIN NUMBER: a column of its line in the list
    hvctl list "$1" 2> /dev/null | awk -v n="$2" 'NR == 2 { print $n }'
}
is() { [ "$1" = "$2" ] || { echo "# '$1' instead of '$2'"; return 1; }; }
status_is() { # STATUS COMMAND...
    want=$1
    shift
    "$@" > /tmp/out 2> /tmp/err
    is $? "$want"
}
gone() { ! hvctl domid "$1" > /dev/null 2>&1; }
free_pages() { hvctl info | awk '$1 == "free_memory" { print $3 }'; }
memory_is() { [ "$(free_pages)" = "$1" ]; }

# Guests that restart come again while the others are destroyed: until it stays so.
all_gone() {
    # shellcheck disable=SC2046 # words are meant
    hvctl destroy $(hvctl list | awk 'NR > 2 { print $2 }') 2> /dev/null
    sleep 1
    [ "$(hvctl list | wc -l)" = 2 ] && [ -z "$(hvstore list /haven/restart 2> /dev/null)" ]
}
host_starts() { hvctl host start > /tmp/host; }
check "host: status before" status_is 1 hvctl host status
check "host: start" host_starts
check "host: start is repeatable" status_is 0 hvctl host start
check "host: nothing is started twice" sh -c '! grep -q started /tmp/out'
check "host: status" status_is 0 hvctl host status
all_parts_are_well() { hvctl host status --json > /tmp/out && grep -q '"ok": true' /tmp/out && ! grep -q '"ok": false' /tmp/out; }
check "host: as JSON" all_parts_are_well
check "host: dom0 has a name" is "$(hvctl domname 0)" Domain-0

before=$(free_pages)

for part in $(argument parts | tr ',' ' '); do
    . "/dom0/tools_$part.sh"
done

check "everything can be destroyed" wait_until 60 all_gone
check "no memory is lost at last" wait_until 20 memory_is "$before"
hvctl host stop > /dev/null
check "host: stop" status_is 1 hvctl host status
