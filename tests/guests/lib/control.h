/* SPDX-License-Identifier: MIT
 *
 * The control interface, and child domains built with it.  Include this first: it asks for the tools' parts of the
 * public headers.
 *
 * A child is a domain of a few pages whose code this guest wrote: CHILD_CODE("name", "instructions") in a guest's file,
 * position-independent, up to one page.  It runs in kernel mode with its pages at CHILD_BASE: code first (read-only),
 * then CHILD_PAGES - CHILD_DATA writable pages; rdi = its own vCPU's number, rsi = address of the first writable page,
 * rsp = the end of the last.  It has no trap table: any fault ends it.
 */
#ifndef GUEST_CONTROL_H
#define GUEST_CONTROL_H

#define __XEN_TOOLS__

#include <stdbool.h>
#include <stdint.h>

#include "guest.h"
#include <xen/domctl.h>
#include <xen/sysctl.h>

#define CHILD_BASE  0x400000ul
#define CHILD_PAGES 16u
enum { CHILD_L4, CHILD_L3, CHILD_L2, CHILD_L1, CHILD_CODE_PAGE, CHILD_DATA };

#define CHILD_CODE(name, instructions)                                                                                 \
    asm(".pushsection .rodata\n"                                                                                       \
        "child_" name ": " instructions "\nchild_" name "_end:\n"                                                      \
        ".popsection")
#define CHILD_CODE_DECLARE(name) extern const char child_##name[], child_##name##_end[]

struct child {
    uint16_t id;
    unsigned vcpus;
    xen_pfn_t mfn[CHILD_PAGES]; /* its memory, by its own numbering */
};

/* One operation: the structure is filled in by the caller but for number, version and domain. */
long domctl(unsigned cmd, uint16_t domid, struct xen_domctl *op);
long sysctl(unsigned cmd, struct xen_sysctl *op);
long memory_of(unsigned cmd, uint16_t domid, xen_pfn_t *list, unsigned count, unsigned order);

bool on_haven(void);                                                  /* else on Xen */
uint64_t free_pages(void);                                            /* the hypervisor's count */
void check_free_pages(const char *name, uint64_t before);             /* it is what it was; waits for what comes late */
bool domain_info(uint16_t id, struct xen_domctl_getdomaininfo *info); /* false: there is no such domain */
bool wait_gone(uint16_t id, unsigned milliseconds);                   /* off the list */
bool wait_shut_down(uint16_t id, unsigned milliseconds, unsigned *code);

/* A frame of the domain at scratch address 'slot'; slot's mapping goes with child_unmap. */
void *child_map(unsigned slot, uint16_t id, uint64_t mfn, uint64_t flags);
void child_unmap(unsigned slot);

/* Steps, so that tests can stop in between; each reports an error of the test if it fails. */
void child_create(struct child *c, unsigned vcpus); /* domain and vCPUs, no memory */
void child_populate(struct child *c);
void child_build(struct child *c, const char *code, const char *end); /* tables, code, contexts; paused */
void child_start(struct child *c);                                    /* all three, and unpause */
void child_context(const struct child *c, unsigned vcpu, struct vcpu_guest_context *context);
long child_destroy(struct child *c);

#endif
