# SPDX-License-Identifier: GPL-2.0-or-later
hypervisor_haven_SOURCES += \
	hypervisor/sched/policy.c \
	hypervisor/sched/runstate.c \
	hypervisor/sched/sched.c \
	hypervisor/sched/setup.c
