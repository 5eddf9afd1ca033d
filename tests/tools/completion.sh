#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What bash completion offers for hvctl, with the real program's help and a made-up list of domains.
set -u
: "${srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}"
hvctl=${HVCTL:-$PWD/dom0-tools/hvctl/hvctl}
failed=0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat > "$work/hvctl" << SCRIPT
#!/bin/bash
case "\$*" in
"list --json")
    cat << LIST
[
  {
    "domid": 0,
    "name": "Domain-0",
    "uuid": "00000000-0000-0000-0000-000000000000"
  },
  {
    "domid": 3,
    "name": "web",
    "uuid": "00000000-0000-0000-0000-000000000003"
  },
  {
    "domid": 12,
    "name": "mail",
    "uuid": "00000000-0000-0000-0000-000000000012"
  }
]
LIST
    ;;
"block-list --json web")
    printf '[\n  {\n    "domid": 3,\n    "device": 51712,\n    "vdev": "xvda",\n    "x": 1\n  },\n  {\n    "vdev": "xvdb",\n    "x": 1\n  }\n]\n'
    ;;
"network-list --json web")
    printf '[\n  {\n    "domid": 3,\n    "devid": 0,\n    "mac": "00:16:3e:00:00:01",\n    "x": 1\n  }\n]\n'
    ;;
*) exec "$hvctl" "\$@" ;;
esac
SCRIPT
chmod +x "$work/hvctl"
PATH=$work:$PATH
# shellcheck disable=SC1091
. "$srcdir/dom0-tools/completion/hvctl"

complete_line() { # WORD...: what is offered for the last one
    COMP_WORDS=("$@")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    COMPREPLY=()
    _hvctl
    printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' ' | sed 's/ $//'
}

expect() { # OFFER WORD...
    local want=$1 got
    shift
    got=$(complete_line "$@")
    if [ "$got" = "$want" ]; then
        echo "pass $*"
    else
        echo "FAIL $*: '$got' instead of '$want'"
        failed=1
    fi
}

expect "vcpu-list vcpu-pin vcpu-set" hvctl vcpu
expect "pause" hvctl pau
expect "--json" hvctl --js
expect "Domain-0 mail web" hvctl list ""
expect "web" hvctl shutdown w
expect "mail web" hvctl destroy ""
expect "mail web" hvctl shutdown -w ""
expect "Domain-0 mail web" hvctl pause ""
expect "" hvctl pause web ""
expect "0 12 3" hvctl domname ""
expect "init nmi power reset sleep" hvctl trigger web ""
expect "start status stop" hvctl host s
expect "hvconsoled hvd hvdriverd" hvctl host --only hv
expect "--wait" hvctl shutdown --w
expect "Domain-0 mail web" hvctl sched -d ""
expect "" hvctl sched -w ""
expect "pause" hvctl help pause
expect "block-attach block-detach block-list block-resize" hvctl block
expect "mail web" hvctl block-list ""
expect "mail web" hvctl network-detach ""
expect "xvda xvdb" hvctl block-detach web ""
expect "xvdb" hvctl block-detach --force web xvdb
expect "xvda xvdb" hvctl block-resize web xv
expect "" hvctl block-resize web xvda ""
expect "0" hvctl network-detach web ""
expect "plan" hvctl mem ""
expect "none" hvctl mem-min web ""
expect "Domain-0" hvctl mem-set -n D
expect "bridge=" hvctl network-attach web br
expect "vdev=" hvctl block-attach web v
cd "$work" && touch guest.cfg
expect "guest.cfg" hvctl create g
expect "guest.cfg" hvctl mem plan g
[ "$(hvctl help 2> /dev/null | grep -c '^  ')" -gt 20 ] || { echo "FAIL: hvctl help lists too little"; failed=1; }
exit $failed
