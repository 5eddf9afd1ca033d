# SPDX-License-Identifier: GPL-2.0-or-later
#
# Manual pages are written for scdoc: who owns a page adds `man_MANS += docs/man/NAME.SECTION`, its source is
# docs/man/NAME.SECTION.scd, whose first line scdoc wants to be the title. (EXTRA_DIST has all of docs.)

CLEANFILES += $(man_MANS)

docs/man/%: docs/man/%.scd
	$(AM_V_GEN)$(MKDIR_P) docs/man && $(SCDOC) < $< > $@.new && mv $@.new $@
