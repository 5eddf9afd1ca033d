/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HYPERVISOR_console_io: dom0's own way to the serial line, and what was typed there. Other domains have their console
 * in dom0 and are refused. Output is slow (a serial line), so it stops between pieces when something waits.
 */
#include "domain/vcpu.h"
#include "hypercall/continuation.h"
#include "hypercall/table.h"
#include "lib/errno.h"
#include "mm/guest_copy.h"
#include "platform/console.h"

#define PIECE 128

static int64_t console_output(uint64_t count, uint64_t buffer)
{
    char piece[PIECE];
    for (bool first = true; count; first = false) {
        size_t n = MIN(count, (uint64_t)PIECE);
        if (!first && continuation_wanted())
            return continuation_make(__HYPERVISOR_console_io, 3, (uint64_t)CONSOLEIO_write, count, buffer);
        if (guest_copy_in(piece, buffer, n))
            return -EFAULT;
        console_write(piece, n);
        buffer += n;
        count -= n;
    }
    return 0;
}

static int64_t console_input(uint64_t count, uint64_t buffer)
{
    char piece[PIECE];
    uint64_t done = 0;
    if (count > INT32_MAX)
        return -E2BIG; /* the result is a length or an error */
    while (done < count) {
        size_t n = console_read(piece, MIN(count - done, (uint64_t)PIECE));
        if (!n)
            break;
        if (guest_copy_out(buffer + done, piece, n))
            return -EFAULT;
        done += n;
    }
    return (int64_t)done;
}

int64_t hypercall_console_io(uint64_t cmd, uint64_t count, uint64_t buffer, uint64_t, uint64_t)
{
    if (!current->domain->privileged)
        return -EPERM;
    switch ((uint32_t)cmd) {
    case CONSOLEIO_write:
        return console_output((uint32_t)count, buffer);
    case CONSOLEIO_read:
        return console_input((uint32_t)count, buffer);
    default:
        return -ENOSYS;
    }
}
