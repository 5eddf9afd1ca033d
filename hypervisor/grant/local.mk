# SPDX-License-Identifier: GPL-2.0-or-later
hypervisor_haven_SOURCES += hypervisor/grant/entry.c
hypervisor_haven_SOURCES += hypervisor/grant/map.c
hypervisor_haven_SOURCES += hypervisor/grant/table.c
