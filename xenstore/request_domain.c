/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See request.h: requests about domains. What they do to domains is the host's (domains.c). */
#include "xenstore/request.h"

#include "xenstore/connection.h"
#include <stdio.h>
#include <string.h>
#include <xen/xen.h>

static bool get_domid(const struct wire_string *string, unsigned long *domid)
{
    return wire_number(string, domid) && *domid <= UINT16_MAX;
}

/* The one domid of the payload, which must not be dom0's. */
static int one_domain(struct request *request, unsigned long *domid)
{
    struct wire_string string;

    if (!wire_one_string(request->payload, request->length, &string) || !get_domid(&string, domid) || !*domid)
        return EINVAL;
    return request->store->host ? 0 : ENOENT;
}

int request_introduce(struct request *request)
{
    const struct store_host *host = request->store->host;
    struct wire_string strings[3];
    unsigned long domid, gfn = 0, port;

    if (wire_strings(request->payload, request->length, strings, 3) < 3)
        return EINVAL;
    if (!get_domid(&strings[0], &domid) || !domid || domid >= DOMID_FIRST_RESERVED ||
        !wire_number(&strings[2], &port) || !port || port > UINT32_MAX)
        return EINVAL;
    wire_number(&strings[1], &gfn); /* signed: what is no number is not needed when there is a grant */
    if (!host)
        return ENOSYS;
    int error = host->introduce(request->store->host_context, domid, gfn, port);
    return error ? error : request_acknowledge(request);
}

int request_release(struct request *request)
{
    unsigned long domid;
    int error = one_domain(request, &domid);

    if (!error)
        error = request->store->host->release(request->store->host_context, domid);
    return error ? error : request_acknowledge(request);
}

int request_resume(struct request *request)
{
    unsigned long domid;
    int error = one_domain(request, &domid);

    if (!error)
        error = request->store->host->resume(request->store->host_context, domid);
    return error ? error : request_acknowledge(request);
}

int request_set_target(struct request *request)
{
    const struct store_host *host = request->store->host;
    struct wire_string strings[2];
    unsigned long domid, target;

    if (wire_strings(request->payload, request->length, strings, 2) < 2 || !get_domid(&strings[0], &domid) ||
        !get_domid(&strings[1], &target))
        return EINVAL;
    int error = host ? host->set_target(request->store->host_context, domid, target) : ENOENT;
    return error ? error : request_acknowledge(request);
}

int request_is_introduced(struct request *request)
{
    const struct store *store = request->store;
    struct wire_string string;
    unsigned long domid;

    if (!wire_one_string(request->payload, request->length, &string))
        return EINVAL;
    bool introduced = get_domid(&string, &domid) &&
                      (domid == DOMID_SELF || (store->host && store->host->introduced(store->host_context, domid)));
    return request_reply(request, introduced ? "T" : "F", 2);
}

int request_get_domain_path(struct request *request)
{
    struct wire_string string;
    unsigned long domid;
    char path[32];

    if (!wire_one_string(request->payload, request->length, &string))
        return EINVAL;
    if (!wire_number(&string, &domid))
        domid = 0;
    int length = snprintf(path, sizeof(path), "/local/domain/%u", (unsigned)domid);
    return request_reply(request, path, length + 1);
}
