/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What survives the server: a file in memory (tmpfs, /run/xenstored/journal), mapped, to which each change is appended
 * before anybody hears of it. The page cache keeps it when the server is killed, and its successor plays it back.
 *
 * The file is a header and two areas of equal size. One area is active: its records, from its beginning to the mark in
 * the header, are the state. What is appended counts only when journal_commit moves the mark, with one store, so all
 * that one request did is there or nothing of it. When the area is full, the whole state is written to the other one
 * and the header switched over, again with one store. When even that is too little, a larger file takes the old one's
 * name. No system call is made for any of this in the common case.
 *
 * A record has a type, a domain and two strings of bytes, whose meaning is the recorder's (recovery.c plays them back).
 * All functions do nothing with a NULL journal: so the core runs without one in tests.
 */
#ifndef HAVEN_XENSTORE_JOURNAL_H
#define HAVEN_XENSTORE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum record_type {
    RECORD_NODE = 1,          /* path; permissions and value: only in a full state */
    RECORD_WRITE,             /* path; value; domain: who owns what is created (RECORD_INHERIT: like the parent) */
    RECORD_MKDIR,             /* path; as above */
    RECORD_REMOVE,            /* path */
    RECORD_PERMS,             /* path; permissions */
    RECORD_FORGET,            /* the domain is gone, with its nodes, entries in permissions, watches and ring */
    RECORD_WATCH,             /* name as the client gave it; token */
    RECORD_UNWATCH,           /* the same */
    RECORD_RESET,             /* the client's watches and transactions are dropped */
    RECORD_TRANSACTION_START, /* number */
    RECORD_TRANSACTION_END,   /* number */
    RECORD_OUTPUT,            /* header; payload: one message queued to the domain's ring, or an unsent rest */
    RECORD_INPUT,             /* bytes taken from the ring that are only part of a message */
    RECORD_RING,              /* struct record_ring: where the ring stands when there is nothing queued */
    RECORD_CONSUMED,          /* index of the ring up to which requests are done */
    RECORD_DOMAIN,            /* struct record_domain: introduced, or its state has changed */
    RECORD_QUOTA,             /* number of the kind in domain; value */
    RECORD_SPECIAL,           /* 0: @introduceDomain, 1: @releaseDomain in domain; permissions */
    RECORD_RESET_DUE,         /* one byte, 1: the domain's page is still to be emptied, as its ring is; 0: done */
};
#define RECORD_INHERIT 0xffff

struct record_ring {
    uint32_t request_consumed, reply_produced;
};

struct record_domain {
    uint64_t gfn;
    uint32_t port;
    uint16_t target;
    uint8_t introduced, shutdown;
};

struct journal;

struct journal_record {
    uint16_t type, domid;
    const char *a, *b;
    uint32_t a_length, b_length;
};

/* Opens the file, or makes it; *found says whether it holds a state. boot: the identity of this boot of the machine; a
 * file from another one is not taken. write_state writes all records anew when the journal asks for it. NULL with
 * errno. */
struct journal *journal_open(const char *path, const char *boot, void (*write_state)(void *context), void *context,
                             bool *found);
void journal_close(struct journal *journal);

/* How often this state was taken over: the nth server of this boot gets n. */
uint32_t journal_life(const struct journal *journal);

/* Calls play for each record of the state; false if one was damaged or refused. */
bool journal_play(struct journal *journal, bool (*play)(void *context, const struct journal_record *record),
                  void *context);

void journal_put(struct journal *journal, enum record_type type, unsigned domid, const void *a, size_t a_length,
                 const void *b, size_t b_length);
/* Makes what was put count. Before it returns nothing of it may be seen outside. */
void journal_commit(struct journal *journal);
/* Writes the whole state anew, now. */
void journal_compact(struct journal *journal);

#endif
