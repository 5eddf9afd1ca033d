/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See domain_door.h. */
#include "xenstore/domain_door.h"

#include "libhv/hypervisor.h"
#include "xenstore/log.h"
#include "xenstore/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xen/grant_table.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>

#define PORT_PATH     "/proc/xen/xsd_port"
#define PAGE_PATH     "/proc/xen/xsd_kva"
#define PAGE_BYTES    4096
#define LIST_AT_ONCE  128
#define PORTS_AT_ONCE 64
#define NO_DOMAIN     0xffff

struct door {
    struct hypervisor *hv;
    xenevtchn_handle *events;
    xengnttab_handle *grants;
    xenforeignmemory_handle *memory;
    int death_port;
    uint16_t *domain_of; /* by port */
    unsigned ports;
    xen_domctl_getdomaininfo_t *list;
};

static bool opened(const void *handle, const char *what, const char *module)
{
    if (!handle)
        log_line(LOG_LEVEL_ERROR, "cannot open %s: %s (is this dom0, and is the module %s loaded?)", what,
                 strerror(errno), module);
    return handle != NULL;
}

struct door *door_open(void)
{
    struct door *door = memory_zalloc(sizeof(*door));

    if (!opened(door->hv = hypervisor_open(), "the hypervisor", "xen-privcmd") ||
        !opened(door->events = xenevtchn_open(NULL, 0), "event channels", "xen-evtchn") ||
        !opened(door->grants = xengnttab_open(NULL, 0), "grants", "xen-gntdev"))
        return NULL;                               /* the process ends */
    door->memory = xenforeignmemory_open(NULL, 0); /* grants serve without it */
    door->list = hypervisor_buffer_alloc(door->hv, LIST_AT_ONCE * sizeof(*door->list));
    door->death_port = xenevtchn_bind_virq(door->events, VIRQ_DOM_EXC);
    if (!door->list || door->death_port < 0) {
        log_line(LOG_LEVEL_ERROR, "cannot bind the event of domains' deaths: %s (is another xenstored running?)",
                 strerror(errno));
        return NULL;
    }
    return door;
}

uint32_t door_dom0_port(struct door *door)
{
    char text[24] = "";
    int fd = open(PORT_PATH, O_RDONLY | O_CLOEXEC);
    (void)door;

    if (fd < 0)
        return 0;
    ssize_t n = read(fd, text, sizeof(text) - 1);
    close(fd);
    return n > 0 ? strtoul(text, NULL, 0) : 0;
}

static void *map_own(void)
{
    int fd = open(PAGE_PATH, O_RDWR | O_CLOEXEC);

    if (fd < 0)
        return NULL;
    void *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    int error = errno;
    close(fd);
    errno = error;
    return page == MAP_FAILED ? NULL : page;
}

void *door_map(struct door *door, unsigned domid, uint64_t gfn, bool *granted)
{
    xen_pfn_t frame = gfn;

    *granted = false;
    if (domid == 0)
        return map_own();
    /* By its frame first: for the first grant that it maps, a PV dom0 adds 128 MiB of address space to itself. */
    void *page =
        gfn && door->memory ? xenforeignmemory_map(door->memory, domid, PROT_READ | PROT_WRITE, 1, &frame, NULL) : NULL;
    if (page)
        return page;
    page = xengnttab_map_grant_ref(door->grants, domid, GNTTAB_RESERVED_XENSTORE, PROT_READ | PROT_WRITE);
    *granted = page != NULL;
    return page;
}

void door_unmap(struct door *door, unsigned domid, bool granted, void *page)
{
    if (domid == 0)
        munmap(page, PAGE_BYTES);
    else if (granted)
        xengnttab_unmap(door->grants, page, 1);
    else
        xenforeignmemory_unmap(door->memory, page, 1);
}

int door_bind(struct door *door, unsigned domid, uint32_t remote_port)
{
    int port = xenevtchn_bind_interdomain(door->events, domid, remote_port);

    if (port < 0)
        return -1;
    if ((unsigned)port >= door->ports) {
        unsigned ports = (port + 64) & ~63u;
        door->domain_of = memory_realloc(door->domain_of, ports * sizeof(*door->domain_of));
        for (; door->ports < ports; door->ports++)
            door->domain_of[door->ports] = NO_DOMAIN;
    }
    door->domain_of[port] = domid;
    return port;
}

void door_unbind(struct door *door, int port)
{
    xenevtchn_unbind(door->events, port);
    door->domain_of[port] = NO_DOMAIN;
}

void door_notify(struct door *door, int port)
{
    xenevtchn_notify(door->events, port);
}

int door_fd(const struct door *door)
{
    return xenevtchn_fd(door->events);
}

/* The device hands out many ports with one read, and unmasks many with one write; libxenevtchn does them one by one. */
bool door_take_events(struct door *door, void (*event)(void *context, unsigned domid), void *context)
{
    evtchn_port_t ports[PORTS_AT_ONCE];
    int fd = xenevtchn_fd(door->events);
    bool death = false;
    ssize_t n = read(fd, ports, sizeof(ports));

    if (n <= 0)
        return false;
    if (write(fd, ports, n) != n)
        log_line(LOG_LEVEL_ERROR, "cannot unmask event channels: %s", strerror(errno));
    for (size_t i = 0; i < n / sizeof(ports[0]); i++) {
        if (ports[i] == (evtchn_port_t)door->death_port)
            death = true;
        else if (ports[i] < door->ports && door->domain_of[ports[i]] != NO_DOMAIN)
            event(context, door->domain_of[ports[i]]);
    }
    return death;
}

bool door_domain_exists(struct door *door, unsigned domid)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_getdomaininfo, .domain = domid};

    return hypervisor_domctl(door->hv, &op) >= 0 && op.u.getdomaininfo.domain == domid;
}

bool door_list_domains(struct door *door, void (*domain)(void *context, unsigned domid, bool shutdown, bool dying),
                       void *context)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_getdomaininfolist};
    unsigned first = 0;

    do {
        op.u.getdomaininfolist.first_domain = first;
        op.u.getdomaininfolist.max_domains = LIST_AT_ONCE;
        set_xen_guest_handle(op.u.getdomaininfolist.buffer, door->list);
        if (hypervisor_sysctl(door->hv, &op) < 0)
            return false;
        for (unsigned i = 0; i < op.u.getdomaininfolist.num_domains; i++) {
            const xen_domctl_getdomaininfo_t *info = &door->list[i];
            domain(context, info->domain, info->flags & XEN_DOMINF_shutdown, info->flags & XEN_DOMINF_dying);
            first = info->domain + 1;
        }
    } while (op.u.getdomaininfolist.num_domains == LIST_AT_ONCE);
    return true;
}
