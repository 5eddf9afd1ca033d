/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HAVEN_PLATFORM_PIC_H
#define HAVEN_PLATFORM_PIC_H

/* The two 8259 controllers: moved out of the exceptions' vectors and masked for good. */
void pic_init(void);

#endif
