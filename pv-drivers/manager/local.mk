# SPDX-License-Identifier: GPL-2.0-or-later
sbin_PROGRAMS += pv-drivers/manager/hvdriverd
pv_drivers_manager_hvdriverd_SOURCES = \
	pv-drivers/manager/device_run.c \
	pv-drivers/manager/device_store.c \
	pv-drivers/manager/devices.c \
	pv-drivers/manager/disk_image.c \
	pv-drivers/manager/kinds.c \
	pv-drivers/manager/main.c \
	pv-drivers/manager/report.c \
	pv-drivers/manager/server_rights.c \
	pv-drivers/manager/status.c \
	pv-drivers/manager/antispoof.c \
	pv-drivers/manager/tap.c \
	pv-drivers/manager/nbd_connect.c \
	pv-drivers/manager/nbd_server.c \
	pv-drivers/manager/vbd.c \
	pv-drivers/manager/vif.c \
	pv-drivers/manager/workers.c \
	pv-drivers/manager/xenbus_state.c
pv_drivers_manager_hvdriverd_CPPFLAGS = $(drivers_cppflags)
pv_drivers_manager_hvdriverd_CFLAGS = $(tools_cflags)
pv_drivers_manager_hvdriverd_LDFLAGS =
pv_drivers_manager_hvdriverd_LDADD = $(drivers_ldadd) -lmnl

man_MANS += docs/man/hvdriverd.8
