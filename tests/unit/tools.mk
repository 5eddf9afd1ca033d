# SPDX-License-Identifier: GPL-2.0-or-later
#
# Unit tests of the tools of dom0.

tools_test_cppflags = $(AM_CPPFLAGS) -D_GNU_SOURCE -iquote $(srcdir)/dom0-tools

check_PROGRAMS += tests/unit/test_config
tests_unit_test_config_SOURCES = tests/unit/test_config.c $(config_sources)
tests_unit_test_config_CPPFLAGS = $(tools_test_cppflags)

check_PROGRAMS += tests/unit/test_guest_config
tests_unit_test_guest_config_SOURCES = tests/unit/test_guest_config.c $(config_sources)
tests_unit_test_guest_config_CPPFLAGS = $(tools_test_cppflags)
