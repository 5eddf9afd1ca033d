# SPDX-License-Identifier: GPL-2.0-or-later
#
# The hypervisor: a freestanding ELF64, linked at a fixed address and loaded flat by its multiboot header.  Folders add
# their sources to hypervisor_haven_SOURCES in their own local.mk.

boot_PROGRAMS += hypervisor/haven

# Code never uses FPU or vector registers, so they always hold the guest's state; interrupts arrive on the current
# stack, which forbids a red zone; frame pointers carry back traces.  Position-independent code reaches everything
# relative to RIP, which is what makes the small model work at an address outside the low and the top 2 GiB.
hypervisor_flags = \
	-ffreestanding -fpie -mcmodel=small -fvisibility=hidden -mno-red-zone -mgeneral-regs-only \
	-fno-stack-protector -fno-strict-aliasing -fno-omit-frame-pointer -fno-common \
	-fno-asynchronous-unwind-tables -fno-unwind-tables -fcf-protection=none -fmacro-prefix-map=$(srcdir)/=
hypervisor_includes = -iquote $(srcdir)/hypervisor -iquote hypervisor -iquote $(srcdir)/include

hypervisor_haven_SOURCES =
# The public headers' newest interface, control structures included.
hypervisor_haven_CPPFLAGS = $(hypervisor_includes) -D__XEN_TOOLS__ $(DEBUG_CPPFLAGS)
# Functions in tables have parameters that some do not need: those go without a name, as C23 allows.
hypervisor_haven_CFLAGS = -std=gnu11 $(hypervisor_flags) -include $(srcdir)/hypervisor/lib/visibility.h $(WARN_CFLAGS) \
	-Wno-c2x-extensions
hypervisor_haven_CCASFLAGS = -Wa,--noexecstack
hypervisor_haven_LDADD = $(DECOMPRESSORS)
hypervisor_haven_LINK = \
	NM="$(NM)" AWK="$(AWK)" READELF="$(READELF)" $(SHELL) $(srcdir)/hypervisor/link.sh $@ hypervisor/haven.lds \
	"$(CC) $(hypervisor_flags)" --
# Other flags make other objects.
$(hypervisor_haven_OBJECTS): $(srcdir)/hypervisor/local.mk $(srcdir)/hypervisor/lib/visibility.h
EXTRA_hypervisor_haven_DEPENDENCIES = hypervisor/haven.lds $(srcdir)/hypervisor/link.sh \
	$(srcdir)/hypervisor/init-refs.awk $(srcdir)/hypervisor/symbols.awk

hypervisor/haven.lds: $(srcdir)/hypervisor/haven.lds.S
	$(AM_V_GEN)$(MKDIR_P) hypervisor && $(CPP) -P -undef -D__ASSEMBLY__ $(hypervisor_includes) -o $@ $(srcdir)/hypervisor/haven.lds.S

# Offsets of structure members for assembly: a C file whose assembler output carries lines "->NAME VALUE".  It depends on
# all headers: assembly with a stale offset builds without complaint, and fails in strange ways.
hypervisor_headers = $(filter-out %/asm_offsets.h, \
	$(wildcard $(srcdir)/hypervisor/*/*.h $(srcdir)/hypervisor/guest/pv/*.h))
hypervisor/entry/asm_offsets.h: $(srcdir)/hypervisor/entry/asm_offsets.c $(hypervisor_headers)
	$(AM_V_GEN)$(MKDIR_P) hypervisor/entry && \
	$(CC) $(DEFS) $(hypervisor_haven_CPPFLAGS) $(CPPFLAGS) $(hypervisor_haven_CFLAGS) $(CFLAGS) \
	    -S -o $@.s $(srcdir)/hypervisor/entry/asm_offsets.c && \
	sed -n -e 's|^.*"->\([A-Za-z0-9_]*\) [$$]*\(-*[0-9]*\)".*$$|#define \1 \2|p' $@.s > $@.new && \
	rm -f $@.s && mv $@.new $@

BUILT_SOURCES += hypervisor/entry/asm_offsets.h
CLEANFILES += hypervisor/haven.lds hypervisor/entry/asm_offsets.h \
	hypervisor/haven.pass1 hypervisor/haven.symbols.c hypervisor/haven.symbols.o
EXTRA_DIST += hypervisor/haven.lds.S hypervisor/link.sh hypervisor/init-refs.awk hypervisor/symbols.awk \
	hypervisor/layers.txt \
	hypervisor/check-layers hypervisor/entry/asm_offsets.c

# Whether each folder includes only what stands below it.
TESTS += hypervisor/check-layers

include hypervisor/boot/local.mk
include hypervisor/entry/local.mk
include hypervisor/hypercall/local.mk
include hypervisor/lifecycle/local.mk
include hypervisor/guest/local.mk
include hypervisor/guest/pv/local.mk
include hypervisor/event/local.mk
include hypervisor/grant/local.mk
include hypervisor/sched/local.mk
include hypervisor/domain/local.mk
include hypervisor/irq/local.mk
include hypervisor/time/local.mk
include hypervisor/platform/local.mk
include hypervisor/mm/local.mk
include hypervisor/cpu/local.mk
include hypervisor/lib/local.mk
