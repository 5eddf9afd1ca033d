# SPDX-License-Identifier: MIT
#
# For the top-level Makefile.am.  The guests are built by their own GNUmakefile (other flags, other linking, no libc),
# into tests/guests/ of the build tree.  `make guests` builds, `make check-guests` boots them on the built hypervisor.
GUESTS_MAKE = $(MAKE) -C $(srcdir)/tests/guests O=$(abs_builddir)/tests/guests CC="$(CC)"
EXTRA_DIST += tests/guests/README.md tests/guests/GNUmakefile tests/guests/run tests/guests/guests.conf

guests:
	$(GUESTS_MAKE)
check-guests: guests
	$(srcdir)/tests/guests/run --hv $(abs_builddir)/hypervisor/haven --guests $(abs_builddir)/tests/guests all
clean-guests:
	$(GUESTS_MAKE) clean
.PHONY: guests check-guests clean-guests
