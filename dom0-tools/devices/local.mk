# SPDX-License-Identifier: GPL-2.0-or-later
dom0_tools_libhv_a_SOURCES += \
	dom0-tools/devices/attach.c \
	dom0-tools/devices/device_list.c \
	dom0-tools/devices/device_nodes.c \
	dom0-tools/devices/device_ref.c \
	dom0-tools/devices/device_wait.c \
	dom0-tools/devices/kernel_backend.c \
	dom0-tools/devices/kernel_vif.c \
	dom0-tools/devices/loop_device.c \
	dom0-tools/devices/stored_devices.c
