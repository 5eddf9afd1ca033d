# SPDX-License-Identifier: GPL-2.0-or-later
. /dom0/lib.sh
ok "dom0 is up and powers off"
