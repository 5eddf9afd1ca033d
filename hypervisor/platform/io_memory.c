/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A short list of frames, filled while booting and constant afterwards, so that looking it up needs no lock. */
#include "platform/io_memory.h"
#include "lib/assert.h"
#include "lib/compiler.h"

#define PROTECTED_MAX 16

static uint64_t protected_frame[PROTECTED_MAX];
static unsigned int protected_count;

void __init io_frame_protect(uint64_t mfn)
{
    if (io_frame_read_only(mfn))
        return;
    ASSERT(protected_count < PROTECTED_MAX);
    protected_frame[protected_count++] = mfn;
}

bool io_frame_read_only(uint64_t mfn)
{
    for (unsigned int i = 0; i < protected_count; i++)
        if (protected_frame[i] == mfn)
            return true;
    return false;
}
