# SPDX-License-Identifier: GPL-2.0-or-later
#
# The store: the server in this folder, its client library and the command line in folders of their own.

include xenstore/client/local.mk
include xenstore/cli/local.mk
