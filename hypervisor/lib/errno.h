/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Error numbers as the Xen ABI has them, under their plain names. Functions return 0 or a negative one. */
#ifndef HAVEN_LIB_ERRNO_H
#define HAVEN_LIB_ERRNO_H

/* The public header defines each number through this macro; plain names suit a freestanding program best. */
#ifndef HAVEN_HOSTED
#define XEN_ERRNO(name, value) name = value,
enum {
#include <xen/errno.h>
    ERESTART = 85, /* internal: to be called again; never seen by guests */
};
#else
#include <errno.h>
#ifndef ERESTART
#define ERESTART 85
#endif
#endif

#endif
