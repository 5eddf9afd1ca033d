# SPDX-License-Identifier: GPL-2.0-or-later
# One of three servers, by haven.store=, with three kinds of clients, over the socket and over the kernel's device.
. /dom0/lib.sh

kind=$(argument store)
mkdir -p /run/xenstored /var/lib/xenstored /var/log/xen /theirs /ours
[ -e /var/run ] || ln -s /run /var/run
for name in chmod exists list ls read rm watch write; do
    ln -s /usr/bin/xenstore /theirs/xenstore-$name
    ln -s /usr/sbin/hvstore /ours/xenstore-$name
done

start() {
    case $kind in
    haven) /usr/sbin/xenstored -N > /tmp/log 2>&1 & ;;
    xenstored) /usr/lib/xen-4.17/bin/xenstored -N > /tmp/log 2>&1 & ;;
    oxenstored) /usr/lib/xen-4.17/bin/oxenstored --no-fork > /tmp/log 2>&1 & ;;
    esac
    server=$!
}

# client KIND COMMAND...
client() {
    client_kind=$1
    shift
    case $client_kind in
    theirs) PATH=/theirs:$PATH "$@" ;;
    library) PATH=/theirs:$PATH LD_LIBRARY_PATH=/usr/lib/haven "$@" ;;
    ours) PATH=/ours:$PATH "$@" ;;
    esac
}

# What one client says when it does all this; the store is then as it was.
story() {
    xenstore-write /t/a 1 '/t/b/c\x01' bad || echo "exit $?"
    xenstore-write /t/a 1 /t/b/c 'two\x02' /t/long "$(printf '%01500d' 7)"
    xenstore-read -p /t/a /t/b/c
    xenstore-read /t/none || echo "exit $?"
    xenstore-chmod /t/b b0 r1 w2
    xenstore-ls -p /t
    xenstore-ls -f /t | wc -c
    xenstore-list -p /t
    xenstore-exists /t/a /t/none || echo "exit $?"
    pairs=
    for i in $(seq 60); do pairs="$pairs /t/many/a-name-of-some-length-$i $i"; done
    # shellcheck disable=SC2086 # words are meant
    xenstore-write $pairs
    xenstore-list /t/many | md5sum
    xenstore-ls /t/many | wc -l
    xenstore-watch -n 3 /t/a > /tmp/watched &
    watcher=$!
    wait_until 20 grep -q . /tmp/watched
    xenstore-write /t/a 2
    xenstore-write /t/a/below 3
    wait $watcher
    cat /tmp/watched
    xenstore-rm -t /t/a/below
    xenstore-rm /t
    xenstore-exists /t || echo "exit $?"
}

tell() { # WAY CLIENT
    case $1 in
    socket) unset XENSTORED_PATH ;;
    device) export XENSTORED_PATH=/dev/xen/xenbus ;;
    esac
    { cat /dom0/lib.sh; sed -n '/^story() {/,/^}/p' /dom0/store.sh; echo story; } > /tmp/story.sh
    client "$2" sh /tmp/story.sh > "/tmp/$1-$2" 2>&1
    unset XENSTORED_PATH
}

same() {
    cmp -s "$1" "$2" && return
    diff "$1" "$2" | head -20
    return 1
}

start
check "the server comes up" wait_until 60 test -S /run/xenstored/socket
check "the kernel has the store" wait_until 20 test -c /dev/xen/xenbus
for way in socket device; do
    for who in theirs library ours; do
        tell $way $who
    done
done
cat /tmp/socket-theirs
check "the story has all its lines" sh -c '[ "$(wc -l < /tmp/socket-theirs)" -gt 20 ]'
check "our library says what theirs says" same /tmp/socket-theirs /tmp/socket-library
check "hvstore says what their programs say" same /tmp/socket-theirs /tmp/socket-ours
check "their programs through the kernel" same /tmp/socket-theirs /tmp/device-theirs
check "our library through the kernel" same /tmp/socket-theirs /tmp/device-library
check "hvstore through the kernel" same /tmp/socket-theirs /tmp/device-ours

if [ "$kind" = haven ]; then
    hvstore write /kept/node value
    hvstore chmod /kept/node n0 r5
    XENSTORED_PATH=/dev/xen/xenbus hvstore watch -n 2 /kept > /tmp/watched &
    watcher=$!
    check "a watch through the kernel" wait_until 20 grep -q . /tmp/watched
    kill -9 $server
    wait $server
    start
    check "a killed server comes back" wait_until 60 sh -c 'hvstore exists /kept'
    check "with its nodes" sh -c '[ "$(hvstore ls -fp /kept)" = "/kept/node = \"value\"   (n0,r5)" ]'
    hvstore write /kept/again 2
    check "with the domain's watch" wait_until 20 grep -q /kept/again /tmp/watched
    wait $watcher
    check "with the domain's ring" sh -c '[ "$(XENSTORED_PATH=/dev/xen/xenbus hvstore read /kept/again)" = 2 ]'
    hvstore --json read /kept/node | tr -d '\n ' > /tmp/json
    check "JSON" grep -qxF '[{"path":"/kept/node","value":"value"}]' /tmp/json
fi
