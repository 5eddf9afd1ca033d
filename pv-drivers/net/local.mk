# SPDX-License-Identifier: GPL-2.0-or-later

worker_PROGRAMS += pv-drivers/net/hvnet
pv_drivers_net_hvnet_SOURCES = \
	pv-drivers/net/hvnet.c \
	pv-drivers/net/netif_parse.c \
	pv-drivers/net/offload.c \
	pv-drivers/net/rate_limit.c \
	pv-drivers/net/receive.c \
	pv-drivers/net/transmit.c
pv_drivers_net_hvnet_CPPFLAGS = $(drivers_cppflags)
pv_drivers_net_hvnet_CFLAGS = $(tools_cflags)
pv_drivers_net_hvnet_LDFLAGS =
pv_drivers_net_hvnet_LDADD = $(drivers_ldadd) -luring
