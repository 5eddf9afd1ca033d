# SPDX-License-Identifier: GPL-2.0-or-later
#
# Back ends of split drivers: hvdriverd (manager/) and one program per kind of device.  They share an archive.

drivers_cppflags = $(tools_cppflags) -iquote $(srcdir)/pv-drivers -iquote $(srcdir)/include -DPKGLIBDIR='"$(pkglibdir)"'
drivers_ldadd = pv-drivers/libdrivers.a dom0-tools/libhv.a xenstore/client/libxenstore.a -lxengnttab -lxenevtchn -lxencall \
	-lxenforeignmemory -lxentoolcore

workerdir = $(pkglibdir)
worker_PROGRAMS =
noinst_LIBRARIES += pv-drivers/libdrivers.a
pv_drivers_libdrivers_a_SOURCES =
pv_drivers_libdrivers_a_CPPFLAGS = $(drivers_cppflags)
pv_drivers_libdrivers_a_CFLAGS = $(tools_cflags)

include pv-drivers/common/local.mk
include pv-drivers/manager/local.mk
include pv-drivers/block/local.mk
include pv-drivers/net/local.mk
