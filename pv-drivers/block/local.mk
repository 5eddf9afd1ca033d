# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += pv-drivers/block/libblock.a
pv_drivers_block_libblock_a_SOURCES = \
	pv-drivers/block/block_program.c pv-drivers/block/blkif_parse.c pv-drivers/block/disk_uring.c \
	pv-drivers/block/page_pool.c pv-drivers/block/queue.c pv-drivers/block/request.c
pv_drivers_block_libblock_a_CPPFLAGS = $(drivers_cppflags)
pv_drivers_block_libblock_a_CFLAGS = $(tools_cflags)

worker_PROGRAMS += pv-drivers/block/hvblock
pv_drivers_block_hvblock_SOURCES = pv-drivers/block/hvblock.c
pv_drivers_block_hvblock_CPPFLAGS = $(drivers_cppflags)
pv_drivers_block_hvblock_CFLAGS = $(tools_cflags)
pv_drivers_block_hvblock_LDFLAGS =
pv_drivers_block_hvblock_LDADD = pv-drivers/block/libblock.a $(drivers_ldadd) -luring

# Apart, for what libnbd brings with it.
worker_PROGRAMS += pv-drivers/block/hvblock-nbd
pv_drivers_block_hvblock_nbd_SOURCES = pv-drivers/block/hvblock_nbd.c pv-drivers/block/disk_nbd.c
pv_drivers_block_hvblock_nbd_CPPFLAGS = $(drivers_cppflags)
pv_drivers_block_hvblock_nbd_CFLAGS = $(tools_cflags)
pv_drivers_block_hvblock_nbd_LDFLAGS =
pv_drivers_block_hvblock_nbd_LDADD = pv-drivers/block/libblock.a $(drivers_ldadd) -luring -lnbd
