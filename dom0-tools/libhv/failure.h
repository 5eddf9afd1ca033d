/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why something could not be done, as one line for a person: what, where, and what to do about it. Libraries fill it in
 * and return -1; commands print it. The first reason stays: what fails while undoing does not hide it.
 */
#ifndef HAVEN_LIBHV_FAILURE_H
#define HAVEN_LIBHV_FAILURE_H

struct failure {
    char text[400]; /* empty: nothing failed */
};

/* Both return -1, for "return failure_set(...)"; _errno appends ": " and the text of errno. */
int failure_set(struct failure *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
int failure_errno(struct failure *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
