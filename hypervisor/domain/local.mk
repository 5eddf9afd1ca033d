# SPDX-License-Identifier: GPL-2.0-or-later
hypervisor_haven_SOURCES += \
	hypervisor/domain/domain.c \
	hypervisor/domain/pause.c
