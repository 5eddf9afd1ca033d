# SPDX-License-Identifier: GPL-2.0-or-later
hypervisor_haven_SOURCES += \
	hypervisor/guest/clock.c \
	hypervisor/guest/info_pages.c
