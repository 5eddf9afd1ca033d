/* SPDX-License-Identifier: MIT */
/* Requests about domains, and the paths that say where the store is. */
#include "client/handle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUN_DIRECTORY "/run/xenstored"

static char *about_domain(struct xs_handle *h, enum xsd_sockmsg_type type, unsigned int domid)
{
    char text[MAX_STRLEN(domid)];
    const char *strings = text;

    snprintf(text, sizeof(text), "%u", domid);
    return xs_talk_strings(h, XBT_NULL, type, &strings, 1, NULL);
}

static bool domain_ok(struct xs_handle *h, enum xsd_sockmsg_type type, unsigned int domid)
{
    return xs_talk_done(about_domain(h, type, domid));
}

bool xs_introduce_domain(struct xs_handle *h, unsigned int domid, unsigned long mfn, unsigned int eventchn)
{
    char domain[MAX_STRLEN(domid)], frame[MAX_STRLEN(mfn)], port[MAX_STRLEN(eventchn)];

    snprintf(domain, sizeof(domain), "%u", domid);
    snprintf(frame, sizeof(frame), "%lu", mfn);
    snprintf(port, sizeof(port), "%u", eventchn);
    return xs_talk_ok(h, XBT_NULL, XS_INTRODUCE, (const char *[]){domain, frame, port}, 3);
}

bool xs_set_target(struct xs_handle *h, unsigned int domid, unsigned int target)
{
    char domain[MAX_STRLEN(domid)], other[MAX_STRLEN(target)];

    snprintf(domain, sizeof(domain), "%u", domid);
    snprintf(other, sizeof(other), "%u", target);
    return xs_talk_ok(h, XBT_NULL, XS_SET_TARGET, (const char *[]){domain, other}, 2);
}

bool xs_release_domain(struct xs_handle *h, unsigned int domid)
{
    return domain_ok(h, XS_RELEASE, domid);
}

bool xs_resume_domain(struct xs_handle *h, unsigned int domid)
{
    return domain_ok(h, XS_RESUME, domid);
}

char *xs_get_domain_path(struct xs_handle *h, unsigned int domid)
{
    return about_domain(h, XS_GET_DOMAIN_PATH, domid);
}

bool xs_is_domain_introduced(struct xs_handle *h, unsigned int domid)
{
    char *answer = about_domain(h, XS_IS_DOMAIN_INTRODUCED, domid);
    bool introduced = answer && strcmp(answer, "F");

    xs_free_keeping_errno(answer);
    return introduced;
}

int xs_suspend_evtchn_port(int domid)
{
    char path[64];
    unsigned int length;

    snprintf(path, sizeof(path), "/local/domain/%d/device/suspend/event-channel", domid);
    struct xs_handle *h = xs_open(0);
    if (!h)
        return -1;
    char *port = xs_read(h, XBT_NULL, path, &length);
    xs_close(h);
    int number = port && length ? atoi(port) : -1;
    free(port);
    return number;
}

bool xs_path_is_subpath(const char *parent, const char *child)
{
    size_t length = strlen(parent);

    return !strncmp(parent, child, length) && (!child[length] || child[length] == '/');
}

const char *xs_daemon_rundir(void)
{
    const char *directory = getenv("XENSTORED_RUNDIR");

    return directory ? directory : RUN_DIRECTORY;
}

/* The same bytes are written each time, unless the program changes its environment. */
const char *xs_daemon_socket(void)
{
    static char path[PATH_MAX];
    const char *given = getenv("XENSTORED_PATH");

    if (given)
        return given;
    int n = snprintf(path, sizeof(path), "%s/socket", xs_daemon_rundir());
    return n < (int)sizeof(path) ? path : NULL;
}

const char *xs_daemon_socket_ro(void)
{
    return xs_daemon_socket();
}
