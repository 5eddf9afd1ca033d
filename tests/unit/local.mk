# SPDX-License-Identifier: GPL-2.0-or-later
#
# Unit tests of the pure parts: built for this machine with CUnit and sanitizers.  A test is two lines:
#
#   check_PROGRAMS += tests/unit/test_SUBJECT
#   tests_unit_test_SUBJECT_SOURCES = tests/unit/test_SUBJECT.c hypervisor/FOLDER/SUBJECT.c ...
#
# The flags are the defaults of this makefile (the hypervisor has its own), so tests share objects.

unit_sanitizers = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
AM_CPPFLAGS = -DHAVEN_HOSTED -iquote $(srcdir)/hypervisor -iquote hypervisor -iquote $(srcdir)/include \
	-iquote $(srcdir)/tests/unit
AM_CFLAGS = -std=gnu11 $(WARN_CFLAGS) $(unit_sanitizers)
AM_LDFLAGS = $(unit_sanitizers)
LDADD = -lcunit

check_PROGRAMS += tests/unit/test_event_channel
tests_unit_test_event_channel_SOURCES = tests/unit/test_event_channel.c hypervisor/event/channel.c

check_PROGRAMS += tests/unit/test_grant_entry
tests_unit_test_grant_entry_SOURCES = tests/unit/test_grant_entry.c hypervisor/grant/entry.c

check_PROGRAMS += tests/unit/test_insn_decode
tests_unit_test_insn_decode_SOURCES = tests/unit/test_insn_decode.c hypervisor/guest/pv/insn_decode.c

check_PROGRAMS += tests/unit/test_frame_words
tests_unit_test_frame_words_SOURCES = tests/unit/test_frame_words.c hypervisor/guest/pv/frame_words.c

check_PROGRAMS += tests/unit/test_acpi_parse
tests_unit_test_acpi_parse_SOURCES = tests/unit/test_acpi_parse.c hypervisor/platform/acpi_parse.c

check_PROGRAMS += tests/unit/test_console_ring
tests_unit_test_console_ring_SOURCES = tests/unit/test_console_ring.c hypervisor/platform/console_ring.c

check_PROGRAMS += tests/unit/test_virtual_ports
tests_unit_test_virtual_ports_SOURCES = tests/unit/test_virtual_ports.c hypervisor/platform/virtual_ports.c

check_PROGRAMS += tests/unit/test_cpu_policy
tests_unit_test_cpu_policy_SOURCES = tests/unit/test_cpu_policy.c hypervisor/guest/pv/cpu_policy.c

check_PROGRAMS += tests/unit/test_bits
tests_unit_test_bits_SOURCES = tests/unit/test_bits.c

check_PROGRAMS += tests/unit/test_buddy
tests_unit_test_buddy_SOURCES = tests/unit/test_buddy.c hypervisor/mm/buddy.c hypervisor/mm/frame.c hypervisor/mm/heap.c

check_PROGRAMS += tests/unit/test_format
tests_unit_test_format_SOURCES = tests/unit/test_format.c hypervisor/lib/format.c

check_PROGRAMS += tests/unit/test_memory_map
tests_unit_test_memory_map_SOURCES = tests/unit/test_memory_map.c hypervisor/mm/early.c hypervisor/mm/memory_map.c \
	hypervisor/lib/rangeset.c

check_PROGRAMS += tests/unit/test_option
tests_unit_test_option_SOURCES = tests/unit/test_option.c hypervisor/lib/option.c

check_PROGRAMS += tests/unit/test_rangeset
tests_unit_test_rangeset_SOURCES = tests/unit/test_rangeset.c hypervisor/lib/rangeset.c

check_PROGRAMS += tests/unit/test_sched_policy
tests_unit_test_sched_policy_SOURCES = tests/unit/test_sched_policy.c hypervisor/sched/policy.c

check_PROGRAMS += tests/unit/test_timer_heap
tests_unit_test_timer_heap_SOURCES = tests/unit/test_timer_heap.c hypervisor/time/timer_heap.c

check_PROGRAMS += tests/unit/test_clock_scale
tests_unit_test_clock_scale_SOURCES = tests/unit/test_clock_scale.c hypervisor/time/clock_scale.c hypervisor/time/calendar.c

page_type_sources = tests/unit/pv_memory.c tests/unit/pv_memory.h hypervisor/guest/pv/page_type.c \
	hypervisor/guest/pv/pte_check.c hypervisor/guest/pv/pte_reference.c hypervisor/guest/pv/pt_update.c \
	hypervisor/guest/pv/address_space.c hypervisor/guest/pv/grant_pte.c hypervisor/guest/pv/descriptor_check.c \
	hypervisor/mm/frame.c hypervisor/lib/rangeset.c

check_PROGRAMS += tests/unit/test_page_type
tests_unit_test_page_type_SOURCES = tests/unit/test_page_type.c $(page_type_sources)

check_PROGRAMS += tests/unit/test_page_type_random
tests_unit_test_page_type_random_SOURCES = tests/unit/test_page_type_random.c $(page_type_sources)

check_PROGRAMS += tests/unit/test_pte_check
tests_unit_test_pte_check_SOURCES = tests/unit/test_pte_check.c hypervisor/guest/pv/pte_check.c

check_PROGRAMS += tests/unit/test_descriptor_check
tests_unit_test_descriptor_check_SOURCES = tests/unit/test_descriptor_check.c hypervisor/guest/pv/descriptor_check.c

check_PROGRAMS += tests/unit/test_bzimage
tests_unit_test_bzimage_SOURCES = tests/unit/test_bzimage.c hypervisor/boot/bzimage.c

check_PROGRAMS += tests/unit/test_elf
tests_unit_test_elf_SOURCES = tests/unit/test_elf.c hypervisor/boot/elf.c hypervisor/boot/elf_notes.c

check_PROGRAMS += tests/unit/test_options
tests_unit_test_options_SOURCES = tests/unit/test_options.c hypervisor/boot/options.c hypervisor/lib/option.c \
	hypervisor/lib/string.c

check_PROGRAMS += tests/unit/test_dom0_layout
tests_unit_test_dom0_layout_SOURCES = tests/unit/test_dom0_layout.c hypervisor/boot/dom0_layout.c

check_PROGRAMS += tests/unit/test_unpack_xz
tests_unit_test_unpack_xz_SOURCES = tests/unit/test_unpack_xz.c hypervisor/boot/unpack_xz.c hypervisor/boot/bcj_x86.c
tests_unit_test_unpack_xz_LDADD = $(LDADD) -llzma

TESTS += $(check_PROGRAMS)

include tests/unit/store.mk
include tests/unit/tools.mk
include tests/unit/drivers.mk
