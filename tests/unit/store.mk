# SPDX-License-Identifier: GPL-2.0-or-later
#
# Unit tests of the store.

# The client library and the command line.
store_client_cppflags = $(AM_CPPFLAGS) -D_GNU_SOURCE -iquote $(srcdir)/xenstore

check_PROGRAMS += tests/unit/test_store_reply
tests_unit_test_store_reply_SOURCES = tests/unit/test_store_reply.c xenstore/client/inbox.c xenstore/client/reply.c
tests_unit_test_store_reply_CPPFLAGS = $(store_client_cppflags)

check_PROGRAMS += tests/unit/test_store_client
tests_unit_test_store_client_SOURCES = tests/unit/test_store_client.c $(xenstore_client_sources)
tests_unit_test_store_client_CPPFLAGS = $(store_client_cppflags)
tests_unit_test_store_client_LDADD = $(LDADD) -lxentoolcore

check_PROGRAMS += tests/unit/test_store_value
tests_unit_test_store_value_SOURCES = tests/unit/test_store_value.c xenstore/cli/value.c
tests_unit_test_store_value_CPPFLAGS = $(store_client_cppflags)

# Our server, library and programs against Debian's.
TESTS += tests/store/interop.py
EXTRA_DIST += tests/store/fake_xen.c tests/store/interop.py
