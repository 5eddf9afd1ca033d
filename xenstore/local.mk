# SPDX-License-Identifier: GPL-2.0-or-later
#
# The store: the server in this folder, its client library and the command line in folders of their own.
# The server's core (store_core_sources) is pure: the tests and the fuzz targets build it for themselves.

store_core_sources = \
	xenstore/children.c \
	xenstore/connection.c \
	xenstore/journal.c \
	xenstore/log.c \
	xenstore/memory.c \
	xenstore/path.c \
	xenstore/perms.c \
	xenstore/quota.c \
	xenstore/request.c \
	xenstore/request_control.c \
	xenstore/request_domain.c \
	xenstore/request_node.c \
	xenstore/request_watch.c \
	xenstore/ring.c \
	xenstore/schedule.c \
	xenstore/store.c \
	xenstore/transaction.c \
	xenstore/tree.c \
	xenstore/watch.c \
	xenstore/wire.c

# Not in sbin, where Debian's package of Xen has a program of that name.
storedir = $(pkglibdir)
store_PROGRAMS = xenstore/xenstored
xenstore_xenstored_SOURCES = \
	$(store_core_sources) \
	xenstore/domain_door.c \
	xenstore/domains.c \
	xenstore/domains_record.c \
	xenstore/main.c \
	xenstore/options.c \
	xenstore/pace.c \
	xenstore/recovery.c \
	xenstore/socket.c \
	dom0-tools/libhv/hypervisor.c
xenstore_xenstored_CPPFLAGS = -D_GNU_SOURCE -D__XEN_TOOLS__ -iquote $(srcdir) -iquote $(srcdir)/dom0-tools
xenstore_xenstored_CFLAGS = -std=gnu11 $(WARN_CFLAGS)
xenstore_xenstored_LDFLAGS =
xenstore_xenstored_LDADD = -lxengnttab -lxenforeignmemory -lxenevtchn -lxencall

man_MANS += docs/man/xenstored.8

include xenstore/client/local.mk
include xenstore/cli/local.mk
