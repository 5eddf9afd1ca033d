# SPDX-License-Identifier: GPL-2.0-or-later
hypervisor_haven_SOURCES += \
	hypervisor/boot/bcj_x86.c \
	hypervisor/boot/boot_info.c \
	hypervisor/boot/build_dom0.c \
	hypervisor/boot/bzimage.c \
	hypervisor/boot/dom0_layout.c \
	hypervisor/boot/dom0_memory.c \
	hypervisor/boot/dom0_tables.c \
	hypervisor/boot/elf.c \
	hypervisor/boot/elf_notes.c \
	hypervisor/boot/head.S \
	hypervisor/boot/options.c \
	hypervisor/boot/smp_boot.c \
	hypervisor/boot/start.c \
	hypervisor/boot/trampoline.S \
	hypervisor/boot/unpack.c \
	hypervisor/boot/unpack_libc.c \
	hypervisor/boot/unpack_xz.c
