# SPDX-License-Identifier: GPL-2.0-or-later
#
# Unit tests of the split drivers: rings, requests, states.

drivers_test_cppflags = $(AM_CPPFLAGS) -D_GNU_SOURCE -iquote $(srcdir)/pv-drivers -iquote $(srcdir)/include -iquote $(srcdir)/dom0-tools
