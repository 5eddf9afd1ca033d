# SPDX-License-Identifier: GPL-2.0-or-later
dom0_tools_libhv_a_SOURCES += \
	dom0-tools/guest/balloon.c \
	dom0-tools/guest/balloon_progress.c \
	dom0-tools/guest/core_dump.c \
	dom0-tools/guest/create.c \
	dom0-tools/guest/destroy.c \
	dom0-tools/guest/memory_events.c \
	dom0-tools/guest/memory_plan.c \
	dom0-tools/guest/memory_state.c \
	dom0-tools/guest/name_claim.c \
	dom0-tools/guest/page_map.c \
	dom0-tools/guest/room.c \
	dom0-tools/guest/steps.c \
	dom0-tools/guest/store_nodes.c \
	dom0-tools/guest/stored_config.c
