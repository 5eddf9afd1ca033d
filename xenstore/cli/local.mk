# SPDX-License-Identifier: GPL-2.0-or-later
#
# The store from the command line: one program, /usr/sbin/hvstore, and links to it under the names of Debian's
# xenstore-utils in $(pkglibdir)/bin, which may be put before others in PATH.

sbin_PROGRAMS += xenstore/cli/hvstore
xenstore_cli_hvstore_SOURCES = \
	xenstore/cli/control.c \
	xenstore/cli/ls.c \
	xenstore/cli/main.c \
	xenstore/cli/nodes.c \
	xenstore/cli/value.c \
	xenstore/cli/watch.c
xenstore_cli_hvstore_CPPFLAGS = $(tools_cppflags) -iquote $(srcdir)/xenstore
xenstore_cli_hvstore_CFLAGS = $(tools_cflags)
xenstore_cli_hvstore_LDFLAGS =
xenstore_cli_hvstore_LDADD = dom0-tools/libhv.a $(xenstore_client_ldadd)

xenstore_names = xenstore xenstore-chmod xenstore-control xenstore-exists xenstore-list xenstore-ls xenstore-read \
	xenstore-rm xenstore-watch xenstore-write

install-exec-hook: install-xenstore-names
install-xenstore-names: install-sbinPROGRAMS
	$(MKDIR_P) $(DESTDIR)$(pkglibdir)/bin
	cd $(DESTDIR)$(pkglibdir)/bin && for name in $(xenstore_names); do ln -sf $(sbindir)/hvstore $$name; done
uninstall-hook: uninstall-xenstore-names
uninstall-xenstore-names:
	cd $(DESTDIR)$(pkglibdir)/bin && rm -f $(xenstore_names)
.PHONY: install-xenstore-names uninstall-xenstore-names

man_MANS += docs/man/hvstore.8
