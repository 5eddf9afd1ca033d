/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See disk.h. A specification is read from left to right, one parameter at a time:
 *
 *   blanks                  before a parameter are skipped
 *   target=...              takes all that is left of the string
 *   PREFIX:                 of older tools, at the start of a parameter (phy:, tap:aio:qcow2:, ...): the ones that name
 *                           a format set it, the ones that name a script are refused, the others mean nothing. After
 *                           a prefix the positional parameters are target, vdev, access: there is no format among them
 *   KEY=VALUE, FLAG         up to the next comma
 *   anything else           is the next positional parameter that has no value yet: target, format, vdev, access. An
 *                           empty one leaves its place at the default
 *
 * A parameter that is given twice is an error, unless the first was empty.
 */
#include "config/disk.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\n"

static const char *const format_names[] = {"raw", "qcow", "qcow2", "vhd", "qed", "vmdk", "vdi", "nbd", "empty"};

struct disk_reader {
    struct disk_config *disk;
    struct spec_error *error;
    unsigned int string;
    const char *text; /* of that string */
    char *target;     /* NULL: not given yet */
    bool had_prefix, format_set, vdev_set, access_set, backend_set, discard_set, failed;
};

const char *disk_format_name(enum disk_format format)
{
    return format_names[format];
}

const char *disk_backend_name(enum disk_backend backend)
{
    return backend == DISK_BACKEND_KERNEL ? "phy" : "haven";
}

