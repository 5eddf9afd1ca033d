# SPDX-License-Identifier: GPL-2.0-or-later
hypervisor_haven_SOURCES += \
	hypervisor/time/calendar.c \
	hypervisor/time/calibrate.c \
	hypervisor/time/clock.c \
	hypervisor/time/clock_scale.c \
	hypervisor/time/rtc.c \
	hypervisor/time/timer.c \
	hypervisor/time/timer_heap.c
