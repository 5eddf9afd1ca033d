/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event channels against a simple model: three domains bind, send, unmask, move and close ports at random. After each
 * step every port's status is what the model says, and an upcall was raised exactly when the ABI wants one.
 */
#include "domain/vcpu.h"
#include "event/channel.h"
#include "event/pirq.h"
#include "haven/memory_event.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "mm/heap.h"
#include "sched/sched.h"
#include "unit.h"
#include <string.h>

#define DOMAINS 3
#define VCPUS   2
#define PORTS   24

static struct domain domains[DOMAINS];
static struct vcpu vcpus[DOMAINS][VCPUS];
static struct vcpu_info infos[DOMAINS][VCPUS];
static shared_info_t shared[DOMAINS];
static unsigned int kicks[DOMAINS][VCPUS];

/* What lies below and beside channel.c. */
struct domain *domain0 = &domains[0];
void (*spin_waiting)(void);

void spin_wait(struct spinlock *l, uint16_t ticket)
{
    (void)l;
    (void)ticket;
    panic("a lock is taken twice");
}
void log_at(enum log_level level, const char *fmt, ...)
{
    (void)level;
    (void)fmt;
}
void *heap_alloc(size_t size)
{
    return calloc(1, size);
}
void heap_free(void *p)
{
    free(p);
}
void *heap_alloc_pages(unsigned int order)
{
    return calloc(1, PAGE_SIZE << order);
}
void heap_free_pages(void *p, unsigned int order)
{
    (void)order;
    free(p);
}
struct domain *domain_get_by_id(domid_t id)
{
    return id < DOMAINS ? &domains[id] : NULL;
}
int domain_get_operand(struct domain *caller, domid_t id, struct domain **d)
{
    *d = domain_get_by_id(id);
    return !*d ? -ESRCH : *d == caller || caller->privileged ? 0 : -EPERM;
}
void domain_get(struct domain *d)
{
    d->refs++;
}
void domain_put(struct domain *d)
{
    (void)d;
}
void sched_kick(struct vcpu *v)
{
    kicks[v->domain->id][v->id]++;
}
void sched_unblock(struct vcpu *v)
{
    v->pause_flags = 0;
}
unsigned int pirq_count(const struct domain *d)
{
    (void)d;
    return 16;
}
static int pirq_port[DOMAINS][16];
int pirq_bind_port(struct domain *d, unsigned int pirq, unsigned int port)
{
    if (pirq_port[d->id][pirq])
        return -EEXIST;
    pirq_port[d->id][pirq] = (int)port;
    return 0;
}
void pirq_unbind_port(struct domain *d, unsigned int pirq, unsigned int port)
{
    if (pirq_port[d->id][pirq] == (int)port)
        pirq_port[d->id][pirq] = 0;
}
void pirq_set_vcpu(struct domain *d, unsigned int pirq, unsigned int vcpu)
{
    (void)d;
    (void)pirq;
    (void)vcpu;
}

/* The model. */
static struct model {
    unsigned int state, vcpu;
    unsigned int remote, remote_port; /* unbound, interdomain */
    unsigned int number;              /* virq, pirq */
    bool pending;
} model[DOMAINS][PORTS + 1];

static void setup(void)
{
    memset(model, 0, sizeof(model));
    memset(shared, 0, sizeof(shared));
    memset(infos, 0, sizeof(infos));
    memset(kicks, 0, sizeof(kicks));
    memset(pirq_port, 0, sizeof(pirq_port));
    for (unsigned int d = 0; d < DOMAINS; d++) {
        domains[d] = (struct domain){.id = (domid_t)d, .privileged = d == 0, .max_vcpus = VCPUS};
        domains[d].shared_info = &shared[d];
        for (unsigned int i = 0; i < VCPUS; i++) {
            vcpus[d][i] = (struct vcpu){.id = (int)i, .domain = &domains[d], .info = &infos[d][i]};
            domains[d].vcpu[i] = &vcpus[d][i];
        }
        CU_ASSERT_EQUAL_FATAL(event_domain_init(&domains[d], PORTS), 0);
    }
}

static void teardown(void)
{
    for (unsigned int d = 0; d < DOMAINS; d++)
        event_domain_close_all(&domains[d]);
    for (unsigned int d = 0; d < DOMAINS; d++)
        event_domain_free(&domains[d]);
}

