# SPDX-License-Identifier: GPL-2.0-or-later
#
# Unit tests of the tools of dom0.

tools_test_cppflags = $(AM_CPPFLAGS) -D_GNU_SOURCE -iquote $(srcdir)/dom0-tools

check_PROGRAMS += tests/unit/test_config
tests_unit_test_config_SOURCES = tests/unit/test_config.c $(config_sources)
tests_unit_test_config_CPPFLAGS = $(tools_test_cppflags)

check_PROGRAMS += tests/unit/test_guest_config
tests_unit_test_guest_config_SOURCES = tests/unit/test_guest_config.c $(config_sources)
tests_unit_test_guest_config_CPPFLAGS = $(tools_test_cppflags)

check_PROGRAMS += tests/unit/test_device_specs
tests_unit_test_device_specs_SOURCES = tests/unit/test_device_specs.c $(config_sources)
tests_unit_test_device_specs_CPPFLAGS = $(tools_test_cppflags)

check_PROGRAMS += tests/unit/test_devices
tests_unit_test_devices_SOURCES = tests/unit/test_devices.c tests/unit/store_in_process.h dom0-tools/devices/attach.c \
	dom0-tools/devices/device_list.c dom0-tools/devices/device_nodes.c dom0-tools/devices/device_ref.c \
	dom0-tools/devices/device_wait.c dom0-tools/devices/stored_devices.c dom0-tools/guest/stored_config.c \
	dom0-tools/libhv/failure.c dom0-tools/libhv/store.c $(config_sources)
tests_unit_test_devices_CPPFLAGS = $(tools_test_cppflags) -D__XEN_TOOLS__ -iquote $(srcdir)
tests_unit_test_devices_LDADD = $(store_core_ldadd)

check_PROGRAMS += tests/unit/test_steps
tests_unit_test_steps_SOURCES = tests/unit/test_steps.c dom0-tools/guest/steps.c dom0-tools/libhv/failure.c
tests_unit_test_steps_CPPFLAGS = $(tools_test_cppflags)

check_PROGRAMS += tests/unit/test_memory_plan
tests_unit_test_memory_plan_SOURCES = tests/unit/test_memory_plan.c dom0-tools/config/memory_from.c \
	dom0-tools/guest/balloon_progress.c dom0-tools/guest/memory_plan.c
tests_unit_test_memory_plan_CPPFLAGS = $(tools_test_cppflags)

check_PROGRAMS += tests/unit/test_unpack
tests_unit_test_unpack_SOURCES = tests/unit/test_unpack.c dom0-tools/build/page_ops.c dom0-tools/build/unpack_here.c
tests_unit_test_unpack_CPPFLAGS = $(tools_test_cppflags)
tests_unit_test_unpack_LDADD = $(LDADD) -llzma -lz -llz4 -lzstd

# Without the sanitizers: their library makes system calls that the sandbox forbids.
check_PROGRAMS += tests/unit/test_sandbox
tests_unit_test_sandbox_SOURCES = tests/unit/test_sandbox.c dom0-tools/build/sandbox.c dom0-tools/build/unpack.c \
	dom0-tools/build/unpack_here.c dom0-tools/libhv/failure.c
tests_unit_test_sandbox_CPPFLAGS = $(tools_test_cppflags)
tests_unit_test_sandbox_CFLAGS = $(tools_cflags)
tests_unit_test_sandbox_LDFLAGS =
tests_unit_test_sandbox_LDADD = $(LDADD) -llzma -lz -llz4 -lzstd

check_PROGRAMS += tests/unit/test_json
tests_unit_test_json_SOURCES = tests/unit/test_json.c dom0-tools/libhv/json.c
tests_unit_test_json_CPPFLAGS = $(tools_test_cppflags)

check_PROGRAMS += tests/unit/test_hvctl_formats
tests_unit_test_hvctl_formats_SOURCES = tests/unit/test_hvctl_formats.c dom0-tools/hvctl/domain_life.c \
	dom0-tools/hvctl/list_format.c dom0-tools/hvctl/size_parse.c
tests_unit_test_hvctl_formats_CPPFLAGS = $(tools_test_cppflags) -D__XEN_TOOLS__

check_PROGRAMS += tests/unit/test_hvd_policy
tests_unit_test_hvd_policy_SOURCES = tests/unit/test_hvd_policy.c dom0-tools/hvd/policy.c
tests_unit_test_hvd_policy_CPPFLAGS = $(tools_test_cppflags)

EXTRA_DIST += tests/tools/completion.sh tests/tools/units.sh tests/tools/manual.sh tests/tools/unikernel_doc.sh tests/tools/format.sh
TESTS += tests/tools/completion.sh tests/tools/units.sh tests/tools/manual.sh tests/tools/unikernel_doc.sh tests/tools/format.sh

check_PROGRAMS += tests/unit/test_hvconsoled
tests_unit_test_hvconsoled_SOURCES = tests/unit/test_hvconsoled.c dom0-tools/hvconsoled/backlog.c \
	dom0-tools/hvconsoled/log_file.c dom0-tools/hvconsoled/log_format.c dom0-tools/hvconsoled/ring.c \
	dom0-tools/hvctl/console_log.c
tests_unit_test_hvconsoled_CPPFLAGS = $(tools_test_cppflags)

check_PROGRAMS += tests/unit/test_kernel_image
tests_unit_test_kernel_image_SOURCES = tests/unit/test_kernel_image.c dom0-tools/build/image.c \
	dom0-tools/build/kernel_cache.c dom0-tools/build/page_ops.c dom0-tools/build/sandbox.c \
	dom0-tools/build/unpack.c dom0-tools/build/unpack_here.c dom0-tools/libhv/failure.c \
	hypervisor/boot/bzimage.c hypervisor/boot/elf.c hypervisor/boot/elf_notes.c
tests_unit_test_kernel_image_CPPFLAGS = $(tools_test_cppflags)
tests_unit_test_kernel_image_CFLAGS = $(tools_cflags)
tests_unit_test_kernel_image_LDFLAGS =
tests_unit_test_kernel_image_LDADD = $(LDADD) -llzma -lz -llz4 -lzstd

check_PROGRAMS += tests/unit/test_raw_terminal
tests_unit_test_raw_terminal_SOURCES = tests/unit/test_raw_terminal.c dom0-tools/hvctl/raw_terminal.c
tests_unit_test_raw_terminal_CPPFLAGS = $(tools_test_cppflags)
