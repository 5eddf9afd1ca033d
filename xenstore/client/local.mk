# SPDX-License-Identifier: GPL-2.0-or-later
#
# The client library of the store: an archive that dom0's tools link, and a shared object with the name, version and
# symbols of Debian's libxenstore4.  It is installed beside nobody's files; programs that are to run with it instead of
# Debian's are started with LD_LIBRARY_PATH=$(pkglibdir).

xenstore_client_sources = \
	xenstore/client/connection.c \
	xenstore/client/domain.c \
	xenstore/client/event.c \
	xenstore/client/inbox.c \
	xenstore/client/node.c \
	xenstore/client/reply.c \
	xenstore/client/talk.c

xenstore_client_cppflags = -D_GNU_SOURCE -iquote $(srcdir)/xenstore
xenstore_client_cflags = -std=gnu11 -pthread $(WARN_CFLAGS)
xenstore_client_ldadd = xenstore/client/libxenstore.a -lxentoolcore

noinst_LIBRARIES += xenstore/client/libxenstore.a
xenstore_client_libxenstore_a_SOURCES = $(xenstore_client_sources)
xenstore_client_libxenstore_a_CPPFLAGS = $(xenstore_client_cppflags)
xenstore_client_libxenstore_a_CFLAGS = $(xenstore_client_cflags)

pkgsharedlibdir = $(pkglibdir)
pkgsharedlib_PROGRAMS = xenstore/client/libxenstore.so.4.0
xenstore_client_libxenstore_so_4_0_SOURCES = $(xenstore_client_sources)
xenstore_client_libxenstore_so_4_0_CPPFLAGS = $(xenstore_client_cppflags)
xenstore_client_libxenstore_so_4_0_CFLAGS = $(xenstore_client_cflags) -fPIC
xenstore_client_libxenstore_so_4_0_LDFLAGS = -shared -Wl,-soname,libxenstore.so.4 -Wl,-z,defs \
	-Wl,--version-script,$(srcdir)/xenstore/client/libxenstore.map
xenstore_client_libxenstore_so_4_0_LDADD = -lxentoolcore
xenstore_client_libxenstore_so_4_0_DEPENDENCIES = xenstore/client/libxenstore.map
EXTRA_DIST += xenstore/client/libxenstore.map

# The name that programs ask for; in the build folder too, so that LD_LIBRARY_PATH may point there.
noinst_DATA = xenstore/client/libxenstore.so.4
xenstore/client/libxenstore.so.4: xenstore/client/libxenstore.so.4.0
	ln -sf libxenstore.so.4.0 $@
CLEANFILES += xenstore/client/libxenstore.so.4

install-exec-hook: install-libxenstore-name
install-libxenstore-name: install-pkgsharedlibPROGRAMS
	ln -sf libxenstore.so.4.0 $(DESTDIR)$(pkgsharedlibdir)/libxenstore.so.4
uninstall-hook: uninstall-libxenstore-name
uninstall-libxenstore-name:
	rm -f $(DESTDIR)$(pkgsharedlibdir)/libxenstore.so.4
.PHONY: install-libxenstore-name uninstall-libxenstore-name
