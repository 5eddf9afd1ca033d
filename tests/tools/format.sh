#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# All sources are as clang-format of Debian 12 writes them; other versions differ in details, and are not asked.
: "${srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}"
clang-format --version 2> /dev/null | grep -q 'version 14\.' || { echo "no clang-format 14"; exit 77; }
cd "$srcdir" || exit 1
find dom0-tools hypervisor include pv-drivers tests xenstore -name '*.[ch]' -exec clang-format --dry-run -Werror {} +
