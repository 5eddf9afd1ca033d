# SPDX-License-Identifier: GPL-2.0-or-later

worker_PROGRAMS += pv-drivers/block/hvblock
pv_drivers_block_hvblock_SOURCES = \
	pv-drivers/block/hvblock.c pv-drivers/block/blkif_parse.c pv-drivers/block/disk_nbd.c pv-drivers/block/disk_uring.c \
	pv-drivers/block/page_pool.c pv-drivers/block/queue.c pv-drivers/block/request.c
pv_drivers_block_hvblock_CPPFLAGS = $(drivers_cppflags)
pv_drivers_block_hvblock_CFLAGS = $(tools_cflags)
pv_drivers_block_hvblock_LDFLAGS =
pv_drivers_block_hvblock_LDADD = $(drivers_ldadd) -luring -lnbd
