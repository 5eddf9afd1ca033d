#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The example in docs/unikernel.md must be the guest that is built and run: tests/guests/unikernel.c below its story.
top=${srcdir:-.}
example=$(sed -n '/^```c$/,/^```$/{/^```/d;p}' "$top/docs/unikernel.md")
guest=$(sed -n '/^#include "front\/block.h"/,$p' "$top/tests/guests/unikernel.c")
[ -n "$guest" ] && [ "$example" = "$guest" ] && exit 0
echo "docs/unikernel.md does not show tests/guests/unikernel.c" >&2
exit 1
