/* SPDX-License-Identifier: MIT
 *
 * Waiting for event channels.
 *
 * The front ends never run in an interrupt: they leave their ports masked, and who needs an answer waits here until the
 * hypervisor has marked one of the ports pending. So there is one thread of control and nothing to lock. The rule that
 * loses nothing: look at the ring, and only if there is nothing in it, wait; after waiting, look again, whatever the
 * result was.
 */
#ifndef FRONT_PORT_H
#define FRONT_PORT_H

#include <stdbool.h>
#include <stdint.h>

/* System time in so many milliseconds, for the functions that wait until a time. */
uint64_t port_deadline(unsigned milliseconds);

/* Blocks the vCPU until one of the ports is pending (true) or the time has come; clears the pending bits of all. */
bool port_wait_any(const uint32_t *ports, unsigned count, uint64_t until);
bool port_wait(uint32_t port, uint64_t until);

#endif
