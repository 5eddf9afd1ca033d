/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of what is special about PV guests. */
#include "guest/pv/ops.h"
#include "cpu/fpu.h"
#include "domain/vcpu.h"
#include "guest/pv/address_space.h"
#include "guest/pv/descriptor_tables.h"
#include "guest/pv/grant_pte.h"
#include "guest/pv/page_type.h"
#include "guest/pv/trap_frame.h"

static int ops_vcpu_init(struct vcpu *v)
{
    context_vcpu_reset(v);
    return fpu_state_init(&v->fpu);
}

static void ops_vcpu_free(struct vcpu *v)
{
    fpu_state_free(&v->fpu);
}

/* vCPUs let go of their tables first: only then can these be taken apart. */
static int ops_relinquish(struct domain *d)
{
    struct vcpu *v;
    int error;

    vcpu_for_each (d, v) {
        error = address_space_drop(v);
        if (error)
            return error;
        descriptor_tables_drop(v);
    }
    return page_type_relinquish(d);
}

const struct guest_ops pv_guest_ops = {
    .vcpu_init = ops_vcpu_init,
    .vcpu_free = ops_vcpu_free,
    .set_context = context_set,
    .get_context = context_get,
    .switch_from = context_switch_from,
    .switch_to = context_switch_to,
    .deliver_event = trap_frame_event,
    .relinquish = ops_relinquish,
    .frame_get_writable = page_type_get_writable,
    .frame_put_writable = page_type_put_writable,
    .grant_map_page = grant_pte_map,
    .grant_unmap_page = grant_pte_unmap,
};
