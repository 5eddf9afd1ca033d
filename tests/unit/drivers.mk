# SPDX-License-Identifier: GPL-2.0-or-later
#
# Unit tests of the split drivers: rings, requests, states.

drivers_test_cppflags = $(AM_CPPFLAGS) -D_GNU_SOURCE -iquote $(srcdir)/pv-drivers -iquote $(srcdir)/include -iquote $(srcdir)/dom0-tools

check_PROGRAMS += tests/unit/test_shared_ring
tests_unit_test_shared_ring_SOURCES = tests/unit/test_shared_ring.c pv-drivers/common/shared_ring.c
tests_unit_test_shared_ring_CPPFLAGS = $(drivers_test_cppflags)

check_PROGRAMS += tests/unit/test_grant_pages
tests_unit_test_grant_pages_SOURCES = tests/unit/test_grant_pages.c pv-drivers/common/grant_pages.c
tests_unit_test_grant_pages_CPPFLAGS = $(drivers_test_cppflags)

check_PROGRAMS += tests/unit/test_netif
tests_unit_test_netif_SOURCES = tests/unit/test_netif.c pv-drivers/net/netif_parse.c pv-drivers/net/offload.c \
	pv-drivers/net/rate_limit.c pv-drivers/common/shared_ring.c
tests_unit_test_netif_CPPFLAGS = $(drivers_test_cppflags)

check_PROGRAMS += tests/unit/test_network_rules
tests_unit_test_network_rules_SOURCES = tests/unit/test_network_rules.c pv-drivers/manager/antispoof.c \
	dom0-tools/network/nat.c dom0-tools/network/subnet.c dom0-tools/network/run_program.c dom0-tools/libhv/failure.c
tests_unit_test_network_rules_CPPFLAGS = $(drivers_test_cppflags)

check_PROGRAMS += tests/unit/test_xenbus_state
tests_unit_test_xenbus_state_SOURCES = tests/unit/test_xenbus_state.c pv-drivers/manager/xenbus_state.c
tests_unit_test_xenbus_state_CPPFLAGS = $(drivers_test_cppflags)

check_PROGRAMS += tests/unit/test_front_ring
tests_unit_test_front_ring_SOURCES = tests/unit/test_front_ring.c pv-drivers/front/ring.c pv-drivers/common/shared_ring.c
tests_unit_test_front_ring_CPPFLAGS = $(drivers_test_cppflags)

check_PROGRAMS += tests/unit/test_event_loop
tests_unit_test_event_loop_SOURCES = tests/unit/test_event_loop.c pv-drivers/common/event_loop.c
tests_unit_test_event_loop_CPPFLAGS = $(drivers_test_cppflags)

# Without the sanitizers: their library makes system calls that the filter forbids.
check_PROGRAMS += tests/unit/test_rights
tests_unit_test_rights_SOURCES = tests/unit/test_rights.c pv-drivers/common/rights.c
tests_unit_test_rights_CPPFLAGS = $(drivers_test_cppflags)
tests_unit_test_rights_CFLAGS = $(tools_cflags)
tests_unit_test_rights_LDFLAGS =

check_PROGRAMS += tests/unit/test_workers
tests_unit_test_workers_SOURCES = tests/unit/test_workers.c pv-drivers/common/event_loop.c pv-drivers/common/worker.c \
	pv-drivers/manager/report.c pv-drivers/manager/workers.c dom0-tools/libhv/failure.c
tests_unit_test_workers_CPPFLAGS = $(drivers_test_cppflags) -DPKGLIBDIR='"/nonexistent"'

check_PROGRAMS += tests/unit/test_blkif_parse
tests_unit_test_blkif_parse_SOURCES = tests/unit/test_blkif_parse.c pv-drivers/block/blkif_parse.c
tests_unit_test_blkif_parse_CPPFLAGS = $(drivers_test_cppflags)

check_PROGRAMS += tests/unit/test_block_queue
tests_unit_test_block_queue_SOURCES = tests/unit/test_block_queue.c pv-drivers/block/blkif_parse.c \
	pv-drivers/block/page_pool.c pv-drivers/block/queue.c pv-drivers/block/request.c pv-drivers/common/grant_pages.c \
	pv-drivers/common/shared_ring.c dom0-tools/libhv/failure.c
tests_unit_test_block_queue_CPPFLAGS = $(drivers_test_cppflags)

check_PROGRAMS += tests/unit/test_disk_image
tests_unit_test_disk_image_SOURCES = tests/unit/test_disk_image.c pv-drivers/manager/disk_image.c dom0-tools/libhv/failure.c
tests_unit_test_disk_image_CPPFLAGS = $(drivers_test_cppflags)

check_PROGRAMS += tests/unit/test_disk_nbd
tests_unit_test_disk_nbd_SOURCES = tests/unit/test_disk_nbd.c pv-drivers/block/disk_nbd.c pv-drivers/manager/nbd_connect.c \
	pv-drivers/manager/nbd_server.c pv-drivers/manager/server_rights.c pv-drivers/common/event_loop.c \
	pv-drivers/common/worker.c dom0-tools/libhv/failure.c
tests_unit_test_disk_nbd_CPPFLAGS = $(drivers_test_cppflags)
tests_unit_test_disk_nbd_LDADD = $(LDADD) -lnbd

check_PROGRAMS += tests/unit/test_device_run
tests_unit_test_device_run_SOURCES = tests/unit/test_device_run.c pv-drivers/common/event_loop.c \
	pv-drivers/manager/device_store.c pv-drivers/manager/report.c pv-drivers/manager/xenbus_state.c \
	dom0-tools/libhv/failure.c dom0-tools/libhv/store.c
tests_unit_test_device_run_CPPFLAGS = $(drivers_test_cppflags) -D__XEN_TOOLS__ -iquote $(srcdir)
tests_unit_test_device_run_LDADD = $(store_core_ldadd)
