/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the journal's records mean: the whole state written as records, and records played back into a store. */
#ifndef HAVEN_XENSTORE_RECOVERY_H
#define HAVEN_XENSTORE_RECOVERY_H

#include "xenstore/journal.h"
#include "xenstore/store.h"

struct domains;

struct recovery {
    struct store *store;
    struct domains *domains; /* NULL: none */
};

/* Both take a struct recovery. */
void recovery_write_state(void *context);
bool recovery_play(void *context, const struct journal_record *record);

#endif
