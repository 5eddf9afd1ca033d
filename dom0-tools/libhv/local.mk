# SPDX-License-Identifier: GPL-2.0-or-later
dom0_tools_libhv_a_SOURCES += \
	dom0-tools/libhv/domain.c \
	dom0-tools/libhv/failure.c \
	dom0-tools/libhv/hypervisor.c \
	dom0-tools/libhv/json.c \
	dom0-tools/libhv/store.c
