# SPDX-License-Identifier: GPL-2.0-or-later
#
# What uses it links with -lmnl.
dom0_tools_libhv_a_SOURCES += \
	dom0-tools/network/addresses.c \
	dom0-tools/network/bridge_nic.c \
	dom0-tools/network/links.c \
	dom0-tools/network/nat.c \
	dom0-tools/network/netlink.c \
	dom0-tools/network/run_program.c \
	dom0-tools/network/subnet.c
