/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lets Debian's xenstored and oxenstored serve their socket on a machine without Xen: preloaded, it answers what they
 * ask of the hypervisor before they listen, as if dom0 were there and nothing ever happened.  So their answers can be
 * held against ours without booting anything.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <xenctrl.h>
#include <xenevtchn.h>
#include <xengnttab.h>

static char handle;

static int memory_file(const char *content, size_t size)
{
    int fd = memfd_create("fake_xen", 0);

    if (fd < 0 || ftruncate(fd, (off_t)size) || pwrite(fd, content, strlen(content), 0) < 0)
        abort();
    return fd;
}

static int fake_open(const char *next, const char *path, int flags, mode_t mode)
{
    if (!strcmp(path, "/proc/xen/xsd_port") || !strcmp(path, "/dev/xen/xsd_port"))
        return memory_file("1", 1);
    if (!strcmp(path, "/proc/xen/xsd_kva") || !strcmp(path, "/dev/xen/xsd_kva"))
        return memory_file("", 4096);
    return ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, next))(path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0;
    va_end(ap);
    return fake_open("open", path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0;
    va_end(ap);
    return fake_open("open64", path, flags, mode);
}

/* oxenstored raises its number of open files, which a container may not. */
int setrlimit(__rlimit_resource_t resource, const struct rlimit *limit)
{
    (void)resource;
    (void)limit;
    return 0;
}

/* oxenstored knows one place for its socket; XENSTORED_PATH names another, as for clients. */
int bind(int fd, const struct sockaddr *address, socklen_t length)
{
    struct sockaddr_un moved = {.sun_family = AF_UNIX};
    const char *path = getenv("XENSTORED_PATH");

    if (address->sa_family == AF_UNIX && path && strlen(path) < sizeof(moved.sun_path)) {
        strcpy(moved.sun_path, path);
        address = (const struct sockaddr *)&moved;
        length = sizeof(moved);
    }
    return ((int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "bind"))(fd, address, length);
}

xc_interface *xc_interface_open(xentoollog_logger *logger, xentoollog_logger *dombuild, unsigned flags)
{
    (void)logger;
    (void)dombuild;
    (void)flags;
    return (xc_interface *)&handle;
}

int xc_interface_close(xc_interface *xch)
{
    (void)xch;
    return 0;
}

int xc_domain_getinfo(xc_interface *xch, uint32_t first, unsigned int max, xc_dominfo_t *info)
{
    (void)xch;
    if (first || !max)
        return 0;
    memset(info, 0, sizeof(*info));
    return 1;
}

xenevtchn_handle *xenevtchn_open(xentoollog_logger *logger, unsigned int flags)
{
    (void)logger;
    (void)flags;
    return (xenevtchn_handle *)&handle;
}

int xenevtchn_close(xenevtchn_handle *xce)
{
    (void)xce;
    return 0;
}

int xenevtchn_fd(xenevtchn_handle *xce)
{
    static int fd = -1;
    (void)xce;
    if (fd < 0)
        fd = eventfd(0, 0);
    return fd;
}

int xenevtchn_notify(xenevtchn_handle *xce, evtchn_port_t port)
{
    (void)xce;
    (void)port;
    return 0;
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *xce, uint32_t domid, evtchn_port_t port)
{
    (void)xce;
    (void)domid;
    (void)port;
    return 2;
}

xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *xce, unsigned int virq)
{
    (void)xce;
    (void)virq;
    return 3;
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *xce)
{
    (void)xce;
    return -1;
}

int xenevtchn_unmask(xenevtchn_handle *xce, evtchn_port_t port)
{
    (void)xce;
    (void)port;
    return 0;
}

int xenevtchn_unbind(xenevtchn_handle *xce, evtchn_port_t port)
{
    (void)xce;
    (void)port;
    return 0;
}

xengnttab_handle *xengnttab_open(xentoollog_logger *logger, unsigned int flags)
{
    (void)logger;
    (void)flags;
    return (xengnttab_handle *)&handle;
}

int xengnttab_close(xengnttab_handle *xgt)
{
    (void)xgt;
    return 0;
}

int xengnttab_set_max_grants(xengnttab_handle *xgt, uint32_t nr)
{
    (void)xgt;
    (void)nr;
    return 0;
}
