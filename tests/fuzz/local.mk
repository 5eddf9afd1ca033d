# SPDX-License-Identifier: GPL-2.0-or-later
#
# Fuzz targets are not built by make: tests/fuzz/run builds them with clang, runs them and counts.
EXTRA_DIST += tests/fuzz
