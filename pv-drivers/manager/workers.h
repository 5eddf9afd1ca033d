/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The worker processes: one for each guest and program (hvblock, hvnet, ...). A process is started when the first
 * device is opened, ended when the last is not connected any more, and started again when one is to be connected. What
 * it was doing when it died is in the rings.
 *
 * One that dies is started again; at once the first time, later after a growing pause. If it dies of its own fault
 * (not by SIGKILL) again and again soon after its start, it is not started any more, and its devices are told so.
 */
#ifndef HAVEN_PV_DRIVERS_MANAGER_WORKERS_H
#define HAVEN_PV_DRIVERS_MANAGER_WORKERS_H

#include "common/event_loop.h"
#include "manager/device_kind.h"

#include <sys/types.h>

struct workers;

struct worker_process {
    struct workers *all;
    struct worker_process *next;
    const char *name; /* of the program */
    unsigned domid;
    pid_t pid;                    /* 0: none */
    bool ending;                  /* its socket is closed, its death is awaited */
    unsigned links;               /* devices that it has, or is about to have or to lose */
    int64_t started_ns;           /* the last one */
    unsigned deaths;              /* in a row, soon after the start */
    unsigned crashes;             /* those not by SIGKILL */
    char broken[WORKER_TEXT_MAX]; /* why it is not started any more; empty: it is */
    struct event_source socket, process;
    struct event_timer pause; /* before it is started again */
};

struct workers {
    struct event_loop *loop;
    const char *folder; /* of the programs; NULL: beside this one, or where they are installed */
    struct worker_process *first;
    /* A message of one; one that died (all its devices are let go); one that may be started again. */
    void (*message)(struct worker_process *worker, const struct worker_message *m);
    void (*died)(struct worker_process *worker, const char *how);
    void (*may_start)(struct worker_process *worker);
};

/* The record of a guest's worker, made if there is none; NULL without memory. */
struct worker_process *workers_get(struct workers *all, const char *name, unsigned domid);
struct worker_process *workers_find(struct workers *all, const char *name, unsigned domid);
/* 0: it runs; 1: it will, may_start tells when to ask again; -1: the reason. */
int worker_process_run(struct worker_process *worker, struct failure *failure);
/* One more, one less device. The last one ends the process. */
void worker_process_link(struct worker_process *worker);
void worker_process_unlink(struct worker_process *worker);
int worker_process_send(struct worker_process *worker, const struct worker_message *m, const int *files,
                        unsigned count);
/* At once; died is called when it is gone. kill is for one that hangs, and counts; end for one whose guest is gone. */
void worker_process_kill(struct worker_process *worker);
void worker_process_end(struct worker_process *worker);
/* A front end began anew: one that is broken may be tried once more. */
void worker_process_forgive(struct worker_process *worker);
/* Frees the record of a guest without devices; if there is a process, ends that first (ask again when it died). */
void worker_process_forget(struct worker_process *worker);
/* Kills all and waits for their end. */
void workers_end(struct workers *all);

#endif
