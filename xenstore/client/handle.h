/* SPDX-License-Identifier: MIT */
/*
 * What the files of the library share: the handle, and the functions between them.  Programs see <xenstore.h> alone;
 * the linker script hides all of this, and in the static archive the names' prefixes keep it apart.
 *
 * A handle is one connection to the store.  Requests go one at a time: whoever holds request_mutex writes a request and
 * waits for its reply.  Who reads the connection depends:
 *   - before the first watch, the thread that waits for the reply (it holds request_mutex);
 *   - afterwards the reader thread, alone, so that events arrive while nobody asks for anything.
 * A connection that broke, or on which the store broke the protocol, is dead for good: it is shut down, everyone who
 * waits is woken, and each later request fails with EBADF.  Its descriptor is only closed with the handle, so that no
 * thread can use a number that means another file by then.
 *
 * Locks: request_mutex before state_mutex.
 */
#ifndef HAVEN_XENSTORE_CLIENT_HANDLE_H
#define HAVEN_XENSTORE_CLIENT_HANDLE_H

#include "client/inbox.h"
#include "client/reply.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>
#include <xenstore.h>

/*
 * libxentoolcore keeps a list of open handles, so that a program can give up its rights on all of them at once.  Its
 * interface for libraries is exported but has no installed header; this is what it links into its list.
 */
struct xs_active_handle {
    int (*restrict_callback)(struct xs_active_handle *active, uint16_t domid);
    void *list_next, *list_previous;
};

struct xs_handle {
    struct xs_active_handle active; /* first: restrict_callback gets its address */

    /* Set on opening, never changed. */
    int fd;
    bool is_socket;
    bool unwatch_filter;

    pthread_mutex_t request_mutex;
    /* Under request_mutex: */
    bool reader_runs;
    pthread_t reader;
    int stop_fd; /* an eventfd: tells the reader thread to end */
    uint32_t last_request;

    struct xs_inbox inbox; /* for whoever reads the connection, see above */

    pthread_mutex_t state_mutex;
    /* Under state_mutex: */
    pthread_cond_t reply_arrived, event_arrived;
    bool dead, death_told;
    bool reply_ready;
    struct xsd_sockmsg reply_header;
    char *reply_body;
    struct xs_event *first_event, **last_event;
    int event_fd;         /* an eventfd for xs_fileno(), or -1 as long as nobody asked */
    bool event_signalled; /* it is readable */
};

/* connection.c: the bytes. */
bool xs_connection_send(struct xs_handle *h, const void *bytes, size_t length);
/* Waits for bytes and delivers the messages that are complete by then. */
bool xs_connection_receive(struct xs_handle *h);
void xs_connection_mark_dead(struct xs_handle *h);

/* event.c: both called with state_mutex held. */
void xs_event_queue(struct xs_handle *h, struct xs_event *event);
void xs_event_signal(struct xs_handle *h);
/* Ends the reader thread, if there is one; no lock is held. */
void xs_event_stop_reader(struct xs_handle *h);
void xs_event_free_all(struct xs_handle *h);

/* talk.c */
/* One request and its reply: a string on the heap, terminated by a null byte behind its *length bytes, or NULL. */
char *xs_talk(struct xs_handle *h, xs_transaction_t transaction, enum xsd_sockmsg_type type, const struct iovec *parts,
              unsigned int count, unsigned int *length);
/* The same with strings as parts, each sent with its null byte. */
char *xs_talk_strings(struct xs_handle *h, xs_transaction_t transaction, enum xsd_sockmsg_type type,
                      const char *const *strings, unsigned int count, unsigned int *length);
/* The same for requests that are answered by "OK". */
bool xs_talk_ok(struct xs_handle *h, xs_transaction_t transaction, enum xsd_sockmsg_type type,
                const char *const *strings, unsigned int count);
/* Frees a reply whose content says nothing; false when there is none. */
bool xs_talk_done(char *reply);

/* Keeps errno, which tells the caller's caller what went wrong. */
void xs_free_keeping_errno(void *p);

#endif
