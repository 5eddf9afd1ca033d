# SPDX-License-Identifier: GPL-2.0-or-later

pv_drivers_libdrivers_a_SOURCES += pv-drivers/common/event_loop.c pv-drivers/common/rights.c pv-drivers/common/worker.c \
	pv-drivers/common/worker_main.c
pv_drivers_libdrivers_a_SOURCES += pv-drivers/common/shared_ring.c
pv_drivers_libdrivers_a_SOURCES += pv-drivers/common/grant_pages.c
pv_drivers_libdrivers_a_SOURCES += pv-drivers/common/worker_uring.c
