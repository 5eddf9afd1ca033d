/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See domains.h: domains in the journal. */
#include "xenstore/domain.h"
#include "xenstore/memory.h"
#include "xenstore/request.h"
#include "xenstore/transaction.h"
#include <stdlib.h>
#include <string.h>

static void write_domain(const struct domain *domain, struct journal *journal)
{
    const struct ring *ring = &domain->ring;
    const struct connection *connection = &ring->connection;
    const struct output *out = &connection->out;
    unsigned domid = connection->actor.domid;
    const struct record_ring indices = {ring->request_consumed - (uint32_t)ring->in_length, ring->reply_produced};

    journal_put(journal, RECORD_DOMAIN, domid, &domain->state, sizeof(domain->state), NULL, 0);
    journal_put(journal, RECORD_RING, domid, &indices, sizeof(indices), NULL, 0);
    if (ring->reset_due)
        journal_put(journal, RECORD_RESET_DUE, domid, &(const uint8_t){1}, 1, NULL, 0);
    if (ring->in_length)
        journal_put(journal, RECORD_INPUT, domid, ring->in, ring->in_length, NULL, 0);
    if (output_waiting(out))
        journal_put(journal, RECORD_OUTPUT, domid, out->bytes + out->start, output_waiting(out), NULL, 0);
    for (const struct watch *watch = connection->watches; watch; watch = watch->next_own)
        journal_put(journal, RECORD_WATCH, domid, watch->text + watch->hidden, watch->name_length - watch->hidden,
                    watch->text + watch->name_length + 1, watch->token_length);
    for (const struct transaction *t = connection->transactions; t; t = t->next)
        journal_put(journal, RECORD_TRANSACTION_START, domid, &t->id, sizeof(t->id), NULL, 0);
}

void domains_write_state(const struct domains *domains, struct journal *journal)
{
    for (unsigned domid = 0; domid < domains->highest; domid++)
        if (domains_find_introduced(domains, domid))
            write_domain(domains->by_id[domid], journal);
}

/* Watches are played as the client gave them, relative names too. */
static bool play_watch(struct domain *domain, const struct journal_record *record)
{
    struct connection *connection = &domain->ring.connection;
    struct request request = {.connection = connection, .store = connection->store};
    struct wire_string full = {record->a, record->a_length};
    struct watch_index *index = &connection->store->watches;
    struct request_name name;
    unsigned hidden = 0;

    if (full.length && full.text[0] != '@') {
        if (request_get_name(&request, &full, &name, &hidden))
            return false;
        full = (struct wire_string){name.path.text, name.path.length};
    }
    if (record->type == RECORD_WATCH) {
        watch_add(index, connection, full.text, full.length, record->b, record->b_length, hidden);
        return true;
    }
    struct watch *watch = watch_find(index, connection, full.text, full.length, record->b, record->b_length);
    if (watch)
        watch_remove(index, watch);
    return watch != NULL;
}

static bool play_transaction(struct domain *domain, const struct journal_record *record)
{
    struct connection *connection = &domain->ring.connection;
    uint32_t id;

    if (record->a_length != sizeof(id))
        return false;
    memcpy(&id, record->a, sizeof(id));
    struct transaction *transaction = transaction_find(connection, id);
    if (record->type == RECORD_TRANSACTION_END) {
        if (transaction)
            transaction_abort(connection, transaction);
        return transaction != NULL;
    }
    if (transaction || !id)
        return false;
    transaction_start(connection, id)->doomed = true;
    if (id > connection->last_transaction)
        connection->last_transaction = id;
    return true;
}

static bool play_ring(struct domain *domain, const struct journal_record *record)
{
    struct ring *ring = &domain->ring;
    struct record_ring indices;

    switch (record->type) {
    case RECORD_RING:
        if (record->a_length != sizeof(indices))
            return false;
        memcpy(&indices, record->a, sizeof(indices));
        ring->request_consumed = indices.request_consumed;
        ring->reply_produced = indices.reply_produced;
        ring->in_length = 0;
        output_free(&ring->connection.out);
        return true;
    case RECORD_INPUT:
        if (record->a_length > sizeof(ring->in) - ring->in_length)
            return false;
        memcpy(ring->in + ring->in_length, record->a, record->a_length);
        ring->in_length += record->a_length;
        ring->request_consumed += record->a_length;
        return true;
    case RECORD_CONSUMED:
        if (record->a_length != sizeof(ring->request_consumed))
            return false;
        memcpy(&ring->request_consumed, record->a, sizeof(ring->request_consumed));
        ring->in_length = 0;
        return true;
    case RECORD_RESET_DUE:
        if (record->a_length != 1)
            return false;
        ring->reset_due = record->a[0];
        return true;
    default:
        output_append(&ring->connection.out, record->a, record->a_length, record->b, record->b_length);
        return true;
    }
}

static bool play_domain(struct domains *domains, const struct journal_record *record)
{
    struct domain *domain = domains_find(domains, record->domid);

    if (record->a_length != sizeof(domain->state) || record->domid >= QUOTA_DOMAINS)
        return false;
    if (!domain)
        domain = domains_make(domains, record->domid);
    memcpy(&domain->state, record->a, sizeof(domain->state));
    domain->ring.connection.actor.target = domain->state.target;
    return true;
}

static void play_forget(struct domains *domains, unsigned domid)
{
    struct domain *domain = domains_find(domains, domid);

    if (domain) {
        connection_close(&domain->ring.connection);
        domains->by_id[domid] = NULL;
        free(domain);
    }
    store_forget_domain(domains->store, domid);
}

bool domains_play(struct domains *domains, const struct journal_record *record)
{
    struct domain *domain = domains_find(domains, record->domid);

    if (record->type == RECORD_FORGET && record->domid) {
        play_forget(domains, record->domid);
        return true;
    }
    if (record->type == RECORD_DOMAIN)
        return play_domain(domains, record);
    if (!domain)
        return false;
    switch (record->type) {
    case RECORD_WATCH:
    case RECORD_UNWATCH:
        return play_watch(domain, record);
    case RECORD_RESET:
        connection_reset_watches(&domain->ring.connection);
        return true;
    case RECORD_TRANSACTION_START:
    case RECORD_TRANSACTION_END:
        return play_transaction(domain, record);
    case RECORD_RING:
    case RECORD_INPUT:
    case RECORD_CONSUMED:
    case RECORD_RESET_DUE:
    case RECORD_OUTPUT:
        return play_ring(domain, record);
    default:
        return false;
    }
}