static void fail(struct disk_reader *r, const char *at, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void fail(struct disk_reader *r, const char *at, const char *format, ...)
{
    va_list args;

    if (r->failed)
        return;
    r->failed = true;
    va_start(args, format);
    spec_error_set(r->error, r->string, (size_t)(at - r->text), format, args);
    va_end(args);
}

/* ---- numbers of virtual devices ---- */

/* Letters as a number: a is 0, z 25, aa 26; then a partition, which may be missing. -1: something else. */
static int64_t read_letters(const char *text, uint32_t disk_max, uint32_t partition_max, uint32_t *partition)
{
    int64_t disk = -1;
    uint64_t part = 0;

    for (; *text >= 'a' && *text <= 'z'; text++) {
        disk = (disk + 1) * 26 + (*text - 'a');
        if (disk > disk_max)
            return -1;
    }
    if (*text == '0')
        return -1;
    for (; *text >= '0' && *text <= '9'; text++) {
        part = part * 10 + (uint64_t)(*text - '0');
        if (part > partition_max)
            return -1;
    }
    *partition = (uint32_t)part;
    return *text ? -1 : disk;
}

/* A number in C's notation, without sign; *end behind it. -1: none, or too large. */
static int64_t read_c_number(const char *text, char **end)
{
    if (*text < '0' || *text > '9')
        return -1;
    errno = 0;
    unsigned long n = strtoul(text, end, 0);
    return errno || n > INT32_MAX ? -1 : (int64_t)n;
}

static int64_t xen_disk_number(int64_t disk, uint32_t partition)
{
    if (disk <= 15 && partition <= 15)
        return 202 << 8 | disk << 4 | partition;
    return INT64_C(1) << 28 | disk << 8 | partition;
}

/* d3p2; d3 is d3p0. */
static int64_t read_dp(const char *text)
{
    char *end = NULL;
    int64_t disk = read_c_number(text, &end), partition = 0;

    if (disk < 0 || disk >= 1 << 20)
        return -1;
    if (*end == 'p')
        partition = read_c_number(end + 1, &end);
    return partition < 0 || partition > 255 || *end ? -1 : xen_disk_number(disk, (uint32_t)partition);
}

int64_t disk_device_number(const char *vdev)
{
    uint32_t partition;
    int64_t disk;
    char *end = NULL;

    if (strncmp(vdev, "xvd", 3) == 0) {
        disk = read_letters(vdev + 3, (1 << 20) - 1, 255, &partition);
        return disk < 0 ? -1 : xen_disk_number(disk, partition);
    }
    if (strncmp(vdev, "hd", 2) == 0) {
        disk = read_letters(vdev + 2, 3, 63, &partition);
        return disk < 0 ? -1 : (disk < 2 ? 3 : 22) << 8 | (disk & 1) << 6 | partition;
    }
    if (strncmp(vdev, "sd", 2) == 0) {
        disk = read_letters(vdev + 2, 15, 15, &partition);
        return disk < 0 ? -1 : 8 << 8 | disk << 4 | partition;
    }
    if (vdev[0] == 'd')
        return read_dp(vdev + 1);
    disk = read_c_number(vdev, &end);
    return disk < 0 || *end ? -1 : disk;
}

/* ---- values ---- */

static void set_format(struct disk_reader *r, const char *at, const char *value)
{
    enum disk_format format = DISK_RAW;

    if (*value) {
        while (format <= DISK_EMPTY && strcmp(format_names[format], value) != 0)
            format++;
        if (format > DISK_EMPTY) {
            fail(r, at, "format \"%s\" is none of raw, qcow, qcow2, vhd, qed, vmdk, vdi, nbd", value);
            return;
        }
    }
    if (r->format_set && r->disk->format != format)
        fail(r, at, "format is given twice: %s and %s", disk_format_name(r->disk->format), disk_format_name(format));
    r->disk->format = format;
    r->format_set = true;
}

static void set_access(struct disk_reader *r, const char *at, const char *value)
{
    if (r->access_set && *value)
        fail(r, at, "access is given twice");
    else if (strcmp(value, "r") == 0 || strcmp(value, "ro") == 0)
        r->disk->read_only = true;
    else if (*value && strcmp(value, "w") != 0 && strcmp(value, "rw") != 0)
        fail(r, at, "access \"%s\" is none of r, ro, w, rw", value);
    r->access_set |= *value != '\0';
}

static void set_vdev(struct disk_reader *r, const char *at, const char *value)
{
    if (r->vdev_set && r->disk->vdev[0]) {
        fail(r, at, "vdev is given twice");
        return;
    }
    r->vdev_set = true;
    if (strlen(value) > DISK_VDEV_MAX || (*value && disk_device_number(value) < 0))
        fail(r, at, "vdev \"%s\" is no virtual device: expected xvda, xvdb1, hda, sda, d0p1 or a number", value);
    else
        strcpy(r->disk->vdev, value);
}

static void set_target(struct disk_reader *r, const char *at, const char *value)
{
    if (r->target && *r->target) {
        fail(r, at, "target is given twice");
        return;
    }
    free(r->target);
    r->target = strdup(value);
    if (!r->target)
        fail(r, at, "out of memory");
    else if (strlen(value) > DISK_TARGET_MAX - sizeof("/dev"))
        fail(r, at, "target is longer than %zu bytes", DISK_TARGET_MAX - sizeof("/dev"));
}

static void set_devtype(struct disk_reader *r, const char *at, const char *value)
{
    if (strcmp(value, "cdrom") != 0 && strcmp(value, "disk") != 0)
        fail(r, at, "devtype \"%s\" is none of disk, cdrom", value);
    r->disk->cdrom = strcmp(value, "cdrom") == 0;
}

static void set_backend(struct disk_reader *r, const char *at, const char *value)
{
    if (*value && strcmp(value, "0") != 0 && strcmp(value, "Domain-0") != 0)
        fail(r, at, "backend \"%s\" is understood but not supported: disks come from Domain-0", value);
}

static void set_backend_type(struct disk_reader *r, const char *at, const char *value)
{
    bool kernel = strcmp(value, "phy") == 0;

    if (!*value)
        return;
    if (strcmp(value, "standalone") == 0)
        fail(r, at, "backendtype \"standalone\" is understood but not supported: it is for virtio");
    else if (!kernel && strcmp(value, "haven") != 0 && strcmp(value, "qdisk") != 0 && strcmp(value, "tap") != 0)
        fail(r, at, "backendtype \"%s\" is none of haven, phy, qdisk", value);
    else if (r->backend_set && kernel != (r->disk->backend == DISK_BACKEND_KERNEL))
        fail(r, at, "backendtype is given twice");
    r->disk->backend = kernel ? DISK_BACKEND_KERNEL : DISK_BACKEND_HAVEN;
    r->backend_set = true;
}

/* The script that opens files and devices in Xen's tools is what is done here without one. */
static void set_script(struct disk_reader *r, const char *at, const char *value)
{
    if (*value && strcmp(value, "block") != 0 && strcmp(value, "/etc/xen/scripts/block") != 0)
        fail(r, at, "script \"%s\" is understood but not supported: no scripts are run for disks", value);
}

static void set_specification(struct disk_reader *r, const char *at, const char *value)
{
    if (*value && strcmp(value, "xen") != 0)
        fail(r, at, "specification \"%s\" is understood but not supported: expected xen", value);
}

static void refuse_colo(struct disk_reader *r, const char *at, const char *value)
{
    (void)value;
    fail(r, at, "%.*s is understood but not supported: there is no COLO", (int)strcspn(at, "=,"), at);
}

static void refuse_virtio(struct disk_reader *r, const char *at, const char *value)
{
    (void)value;
    fail(r, at, "%.*s is understood but not supported: it is for virtio", (int)strcspn(at, "=,"), at);
}

static const struct {
    const char *name;
    void (*set)(struct disk_reader *r, const char *at, const char *value);
} keys[] = {
    {"format", set_format},       {"access", set_access},
    {"vdev", set_vdev},           {"devtype", set_devtype},
    {"backend", set_backend},     {"backendtype", set_backend_type},
    {"script", set_script},       {"specification", set_specification},
    {"colo-host", refuse_colo},   {"colo-port", refuse_colo},
    {"colo-export", refuse_colo}, {"active-disk", refuse_colo},
    {"hidden-disk", refuse_colo}, {"grant_usage", refuse_virtio},
};

/* True if word is a flag; it is set then. */
static bool set_flag(struct disk_reader *r, const char *at, const char *word)
{
    struct disk_config *d = r->disk;
    const struct {
        const char *name;
        bool *field, value;
    } flags[] = {
        {"cdrom", &d->cdrom, true},         {"direct-io-safe", &d->direct_io_safe, true},
        {"discard", &d->discard, true},     {"no-discard", &d->discard, false},
        {"trusted", &d->trusted, true},     {"untrusted", &d->trusted, false},
        {"removable", &d->removable, true},
    };

    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        if (strcmp(word, flags[i].name) == 0) {
            *flags[i].field = flags[i].value;
            r->discard_set |= flags[i].field == &d->discard;
            return true;
        }
    if (strcmp(word, "colo") == 0)
        refuse_colo(r, at, word);
    return strcmp(word, "colo") == 0 || strcmp(word, "no-colo") == 0;
}

/* ---- parameters ---- */

/* xvda, or hdc:cdrom as older tools wrote. True if it had the colon. */
static bool set_vdev_and_type(struct disk_reader *r, const char *at, char *word)
{
    char *colon = strrchr(word, ':');

    if (colon) {
        *colon = '\0';
        set_devtype(r, at + (colon - word) + 1, colon + 1);
    }
    set_vdev(r, at, word);
    return colon != NULL;
}

static void take_positional(struct disk_reader *r, const char *at, char *word)
{
    if (!r->target) {
        set_target(r, at, word);
    } else if (!r->had_prefix && !r->format_set) {
        if (!*r->target && strchr(word, ':')) { /* ",hdc:cdrom,r": neither target nor format */
            set_vdev_and_type(r, at, word);
            r->disk->format = DISK_EMPTY;
            r->format_set = true;
        } else {
            set_format(r, at, word);
        }
    } else if (!r->vdev_set) {
        set_vdev_and_type(r, at, word);
    } else if (!r->access_set) {
        set_access(r, at, word);
        r->access_set = true; /* also when it is empty: its place is taken */
    } else {
        fail(r, at,
             "\"%s\" is one parameter too many: after target, format, vdev and access come only flags and "
             "key=value",
             word);
    }
}

static void take_key(struct disk_reader *r, const char *at, char *word)
{
    char *equals = strchr(word, '=');

    *equals = '\0';
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (strcmp(word, keys[i].name) == 0) {
            keys[i].set(r, at, equals + 1);
            return;
        }
    fail(r, at, "unknown key \"%s\" (a path with \"=\" in it must be given as target=, at the end)", word);
}

static bool is_nbd_uri(const char *text)
{
    static const char *const schemes[] = {"nbd://",       "nbd+unix://",  "nbds://",
                                          "nbds+unix://", "nbd+vsock://", "nbds+vsock://"};

    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
        if (strncmp(text, schemes[i], strlen(schemes[i])) == 0)
            return true;
    return false;
}

/* A prefix of older tools at text: its length with the colon, after it had its effect. 0: there is none. */
static size_t take_prefix(struct disk_reader *r, const char *text)
{
    static const char *const formats[] = {"raw", "qcow", "qcow2", "vhd"};
    static const char *const scripts[] = {"iscsi", "nbd", "enbd", "drbd"};
    static const char *const ignored[] = {"tapdisk", "tap", "tap2", "aio", "ioemu", "file", "phy"};
    char word[12];
    size_t length = 0;

    while ((text[length] >= 'a' && text[length] <= 'z') || (length && text[length] >= '0' && text[length] <= '9'))
        length++;
    if (!length || text[length] != ':' || is_nbd_uri(text))
        return 0;
    snprintf(word, sizeof(word), "%.*s", (int)length, text);
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        if (strcmp(word, formats[i]) == 0) {
            set_format(r, text, word);
            r->had_prefix = true;
            return length + 1;
        }
    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
        if (strcmp(word, scripts[i]) == 0) {
            fail(r, text, "%s: is understood but not supported: no scripts are run for disks%s", word,
                 strcmp(word, "nbd") == 0 ? " (give the URI: nbd://HOST/EXPORT)" : "");
            return length + 1;
        }
    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        if (strcmp(word, ignored[i]) == 0) {
            r->had_prefix = true;
            return length + 1;
        }
    if ((text[length + 1] >= 'a' && text[length + 1] <= 'z') || (text[length + 1] >= '0' && text[length + 1] <= '9'))
        return 0; /* hdc:cdrom */
    fail(r, text, "unknown prefix \"%.*s:\"", (int)length, text);
    return length + 1;
}

/* One parameter at text, which is not blank. Returns what follows it. */
static const char *take_parameter(struct disk_reader *r, const char *text)
{
    size_t prefix = take_prefix(r, text);

    if (prefix)
        return text + prefix;
    if (strncmp(text, "target=", 7) == 0) {
        set_target(r, text, text + 7);
        return text + strlen(text);
    }
    size_t length = strcspn(text, ",");
    char *word = strndup(text, length);
    if (!word)
        fail(r, text, "out of memory");
    else if (strchr(word, '=') && !is_nbd_uri(word))
        take_key(r, text, word);
    else if (!set_flag(r, text, word))
        take_positional(r, text, word);
    free(word);
    return text + length + (text[length] == ',');
}

static void take_string(struct disk_reader *r, const char *text)
{
    r->text = text;
    for (text += strspn(text, BLANKS); *text && !r->failed; text += strspn(text, BLANKS))
        text = take_parameter(r, text);
}

/* ---- the whole ---- */

/* What must hold between the parameters. */
static void complete(struct disk_reader *r, const char *end)
{
    struct disk_config *d = r->disk;
    bool empty = !r->target || !*r->target;

    if (d->cdrom) {
        d->removable = d->read_only = true;
        if (empty)
            d->format = DISK_EMPTY;
    }
    if (!r->discard_set)
        d->discard = !d->read_only;
    if (!d->vdev[0])
        fail(r, end, "vdev is missing: which device the guest sees, such as xvda");
    else if (empty && !d->cdrom)
        fail(r, end, "target is missing: only a cdrom can be empty");
    else if (!empty && d->format == DISK_EMPTY)
        fail(r, end, "format \"empty\" has no target");
    else if (d->format == DISK_NBD && !is_nbd_uri(r->target))
        fail(r, end, "format \"nbd\" needs a URI as target: nbd://HOST/EXPORT or nbd+unix:///EXPORT?socket=PATH");
    else if (!empty && is_nbd_uri(r->target) && r->format_set && d->format != DISK_RAW && d->format != DISK_NBD)
        fail(r, end, "format \"%s\": what an NBD server exports is raw", disk_format_name(d->format));
    if (!empty && !r->failed && is_nbd_uri(r->target))
        d->format = DISK_NBD;
    if (d->backend == DISK_BACKEND_KERNEL && d->format != DISK_RAW && !r->failed)
        fail(r, end, "backendtype \"phy\" can do raw files and block devices only, not %s",
             disk_format_name(d->format));
}

/* A path that is not absolute is below /dev. */
static void take_over_target(struct disk_reader *r, const char *end)
{
    bool whole = r->target && (r->target[0] == '/' || r->disk->format == DISK_NBD);

    if (r->failed || !r->target || !*r->target)
        return;
    r->disk->target = whole ? strdup(r->target) : NULL;
    if (!whole && asprintf(&r->disk->target, "/dev/%s", r->target) < 0)
        r->disk->target = NULL;
    if (!r->disk->target)
        fail(r, end, "out of memory");
}

int disk_parse(const char *const *text, unsigned int count, struct disk_config *disk, struct spec_error *error)
{
    struct disk_reader r = {.disk = disk, .error = error, .text = ""};

    *disk = (struct disk_config){.trusted = true};
    *error = (struct spec_error){0};
    for (unsigned int i = 0; i < count && !r.failed; i++) {
        r.string = i;
        take_string(&r, text[i]);
    }
    complete(&r, r.text + strlen(r.text));
    take_over_target(&r, r.text + strlen(r.text));
    free(r.target);
    if (!r.failed)
        disk->device = (uint32_t)disk_device_number(disk->vdev);
    return r.failed ? -1 : 0;
}

void disk_free(struct disk_config *disk)
{
    free(disk->target);
    disk->target = NULL;
}

char *disk_format_text(const struct disk_config *d)
{
    char *text;
    int n = asprintf(&text, "format=%s, vdev=%s, access=%s%s%s%s%s%s%s%s%s", disk_format_name(d->format), d->vdev,
                     d->read_only ? "ro" : "rw", d->backend == DISK_BACKEND_KERNEL ? ", backendtype=phy" : "",
                     d->cdrom ? ", cdrom" : "", d->removable && !d->cdrom ? ", removable" : "",
                     d->direct_io_safe ? ", direct-io-safe" : "", d->discard ? ", discard" : ", no-discard",
                     d->trusted ? "" : ", untrusted", d->target ? ", target=" : "", d->target ? d->target : "");

    return n < 0 ? NULL : text;
}
