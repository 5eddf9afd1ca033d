/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one table of all keys of a guest's configuration: what is made of each. */
#ifndef HAVEN_CONFIG_KEYS_H
#define HAVEN_CONFIG_KEYS_H

#include <stddef.h>
#include <stdint.h>

enum key_kind {
    /* Set a field of struct guest_config at the offset. */
    KEY_NUMBER,  /* uint32_t, from min to max */
    KEY_INTEGER, /* int32_t, from min to max */
    KEY_BOOL,    /* bool */
    KEY_STRING,  /* char * */
    KEY_ACTION,  /* enum guest_action */
    /* Other: */
    KEY_SPECIAL,  /* read by name, because of its shape or because it depends on others */
    KEY_HARMLESS, /* known to xl; without it the guest is the same, or nearly: a warning */
    KEY_OFF,      /* known to xl; refused unless it is off: 0, "" or [] */
    KEY_REFUSED,  /* known to xl, refused */
};

struct config_key {
    const char *name;
    enum key_kind kind;
    size_t offset;
    int64_t min, max;
    const char *note; /* why it is ignored or refused; NULL: it just is not supported */
};

extern const struct config_key config_keys[];
extern const unsigned int config_keys_count;

/* NULL when nobody knows the key. */
const struct config_key *config_key_find(const char *name);
/* The known key that is most like name, NULL when none is. */
const struct config_key *config_key_similar(const char *name);

#endif