static void check_all(void)
{
    for (unsigned int d = 0; d < DOMAINS; d++)
        for (unsigned int p = 1; p <= PORTS; p++) {
            const struct model *m = &model[d][p];
            struct evtchn_status st = {.dom = DOMID_SELF, .port = p};
            st.dom = (domid_t)d;
            CU_ASSERT_EQUAL_FATAL(event_status(&domains[d], &st), 0);
            CU_ASSERT_EQUAL_FATAL(st.status, m->state);
            CU_ASSERT_EQUAL_FATAL(event_port_pending(&domains[d], p), m->pending);
            if (m->state == EVTCHNSTAT_closed)
                continue;
            CU_ASSERT_EQUAL_FATAL(st.vcpu, m->vcpu);
            if (m->state == EVTCHNSTAT_unbound)
                CU_ASSERT_EQUAL_FATAL(st.u.unbound.dom, m->remote);
            if (m->state == EVTCHNSTAT_interdomain) {
                CU_ASSERT_EQUAL_FATAL(st.u.interdomain.dom, m->remote);
                CU_ASSERT_EQUAL_FATAL(st.u.interdomain.port, m->remote_port);
            }
        }
}

static unsigned int model_free_port(unsigned int d)
{
    for (unsigned int p = 1; p <= PORTS; p++)
        if (model[d][p].state == EVTCHNSTAT_closed)
            return p;
    return 0;
}

/* The guest takes what is pending, so that each send can be seen. */
static void guest_consumes(unsigned int d)
{
    for (unsigned int p = 1; p <= PORTS; p++)
        model[d][p].pending = false;
    memset(shared[d].evtchn_pending, 0, sizeof(shared[d].evtchn_pending));
    for (unsigned int i = 0; i < VCPUS; i++) {
        infos[d][i].evtchn_pending_sel = 0;
        infos[d][i].evtchn_upcall_pending = 0;
    }
}

static void step_alloc(unsigned int d)
{
    unsigned int expect = model_free_port(d), remote = (unsigned int)unit_random() % DOMAINS;
    struct evtchn_alloc_unbound op = {.dom = DOMID_SELF, .remote_dom = (domid_t)remote};
    op.dom = (domid_t)d;
    CU_ASSERT_EQUAL_FATAL(event_alloc_unbound(&domains[d], &op), expect ? 0 : -ENOSPC);
    if (expect) {
        CU_ASSERT_EQUAL_FATAL(op.port, expect);
        model[d][expect] = (struct model){.state = EVTCHNSTAT_unbound, .remote = remote};
    }
}

static void step_bind(unsigned int d)
{
    unsigned int rd = (unsigned int)unit_random() % DOMAINS, rp = (unsigned int)unit_random() % (PORTS + 2);
    bool good = rp >= 1 && rp <= PORTS && model[rd][rp].state == EVTCHNSTAT_unbound && model[rd][rp].remote == d;
    unsigned int expect = model_free_port(d);
    struct evtchn_bind_interdomain op = {.remote_dom = (domid_t)rd, .remote_port = rp};
    CU_ASSERT_EQUAL_FATAL(event_bind_interdomain(&domains[d], &op), !good ? -EINVAL : expect ? 0 : -ENOSPC);
    if (!good || !expect)
        return;
    CU_ASSERT_EQUAL_FATAL(op.local_port, expect);
    model[d][expect] =
        (struct model){.state = EVTCHNSTAT_interdomain, .remote = rd, .remote_port = rp, .pending = true};
    model[rd][rp].state = EVTCHNSTAT_interdomain;
    model[rd][rp].remote = d;
    model[rd][rp].remote_port = expect;
}

static void step_virq_ipi(unsigned int d)
{
    unsigned int expect = model_free_port(d), vcpu = (unsigned int)unit_random() % VCPUS;
    if (unit_random() & 1) {
        struct evtchn_bind_ipi op = {.vcpu = vcpu};
        CU_ASSERT_EQUAL_FATAL(event_bind_ipi(&vcpus[d][0], &op), expect ? 0 : -ENOSPC);
        if (expect)
            model[d][expect] = (struct model){.state = EVTCHNSTAT_ipi, .vcpu = vcpu};
        return;
    }
    bool bound = false;
    for (unsigned int p = 1; p <= PORTS; p++)
        bound |= model[d][p].state == EVTCHNSTAT_virq && model[d][p].vcpu == vcpu;
    struct evtchn_bind_virq op = {.virq = VIRQ_TIMER, .vcpu = vcpu};
    CU_ASSERT_EQUAL_FATAL(event_bind_virq(&vcpus[d][0], &op), bound ? -EEXIST : expect ? 0 : -ENOSPC);
    if (!bound && expect)
        model[d][expect] = (struct model){.state = EVTCHNSTAT_virq, .vcpu = vcpu, .number = VIRQ_TIMER};
}

