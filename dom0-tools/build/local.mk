# SPDX-License-Identifier: GPL-2.0-or-later
#
# The pure parts that the hypervisor has for dom0's kernel are compiled for the tools as they are.
dom0_tools_libhv_a_SOURCES += \
	dom0-tools/build/contents.c \
	dom0-tools/build/image.c \
	dom0-tools/build/kernel_cache.c \
	dom0-tools/build/page_ops.c \
	dom0-tools/build/reservation.c \
	dom0-tools/build/sandbox.c \
	dom0-tools/build/tables.c \
	dom0-tools/build/unpack.c \
	dom0-tools/build/unpack_here.c \
	hypervisor/boot/bzimage.c \
	hypervisor/boot/dom0_layout.c \
	hypervisor/boot/elf.c \
	hypervisor/boot/elf_notes.c
