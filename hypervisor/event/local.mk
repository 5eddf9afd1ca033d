# SPDX-License-Identifier: GPL-2.0-or-later
hypervisor_haven_SOURCES += hypervisor/event/channel.c
hypervisor_haven_SOURCES += hypervisor/event/pirq.c
