/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options are words "name=value", "name" or "no-name"; the table below is all there are. Names and meanings are Xen's,
 * so that a boot entry made for Xen works: what it gives beyond this table is reported and ignored.
 */
#include "boot/options.h"
#include "lib/option.h"
#include "lib/string.h"

/* Each parser returns false when the value makes no sense. */
struct option {
    const char *name;
    bool (*parse)(const char *value, void *field, size_t size);
    size_t offset, size;
};

static bool parse_text(const char *value, void *field, size_t size)
{
    string_copy(field, value, size);
    return true;
}

/* "noreboot", "noreboot=yes", "noreboot=0" */
static bool parse_flag(const char *value, void *field, size_t size)
{
    static const struct {
        const char *word;
        bool on;
    } words[] = {{"", true},   {"1", true},   {"yes", true},  {"on", true},     {"true", true},    {"enable", true},
                 {"0", false}, {"no", false}, {"off", false}, {"false", false}, {"disable", false}};

    (void)size;
    for (unsigned int i = 0; i < ARRAY_SIZE(words); i++) {
        if (strcmp(value, words[i].word) == 0) {
            *(bool *)field = words[i].on;
            return true;
        }
    }
    return false;
}

/* Sizes without a unit are KiB; "512B" are bytes. Returns where it stopped, NULL if there was no number. */
static const char *amount_from(const char *s, struct memory_amount *out)
{
    const char *end;
    bool all_but = *s == '-';

    s += all_but;
    if (*s < '0' || *s > '9')
        return NULL;
    uint64_t bytes = option_parse_size(s, &end);
    if (end[-1] >= '0' && end[-1] <= '9') {
        if (*end == 'B' || *end == 'b') {
            end++;
        } else if (bytes >= 1ULL << 52) {
            return NULL;
        } else {
            bytes <<= 10;
        }
    }
    *out = (struct memory_amount){true, all_but, bytes};
    return end;
}

/* dom0_mem=[min:SIZE,][max:SIZE,][SIZE], in any order */
static bool parse_dom0_memory(const char *value, void *field, size_t size)
{
    struct memory_amount *amount = field; /* plain, min, max in this order in struct boot_options */
    struct memory_amount read[3] = {{0}};

    (void)size;
    for (;;) {
        unsigned int which = 0;
        if (strncmp(value, "min:", 4) == 0)
            which = 1;
        else if (strncmp(value, "max:", 4) == 0)
            which = 2;
        value = amount_from(value + (which ? 4 : 0), &read[which]);
        if (!value || (*value && *value != ','))
            return false;
        if (!*value)
            break;
        value++;
    }
    memcpy(amount, read, sizeof(read));
    return true;
}

_Static_assert(offsetof(struct boot_options, dom0_mem_max) ==
                   offsetof(struct boot_options, dom0_mem) + 2 * sizeof(struct memory_amount),
               "parse_dom0_memory fills three at once");

static const char *number_from(const char *s, unsigned int *out)
{
    unsigned int n = 0;

    if (*s < '0' || *s > '9')
        return NULL;
    for (; *s >= '0' && *s <= '9'; s++) {
        if (n > 100000)
            return NULL;
        n = n * 10 + (unsigned int)(*s - '0');
    }
    *out = n;
    return s;
}

/* "N": exactly; "MIN-MAX", "MIN-", "-MAX": the number of CPUs, within these */
static bool parse_dom0_max_vcpus(const char *value, void *field, size_t size)
{
    unsigned int *out = field; /* minimum, maximum */
    unsigned int min = 0, max = 0;

    (void)size;
    if (*value != '-') {
        value = number_from(value, &min);
        if (!value || !min)
            return false;
        max = *value ? 0 : min;
    }
    if (*value == '-' && *++value) {
        value = number_from(value, &max);
        if (!value || !max || max < min)
            return false;
    }
    if (*value)
        return false;
    out[0] = min;
    out[1] = max;
    return true;
}

_Static_assert(offsetof(struct boot_options, dom0_max_vcpus) ==
                   offsetof(struct boot_options, dom0_max_vcpus_min) + sizeof(unsigned int),
               "parse_dom0_max_vcpus fills both");

#define FIELD(m) offsetof(struct boot_options, m), sizeof(((struct boot_options *)0)->m)

static const struct option options[] = {
    {"console", parse_text, FIELD(console)},
    {"com1", parse_text, FIELD(com1)},
    {"com2", parse_text, FIELD(com2)},
    {"loglvl", parse_text, FIELD(loglvl)},
    {"guest_loglvl", parse_text, FIELD(guest_loglvl)},
    {"dom0_mem", parse_dom0_memory, FIELD(dom0_mem)},
    {"dom0_max_vcpus", parse_dom0_max_vcpus, FIELD(dom0_max_vcpus_min)},
    {"noreboot", parse_flag, FIELD(noreboot)},
    {"nosmp", parse_flag, FIELD(nosmp)},
};

static const struct option *option_find(const char *word, size_t length)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(options); i++)
        if (strlen(options[i].name) == length && memcmp(options[i].name, word, length) == 0)
            return &options[i];
    return NULL;
}

static void parse_word(const char *word, struct boot_options *o, void (*complain)(const char *what, const char *word))
{
    const char *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) : strlen(word);
    const struct option *option = option_find(word, length);
    const char *wrong = NULL;

    if (!option)
        wrong = "unknown option ignored";
    else if (!option->parse(equals ? equals + 1 : "", (char *)o + option->offset, option->size))
        wrong = "option without a sensible value ignored";
    if (wrong && complain)
        complain(wrong, word);
}

void options_parse(const char *line, struct boot_options *o, void (*complain)(const char *what, const char *word))
{
    char word[256];

    *o = (struct boot_options){0};
    while (option_next_word(&line, word, sizeof(word))) {
        /* Debian's GRUB entries give this in place of the file name, which GRUB 2 does not pass. */
        if (strcmp(word, "placeholder") != 0)
            parse_word(word, o, complain);
    }
}

void options_serial_line(const struct boot_options *o, char *out, size_t size)
{
    const char *line = "com1", *setting = o->com1;

    for (const char *s = o->console; *s; s++) {
        bool first = s == o->console || s[-1] == ',';
        if (first && strncmp(s, "com1", 4) == 0)
            break;
        if (first && strncmp(s, "com2", 4) == 0) {
            line = "com2";
            setting = o->com2;
            break;
        }
    }
    size_t length = string_copy(out, line, size);
    if (*setting && length + 1 < size) {
        out[length] = '=';
        string_copy(out + length + 1, setting, size - length - 1);
    }
}
