# SPDX-License-Identifier: GPL-2.0-or-later
#
# Units and tmpfiles.d of the daemons.  The units name programs by the folder they are installed in.

systemdunitdir = $(prefix)/lib/systemd/system
tmpfilesdir = $(prefix)/lib/tmpfiles.d
units_plain = dom0-tools/systemd/haven.target dom0-tools/systemd/proc-xen.mount
units_made = \
	dom0-tools/systemd/haven-consoled.service \
	dom0-tools/systemd/haven-dom0.service \
	dom0-tools/systemd/haven-driverd.service \
	dom0-tools/systemd/haven-xenstored.service \
	dom0-tools/systemd/hvd.service

dist_systemdunit_DATA = $(units_plain)
nodist_systemdunit_DATA = $(units_made)
dist_tmpfiles_DATA = dom0-tools/systemd/haven.conf
EXTRA_DIST += $(units_made:=.in)
CLEANFILES += $(units_made)

$(units_made): dom0-tools/systemd/%: dom0-tools/systemd/%.in Makefile
	$(AM_V_GEN)$(MKDIR_P) dom0-tools/systemd && \
	sed 's|@sbindir[@]|$(sbindir)|g; s|@pkglibdir[@]|$(pkglibdir)|g' < $< > $@.new && mv $@.new $@
