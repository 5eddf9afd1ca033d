# SPDX-License-Identifier: GPL-2.0-or-later
hypervisor_haven_SOURCES += hypervisor/guest/pv/cpuid_policy.c
hypervisor_haven_SOURCES += hypervisor/guest/pv/insn_decode.c
hypervisor_haven_SOURCES += hypervisor/guest/pv/msr_policy.c
hypervisor_haven_SOURCES += hypervisor/guest/pv/page_fault.c
hypervisor_haven_SOURCES += hypervisor/guest/pv/port_io.c
hypervisor_haven_SOURCES += hypervisor/guest/pv/privileged_insn.c