static void step_close(unsigned int d)
{
    unsigned int p = (unsigned int)unit_random() % (PORTS + 2);
    bool good = p >= 1 && p <= PORTS && model[d][p].state != EVTCHNSTAT_closed;
    CU_ASSERT_EQUAL_FATAL(event_close(&domains[d], p), good ? 0 : -EINVAL);
    if (!good)
        return;
    struct model *m = &model[d][p];
    if (m->state == EVTCHNSTAT_interdomain) {
        struct model *rm = &model[m->remote][m->remote_port];
        rm->state = EVTCHNSTAT_unbound;
        rm->remote = d;
    }
    *m = (struct model){0};
}

static void step_send(unsigned int d)
{
    unsigned int p = (unsigned int)unit_random() % (PORTS + 2);
    const struct model *m = p >= 1 && p <= PORTS ? &model[d][p] : NULL;
    bool good =
        m && (m->state == EVTCHNSTAT_interdomain || m->state == EVTCHNSTAT_ipi || m->state == EVTCHNSTAT_unbound);
    unsigned int td = d, tp = p;
    if (good && m->state == EVTCHNSTAT_interdomain) {
        td = m->remote;
        tp = m->remote_port;
    }
    guest_consumes(td);
    bool masked = unit_random() & 1;
    if (good && masked)
        shared[td].evtchn_mask[tp / 64] |= 1ULL << (tp % 64);
    unsigned int before = good ? kicks[td][model[td][tp].vcpu] : 0;
    CU_ASSERT_EQUAL_FATAL(event_send(&domains[d], p), good ? 0 : -EINVAL);
    if (!good || m->state == EVTCHNSTAT_unbound) {
        memset(shared[td].evtchn_mask, 0, sizeof(shared[td].evtchn_mask));
        return;
    }
    unsigned int v = model[td][tp].vcpu;
    model[td][tp].pending = true;
    CU_ASSERT_EQUAL_FATAL(kicks[td][v] - before, masked ? 0 : 1);
    CU_ASSERT_EQUAL_FATAL(infos[td][v].evtchn_upcall_pending, !masked);
    if (masked) { /* unmasking delivers what was held back */
        CU_ASSERT_EQUAL_FATAL(event_unmask(&domains[td], tp), 0);
        CU_ASSERT_EQUAL_FATAL(kicks[td][v] - before, 1);
        CU_ASSERT_EQUAL_FATAL(shared[td].evtchn_mask[tp / 64], 0);
    }
    CU_ASSERT_EQUAL_FATAL(event_send(&domains[d], p), 0); /* pending already: no second upcall */
    CU_ASSERT_EQUAL_FATAL(kicks[td][v] - before, 1);
}

static void step_move(unsigned int d)
{
    unsigned int p = (unsigned int)unit_random() % (PORTS + 2), vcpu = (unsigned int)unit_random() % (VCPUS + 1);
    struct model *m = p >= 1 && p <= PORTS ? &model[d][p] : NULL;
    bool good = m && (m->state == EVTCHNSTAT_unbound || m->state == EVTCHNSTAT_interdomain);
    CU_ASSERT_EQUAL_FATAL(event_bind_vcpu(&domains[d], p, vcpu), vcpu >= VCPUS ? -ENOENT : good ? 0 : -EINVAL);
    if (good && vcpu < VCPUS)
        m->vcpu = vcpu;
}

static void test_random(void)
{
    static void (*const step[])(unsigned int d) = {step_alloc, step_bind, step_virq_ipi, step_close, step_send,
                                                   step_send,  step_bind, step_move,     step_close};
    setup();
    for (unsigned int i = 0; i < 30000; i++) {
        step[(unsigned int)unit_random() % (sizeof(step) / sizeof(step[0]))]((unsigned int)unit_random() % DOMAINS);
        check_all();
    }
    teardown();
}

