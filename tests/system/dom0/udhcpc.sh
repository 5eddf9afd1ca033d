#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
[ "$1" = bound ] && ip addr add "$ip/${mask:-24}" dev "$interface"
exit 0
