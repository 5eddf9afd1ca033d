# SPDX-License-Identifier: GPL-2.0-or-later
# Something will end this from outside.
echo "dom0 waits"
sleep 300
