# SPDX-License-Identifier: GPL-2.0-or-later
#
# dom0's tools: ordinary programs, installed in /usr/sbin.  What they share is in one archive; each folder lists its part.

tools_cppflags = -D_GNU_SOURCE -D__XEN_TOOLS__ -DHAVEN_HOSTED -iquote $(srcdir)/dom0-tools -iquote $(srcdir)/include \
	-iquote $(srcdir)/hypervisor
tools_cflags = -std=gnu11 $(WARN_CFLAGS)
tools_ldadd = dom0-tools/libhv.a xenstore/client/libxenstore.a -lxenforeignmemory -lxenevtchn -lxencall -lxentoolcore \
	-llzma -lz -llz4 -lzstd

noinst_LIBRARIES += dom0-tools/libhv.a
dom0_tools_libhv_a_SOURCES =
dom0_tools_libhv_a_CPPFLAGS = $(tools_cppflags)
dom0_tools_libhv_a_CFLAGS = $(tools_cflags)

include dom0-tools/libhv/local.mk
include dom0-tools/config/local.mk
include dom0-tools/build/local.mk
include dom0-tools/guest/local.mk
include dom0-tools/devices/local.mk
include dom0-tools/network/local.mk
include dom0-tools/hvctl/local.mk
include dom0-tools/hvd/local.mk
include dom0-tools/hvconsoled/local.mk
include dom0-tools/systemd/local.mk
include dom0-tools/completion/local.mk
