# SPDX-License-Identifier: GPL-2.0-or-later
#
# Unit tests of the store.

# The server's core.
check_LIBRARIES = tests/unit/libstore.a
tests_unit_libstore_a_SOURCES = $(store_core_sources)
tests_unit_libstore_a_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE -D__XEN_TOOLS__ -iquote $(srcdir)
store_core_cppflags = $(tests_unit_libstore_a_CPPFLAGS)
store_core_ldadd = tests/unit/libstore.a $(LDADD)

check_PROGRAMS += tests/unit/test_store_wire
tests_unit_test_store_wire_SOURCES = tests/unit/test_store_wire.c tests/unit/store_client.h
tests_unit_test_store_wire_CPPFLAGS = $(store_core_cppflags)
tests_unit_test_store_wire_LDADD = $(store_core_ldadd)

check_PROGRAMS += tests/unit/test_store_requests
tests_unit_test_store_requests_SOURCES = tests/unit/test_store_requests.c
tests_unit_test_store_requests_CPPFLAGS = $(store_core_cppflags)
tests_unit_test_store_requests_LDADD = $(store_core_ldadd)

check_PROGRAMS += tests/unit/test_store_transactions
tests_unit_test_store_transactions_SOURCES = tests/unit/test_store_transactions.c
tests_unit_test_store_transactions_CPPFLAGS = $(store_core_cppflags)
tests_unit_test_store_transactions_LDADD = $(store_core_ldadd)

check_PROGRAMS += tests/unit/test_store_hostile
tests_unit_test_store_hostile_SOURCES = tests/unit/test_store_hostile.c
tests_unit_test_store_hostile_CPPFLAGS = $(store_core_cppflags)
tests_unit_test_store_hostile_LDADD = $(store_core_ldadd)

check_PROGRAMS += tests/unit/test_store_ring
tests_unit_test_store_ring_SOURCES = tests/unit/test_store_ring.c
tests_unit_test_store_ring_CPPFLAGS = $(store_core_cppflags)
tests_unit_test_store_ring_LDADD = $(store_core_ldadd)

check_PROGRAMS += tests/unit/test_store_pace
tests_unit_test_store_pace_SOURCES = tests/unit/test_store_pace.c xenstore/pace.c
tests_unit_test_store_pace_CPPFLAGS = $(store_core_cppflags)

check_PROGRAMS += tests/unit/test_store_domains
tests_unit_test_store_domains_SOURCES = tests/unit/test_store_domains.c tests/unit/fake_door.c tests/unit/fake_door.h \
	xenstore/domains.c xenstore/domains_record.c xenstore/recovery.c
tests_unit_test_store_domains_CPPFLAGS = $(store_core_cppflags)
tests_unit_test_store_domains_LDADD = $(store_core_ldadd)

check_PROGRAMS += tests/unit/test_store_journal
tests_unit_test_store_journal_SOURCES = tests/unit/test_store_journal.c
tests_unit_test_store_journal_CPPFLAGS = $(store_core_cppflags)
tests_unit_test_store_journal_LDADD = $(store_core_ldadd)

check_PROGRAMS += tests/unit/test_store_schedule
tests_unit_test_store_schedule_SOURCES = tests/unit/test_store_schedule.c
tests_unit_test_store_schedule_CPPFLAGS = $(store_core_cppflags)
tests_unit_test_store_schedule_LDADD = $(store_core_ldadd)

# The server itself, killed at random.
TESTS += tests/store/kill.py
EXTRA_DIST += tests/store/kill.py

# The client library and the command line.
store_client_cppflags = $(AM_CPPFLAGS) -D_GNU_SOURCE -iquote $(srcdir)/xenstore

check_PROGRAMS += tests/unit/test_store_reply
tests_unit_test_store_reply_SOURCES = tests/unit/test_store_reply.c xenstore/client/inbox.c xenstore/client/reply.c
tests_unit_test_store_reply_CPPFLAGS = $(store_client_cppflags)

check_PROGRAMS += tests/unit/test_store_client
tests_unit_test_store_client_SOURCES = tests/unit/test_store_client.c $(xenstore_client_sources) \
	dom0-tools/libhv/store.c
tests_unit_test_store_client_CPPFLAGS = $(store_client_cppflags) -iquote $(srcdir)/dom0-tools
tests_unit_test_store_client_LDADD = $(LDADD) -lxentoolcore

check_PROGRAMS += tests/unit/test_store_value
tests_unit_test_store_value_SOURCES = tests/unit/test_store_value.c xenstore/cli/value.c
tests_unit_test_store_value_CPPFLAGS = $(store_client_cppflags)

# Our server, library and programs against Debian's.
TESTS += tests/store/interop.py
EXTRA_DIST += tests/store/fake_xen.c tests/store/interop.py