static void test_rights(void)
{
    setup();
    struct evtchn_alloc_unbound op = {.dom = 2, .remote_dom = 1};
    CU_ASSERT_EQUAL(event_alloc_unbound(&domains[1], &op), -EPERM);
    CU_ASSERT_EQUAL(event_alloc_unbound(&domains[0], &op), 0);
    op.dom = 77;
    CU_ASSERT_EQUAL(event_alloc_unbound(&domains[1], &op), -ESRCH);
    struct evtchn_status st = {.dom = 2, .port = 1};
    CU_ASSERT_EQUAL(event_status(&domains[1], &st), -EPERM);
    struct evtchn_bind_interdomain bind = {.remote_dom = 2, .remote_port = 1};
    CU_ASSERT_EQUAL(event_bind_interdomain(&domains[0], &bind), -EINVAL); /* it is meant for domain 1 */
    CU_ASSERT_EQUAL(event_bind_interdomain(&domains[1], &bind), 0);
    struct evtchn_bind_virq virq = {.virq = VIRQ_CONSOLE, .vcpu = 1};
    CU_ASSERT_EQUAL(event_bind_virq(&vcpus[0][0], &virq), -EINVAL); /* global ones belong to vCPU 0 */
    virq.virq = NR_VIRQS;
    CU_ASSERT_EQUAL(event_bind_virq(&vcpus[0][0], &virq), -EINVAL);
    teardown();
}

/* As many ports as there are tools that wait, closed in any order; each hears it once. */
static void test_memory(void)
{
    struct evtchn_bind_virq op[3];
    setup();
    domains[0].privileged = true;
    event_send_memory(); /* to nobody */
    for (unsigned int i = 0; i < 3; i++) {
        op[i] = (struct evtchn_bind_virq){.virq = VIRQ_MEMORY, .vcpu = 0};
        CU_ASSERT_EQUAL_FATAL(event_bind_virq(&vcpus[0][0], &op[i]), 0);
    }
    event_send_memory();
    for (unsigned int i = 0; i < 3; i++)
        CU_ASSERT(event_port_pending(&domains[0], op[i].port));
    CU_ASSERT_EQUAL(event_close(&domains[0], op[1].port), 0);
    CU_ASSERT_EQUAL(event_close(&domains[0], op[2].port), 0);
    shared[0].evtchn_pending[0] = 0;
    event_send_memory();
    CU_ASSERT(event_port_pending(&domains[0], op[0].port));
    CU_ASSERT_FALSE(event_port_pending(&domains[0], op[1].port));
    CU_ASSERT_FALSE(event_port_pending(&domains[0], op[2].port));
    CU_ASSERT_EQUAL(event_close(&domains[0], op[0].port), 0);
    event_send_memory();
    CU_ASSERT_EQUAL(shared[0].evtchn_pending[0], 0);
    domains[0].privileged = false;
    op[0] = (struct evtchn_bind_virq){.virq = VIRQ_MEMORY, .vcpu = 0};
    CU_ASSERT_EQUAL(event_bind_virq(&vcpus[1][0], &op[0]), 0);
    CU_ASSERT_EQUAL(event_bind_virq(&vcpus[1][0], &op[0]), -EEXIST); /* guests have no use for it */
    teardown();
}

static void test_pirq(void)
{
    setup();
    struct evtchn_bind_pirq op = {.pirq = 5};
    CU_ASSERT_EQUAL(event_bind_pirq(&domains[0], &op), 0);
    event_port_t port = op.port;
    CU_ASSERT_EQUAL(event_bind_pirq(&domains[0], &op), -EEXIST);
    op.pirq = 16;
    CU_ASSERT_EQUAL(event_bind_pirq(&domains[0], &op), -EINVAL);
    event_send_pirq(&domains[0], 5, port);
    CU_ASSERT(event_port_pending(&domains[0], port));
    CU_ASSERT_EQUAL(event_send(&domains[0], port), -EINVAL);
    CU_ASSERT_EQUAL(event_close(&domains[0], port), 0);
    CU_ASSERT_EQUAL(pirq_port[0][5], 0);
    CU_ASSERT_FALSE(event_port_pending(&domains[0], port));
    teardown();
}

int main(void)
{
    CU_TestInfo cases[] = {{"random operations against a model", test_random},
                           {"rights and arguments", test_rights},
                           {"physical interrupts", test_pirq},
                           {"changes of memory", test_memory},
                           CU_TEST_INFO_NULL};
    return unit_run("event_channel", cases);
}
