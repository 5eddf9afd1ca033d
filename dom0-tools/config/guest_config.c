/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the tree to the constant, in three steps: every setting is looked up in the table of keys, which sets plain
 * fields and speaks about unknown and unsupported keys; then the keys that depend on others are read by name; then what
 * must hold between the fields is checked. All errors are collected: the caller prints them at once.
 */
#include "config/guest_config.h"
#include "config/keys.h"
#include "config/tree.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define CMDLINE_MAX 1023 /* MAX_GUEST_CMDLINE of the start page, without the zero */

struct reader {
    const struct config *tree;
    struct guest_config *guest;
    struct diagnostics *said;
};

/* What no setting is to blame for is told of the file. */
#define error(reader, setting, ...)                                                                                    \
    diagnostics_add((reader)->said, DIAGNOSTIC_ERROR,                                                                  \
                    (setting) ? &(setting)->place : &(struct config_place){.source = config_source((reader)->tree)},   \
                    __VA_ARGS__)
#define warning(reader, setting, ...)                                                                                  \
    diagnostics_add((reader)->said, DIAGNOSTIC_WARNING, (setting) ? &(setting)->place : NULL, __VA_ARGS__)

static const struct {
    const char *name;
    enum guest_action action;
} actions[] = {
    {"destroy", GUEST_DESTROY},
    {"restart", GUEST_RESTART},
    {"rename-restart", GUEST_RENAME_RESTART},
    {"preserve", GUEST_PRESERVE},
    {"coredump-destroy", GUEST_COREDUMP_DESTROY},
    {"coredump-restart", GUEST_COREDUMP_RESTART},
};

const char *guest_action_name(enum guest_action action)
{
    return actions[action].name;
}

int guest_action_from_name(const char *name, enum guest_action *action)
{
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
        if (strcmp(actions[i].name, name) == 0) {
            *action = actions[i].action;
            return 0;
        }
    return -1;
}

static char *copy_text(struct reader *reader, const char *text)
{
    char *copy = strdup(text);

    if (!copy)
        diagnostics_add(reader->said, DIAGNOSTIC_ERROR, NULL, "out of memory");
    return copy;
}

/* The word of a setting; NULL and an error when it is a list. */
static const char *read_word(struct reader *reader, const struct config_setting *setting)
{
    if (setting->value->type != CONFIG_LIST)
        return setting->value->text;
    error(reader, setting, "%s must be a single value, not a list", setting->name);
    return NULL;
}

/* The word of the setting called name; NULL when there is none, or no word (an error then), or an empty one. */
static const char *find_word(struct reader *reader, const char *name)
{
    const struct config_setting *setting = config_find(reader->tree, name);
    const char *word = setting ? read_word(reader, setting) : NULL;

    return word && *word ? word : NULL;
}

static int read_number(struct reader *reader, const struct config_setting *setting, int64_t min, int64_t max,
                       int64_t *out)
{
    const char *word = read_word(reader, setting);
    char *end;

    if (!word)
        return -1;
    if (setting->added) {
        error(reader, setting, "%s is a number, += can't add to it", setting->name);
        return -1;
    }
    errno = 0;
    long long value = strtoll(word, &end, 0);
    if (end == word || *end || errno || value < min || value > max) {
        error(reader, setting, "%s must be a number from %lld to %lld, not \"%s\"", setting->name, (long long)min,
              (long long)max, word);
        return -1;
    }
    *out = value;
    return 0;
}

/* Sets the field of a plain key. */
static void read_field(struct reader *reader, const struct config_key *key, const struct config_setting *setting)
{
    void *field = (char *)reader->guest + key->offset;
    const char *word;
    int64_t number;

    switch (key->kind) {
    case KEY_NUMBER:
        if (read_number(reader, setting, key->min, key->max, &number) == 0)
            *(uint32_t *)field = (uint32_t)number;
        break;
    case KEY_INTEGER:
        if (read_number(reader, setting, key->min, key->max, &number) == 0)
            *(int32_t *)field = (int32_t)number;
        break;
    case KEY_BOOL:
        if (read_number(reader, setting, INT32_MIN, INT32_MAX, &number) == 0)
            *(bool *)field = number != 0;
        break;
    case KEY_STRING:
        word = read_word(reader, setting);
        if (word && *word)
            *(char **)field = copy_text(reader, word);
        break;
    case KEY_ACTION:
        word = read_word(reader, setting);
        if (word && guest_action_from_name(word, field) != 0)
            error(reader, setting, "%s: \"%s\" is %s", setting->name, word,
                  strcmp(word, "soft-reset") == 0
                      ? "not supported for PV guests"
                      : "none of destroy, restart, rename-restart, preserve, coredump-destroy, coredump-restart");
        break;
    default:
        break;
    }
}

static bool is_empty(const struct config_value *value)
{
    return value->type == CONFIG_LIST ? value->items == 0 : *value->text == '\0';
}

static bool is_off(const struct config_value *value)
{
    char *end;

    return is_empty(value) || (value->type != CONFIG_LIST && strtoll(value->text, &end, 0) == 0 && *end == '\0');
}

static void read_setting(struct reader *reader, const struct config_setting *setting)
{
    const struct config_key *key = config_key_find(setting->name);

    if (!key) {
        const struct config_key *similar = config_key_similar(setting->name);

        warning(reader, setting, "unknown key %s is ignored%s%s%s", setting->name, similar ? " (did you mean " : "",
                similar ? similar->name : "", similar ? "?)" : "");
        return;
    }
    if (key->kind == KEY_REFUSED || (key->kind == KEY_OFF && !is_off(setting->value)))
        error(reader, setting, "%s is understood but not supported: %s", key->name, key->note);
    else if (key->kind == KEY_HARMLESS)
        warning(reader, setting, "%s has no effect: %s", key->name, key->note);
    else
        read_field(reader, key, setting);
}

static void read_type(struct reader *reader)
{
    const char *type = find_word(reader, "type");
    const char *builder = find_word(reader, "builder");

    reader->guest->type = GUEST_PV;
    if (type && (strcmp(type, "pvh") == 0 || strcmp(type, "hvm") == 0))
        error(reader, config_find(reader->tree, "type"), "type \"%s\" is understood but not supported: guests are PV",
              type);
    else if (type && strcmp(type, "pv") != 0)
        error(reader, config_find(reader->tree, "type"), "unknown type \"%s\": expected pv", type);
    if (builder && strcmp(builder, "generic") != 0 && strcmp(builder, "linux") != 0)
        error(reader, config_find(reader->tree, "builder"), "builder \"%s\" is not supported: use type=\"pv\"",
              builder);
}

static void read_uuid(struct reader *reader)
{
    struct guest_config *guest = reader->guest;
    const char *word = find_word(reader, "uuid");

    if (word && guest_uuid_parse(word, guest->uuid) != 0)
        error(reader, config_find(reader->tree, "uuid"), "uuid \"%s\" is no UUID (8-4-4-4-12 hexadecimal digits)",
              word);
    guest->uuid_given = word != NULL;
    if (word)
        return;
    if (getrandom(guest->uuid, sizeof(guest->uuid), 0) != sizeof(guest->uuid))
        error(reader, (const struct config_setting *)NULL, "no random numbers for a uuid");
    /* Version 4, variant of RFC 4122. */
    guest->uuid[6] = (guest->uuid[6] & 0x0f) | 0x40;
    guest->uuid[8] = (guest->uuid[8] & 0x3f) | 0x80;
}

static void read_cmdline(struct reader *reader)
{
    const char *cmdline = find_word(reader, "cmdline");
    const char *root = find_word(reader, "root");
    const char *extra = find_word(reader, "extra");
    char *built = NULL;

    if (cmdline && (root || extra))
        warning(reader, config_find(reader->tree, "cmdline"), "cmdline is given: root and extra have no effect");
    if (cmdline)
        built = copy_text(reader, cmdline);
    else if (root && asprintf(&built, extra ? "root=%s %s" : "root=%s", root, extra) < 0)
        built = NULL;
    else if (!root && extra)
        built = copy_text(reader, extra);
    reader->guest->cmdline = built;
    if (built && strlen(built) > CMDLINE_MAX)
        error(reader,
              config_find(reader->tree, cmdline ? "cmdline"
                                        : extra ? "extra"
                                                : "root"),
              "the command line has %zu bytes, a PV guest can have %d", strlen(built), CMDLINE_MAX);
}

static void read_memory_from(struct reader *reader)
{
    const char *word = find_word(reader, "memory_from");

    if (word && memory_from_parse(word, &reader->guest->memory_from) != 0)
        error(reader, config_find(reader->tree, "memory_from"),
              "memory_from is one of auto, free, dom0, guests, not \"%s\"", word);
}

static void read_tsc_mode(struct reader *reader)
{
    static const char *const names[] = {"default", "always_emulate", "native"};
    const struct config_setting *setting = config_find(reader->tree, "tsc_mode");
    const char *word = find_word(reader, "tsc_mode");

    for (int mode = 0; word && mode < 3; mode++)
        if (strcmp(word, names[mode]) == 0 || (word[0] == '0' + mode && word[1] == '\0')) {
            reader->guest->tsc_mode = (enum guest_tsc_mode)mode;
            return;
        }
    if (word)
        error(reader, setting, "tsc_mode \"%s\" is not supported: expected default, always_emulate or native", word);
}

static void read_cpus_list(struct reader *reader, const struct config_setting *setting, struct cpu_set *sets,
                           unsigned int count)
{
    const struct config_value *list = setting->value;

    if (list->items > count)
        warning(reader, setting, "%s names CPUs for %u vCPUs, the guest has %u", setting->name, list->items, count);
    for (unsigned int i = 0; i < count; i++) {
        const char *wrong;

        if (i >= list->items)
            cpu_set_parse("all", &sets[i]);
        else if (list->item[i]->type == CONFIG_LIST)
            diagnostics_add(reader->said, DIAGNOSTIC_ERROR, &list->item[i]->place, "%s has a list in its list",
                            setting->name);
        else if ((wrong = cpu_set_parse(list->item[i]->text, &sets[i])) != NULL)
            diagnostics_add(reader->said, DIAGNOSTIC_ERROR, &list->item[i]->place, "%s for vCPU %u: %s", setting->name,
                            i, wrong);
    }
}

/* After max_vcpus. A single list is for every vCPU. */
static struct cpu_set *read_cpus(struct reader *reader, const char *name)
{
    const struct config_setting *setting = config_find(reader->tree, name);
    unsigned int count = reader->guest->max_vcpus;
    const char *wrong;

    if (!setting || is_empty(setting->value))
        return NULL;
    struct cpu_set *sets = calloc(count, sizeof(*sets));
    if (!sets) {
        error(reader, setting, "out of memory");
        return NULL;
    }
    if (setting->value->type == CONFIG_LIST) {
        read_cpus_list(reader, setting, sets, count);
        return sets;
    }
    wrong = cpu_set_parse(setting->value->text, &sets[0]);
    if (wrong)
        error(reader, setting, "%s: %s", name, wrong);
    for (unsigned int i = 1; i < count; i++)
        sets[i] = sets[0];
    return sets;
}

/* ---- devices ---- */

/* The list called name, or NULL: there is none, or it is empty, or no list (an error then). */
static const struct config_value *find_list(struct reader *reader, const char *name)
{
    const struct config_setting *setting = config_find(reader->tree, name);

    if (!setting || is_empty(setting->value))
        return NULL;
    if (setting->value->type != CONFIG_LIST)
        error(reader, setting, "%s must be a list of strings", name);
    else if (setting->value->items > GUEST_DEVICES_MAX)
        error(reader, setting, "%s has more than %d devices", name, GUEST_DEVICES_MAX);
    else
        return setting->value;
    return NULL;
}

/* What is wrong with an item of a list, with the place inside of its text. */
static void device_error(struct reader *reader, const char *name, const struct config_value *item,
                         const struct spec_error *wrong)
{
    struct config_place place = item->place;

    place.column += 1 + (unsigned int)wrong->at; /* behind the quote */
    diagnostics_add(reader->said, DIAGNOSTIC_ERROR, &place, "%s: %s", name, wrong->text);
}

static bool is_specification(struct reader *reader, const char *name, const struct config_value *item)
{
    if (item->type != CONFIG_STRING)
        diagnostics_add(reader->said, DIAGNOSTIC_ERROR, &item->place, "%s must be a list of strings", name);
    return item->type == CONFIG_STRING;
}

static void read_disks(struct reader *reader)
{
    const struct config_value *list = find_list(reader, "disk");
    struct guest_config *guest = reader->guest;
    struct spec_error wrong;

    guest->disk = list ? calloc(list->items, sizeof(*guest->disk)) : NULL;
    for (unsigned int i = 0; guest->disk && i < list->items; i++) {
        const struct config_value *item = list->item[i];
        struct disk_config *disk = &guest->disk[guest->disks];
        if (!is_specification(reader, "disk", item))
            continue;
        if (disk_parse((const char *const *)&item->text, 1, disk, &wrong)) {
            device_error(reader, "disk", item, &wrong);
            continue;
        }
        for (unsigned int other = 0; other < guest->disks; other++)
            if (guest->disk[other].device == disk->device)
                diagnostics_add(reader->said, DIAGNOSTIC_ERROR, &item->place, "disk: %s is given twice", disk->vdev);
        guest->disks++;
    }
}

static const struct vif_config *find_vif(const struct guest_config *guest, uint32_t devid)
{
    for (unsigned int i = 0; i < guest->vifs; i++)
        if (guest->vif[i].devid == devid)
            return &guest->vif[i];
    return NULL;
}

/* A vif without devid gets the lowest that nobody has, those that are given being taken already. */
static void complete_vifs(struct guest_config *guest)
{
    uint32_t devid = 0;

    for (unsigned int i = 0; i < guest->vifs; i++) {
        if (guest->vif[i].devid == VIF_DEVID_UNSET) {
            while (find_vif(guest, devid))
                devid++;
            guest->vif[i].devid = devid;
        }
        if (!guest->vif[i].mac_given)
            vif_choose_mac(&guest->vif[i], guest->uuid);
    }
}

/* After the uuid, from which MAC addresses are made. */
static void read_vifs(struct reader *reader)
{
    const struct config_value *list = find_list(reader, "vif");
    struct guest_config *guest = reader->guest;
    struct spec_error wrong;

    guest->vif = list ? calloc(list->items, sizeof(*guest->vif)) : NULL;
    for (unsigned int i = 0; guest->vif && i < list->items; i++) {
        const struct config_value *item = list->item[i];
        struct vif_config vif;
        if (!is_specification(reader, "vif", item))
            continue;
        if (vif_parse((const char *const *)&item->text, 1, &vif, &wrong))
            device_error(reader, "vif", item, &wrong);
        else if (vif.devid != VIF_DEVID_UNSET && find_vif(guest, vif.devid))
            diagnostics_add(reader->said, DIAGNOSTIC_ERROR, &item->place, "vif: devid %u is given twice", vif.devid);
        else
            guest->vif[guest->vifs++] = vif;
    }
    complete_vifs(guest);
}

/* A list of count strings, which are taken over (NULLs among them: no memory). */
static int set_list(struct config *tree, const char *name, char **text, unsigned int count)
{
    const struct config_place place = {.source = "devices"};
    struct config_value *list = config_value_new(CONFIG_LIST, &place, NULL);
    int error = list ? 0 : -1;

    for (unsigned int i = 0; i < count; i++) {
        struct config_value *item = text[i] && !error ? config_value_new(CONFIG_STRING, &place, text[i]) : NULL;
        if (!item && error)
            free(text[i]);
        if (!item || config_value_append(list, item))
            error = -1;
    }
    if (error)
        config_value_free(list);
    return error || config_tree_set(tree, name, &place, list, false) ? -1 : 0;
}

static int set_devices(struct config *tree, const struct guest_config *guest)
{
    char **disk = calloc(guest->disks + 1, sizeof(*disk)), **vif = calloc(guest->vifs + 1, sizeof(*vif));
    int error = disk && vif ? 0 : -1;

    for (unsigned int i = 0; i < guest->disks && !error; i++)
        disk[i] = disk_format_text(&guest->disk[i]);
    for (unsigned int i = 0; i < guest->vifs && !error; i++)
        vif[i] = vif_format_text(&guest->vif[i]);
    if (!error && (guest->disks || config_find(tree, "disk")))
        error |= set_list(tree, "disk", disk, guest->disks);
    if (disk && vif && (guest->vifs || config_find(tree, "vif")))
        error |= set_list(tree, "vif", vif, guest->vifs);
    free(disk);
    free(vif);
    return error;
}

char *guest_config_with_devices(const struct guest_config *guest)
{
    struct diagnostics said = {0};
    struct config *tree = NULL;
    char *text = NULL;

    if (config_parse(guest->text, strlen(guest->text), "stored configuration", &tree, &said) == 0)
        errno = ENOMEM;
    else
        errno = EINVAL;
    if (tree && set_devices(tree, guest) == 0)
        text = config_text(tree);
    config_free(tree);
    diagnostics_clear(&said);
    return text;
}

/* ---- the rest ---- */

static void read_words_with_one_meaning(struct reader *reader)
{
    const char *pool = find_word(reader, "pool");
    const char *passthrough = find_word(reader, "passthrough");

    if (pool && strcmp(pool, "Pool-0") != 0)
        error(reader, config_find(reader->tree, "pool"),
              "pool \"%s\" is understood but not supported: all CPUs are in Pool-0", pool);
    if (passthrough && strcmp(passthrough, "disabled") != 0 && strcmp(passthrough, "default") != 0)
        error(reader, config_find(reader->tree, "passthrough"),
              "passthrough is understood but not supported: the host's devices can't be given to guests yet");
}

static void check_name(struct reader *reader)
{
    const char *name = reader->guest->name;
    const struct config_setting *setting = config_find(reader->tree, "name");

    if (!name) {
        error(reader, setting, "name is missing: every guest needs one");
        return;
    }
    if (strlen(name) > GUEST_NAME_MAX)
        error(reader, setting, "the name is longer than %d bytes", GUEST_NAME_MAX);
    if (strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        error(reader, setting, "the name \"%s\" can't be: it would be a path", name);
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f) {
            error(reader, setting, "the name has a control character");
            break;
        }
    if (name[strspn(name, "0123456789")] == '\0')
        warning(reader, setting, "the name \"%s\" looks like the number of a domain, by which commands will take it",
                name);
}

/* Fills in what follows from other fields. */
static void complete(struct reader *reader)
{
    struct guest_config *guest = reader->guest;
    const struct config_setting *none = NULL;

    if (!guest->vcpus)
        guest->vcpus = 1;
    if (!guest->max_vcpus)
        guest->max_vcpus = guest->vcpus;
    if (guest->vcpus > guest->max_vcpus)
        error(reader, config_find(reader->tree, "vcpus"), "vcpus (%u) is more than maxvcpus (%u)", guest->vcpus,
              guest->max_vcpus);
    if (!guest->memory_mib)
        guest->memory_mib = guest->max_memory_mib;
    if (!guest->max_memory_mib)
        guest->max_memory_mib = guest->memory_mib;
    if (guest->memory_mib > guest->max_memory_mib)
        error(reader, config_find(reader->tree, "memory"), "memory (%u MiB) is more than maxmem (%u MiB)",
              guest->memory_mib, guest->max_memory_mib);
    if (guest->min_memory_mib > guest->memory_mib)
        error(reader, config_find(reader->tree, "memory_min"), "memory_min (%u MiB) is more than memory (%u MiB)",
              guest->min_memory_mib, guest->memory_mib);
    if (!config_find(reader->tree, "memory") && !config_find(reader->tree, "maxmem"))
        error(reader, none, "memory is missing: say how many MiB the guest gets");
    if (!guest->kernel)
        error(reader, config_find(reader->tree, "kernel"), "kernel is missing: give the path of the guest's kernel");
    check_name(reader);
}

/* The settings, and the uuid that was made for them. */
static char *text_with_uuid(const struct config *tree, const struct guest_config *guest)
{
    char uuid[GUEST_UUID_TEXT], *text = config_text(tree), *all = NULL;

    guest_uuid_format(guest->uuid, uuid);
    if (text && (guest->uuid_given ? asprintf(&all, "%s", text) : asprintf(&all, "%suuid = \"%s\"\n", text, uuid)) < 0)
        all = NULL;
    free(text);
    return all;
}

int config_to_guest(const struct config *tree, struct guest_config *guest, struct diagnostics *said)
{
    struct reader reader = {.tree = tree, .guest = guest, .said = said};
    unsigned int errors = said->errors;

    *guest = (struct guest_config){
        .on_poweroff = GUEST_DESTROY,
        .on_reboot = GUEST_RESTART,
        .on_crash = GUEST_DESTROY,
        .on_watchdog = GUEST_DESTROY,
        .max_grant_frames = GUEST_LIMIT_UNSET,
        .max_maptrack_frames = GUEST_LIMIT_UNSET,
        .max_grant_version = GUEST_LIMIT_UNSET,
        .claim = true,
    };
    for (unsigned int i = 0; i < config_settings(tree); i++)
        read_setting(&reader, config_setting(tree, i));
    read_type(&reader);
    read_uuid(&reader);
    read_cmdline(&reader);
    read_tsc_mode(&reader);
    read_memory_from(&reader);
    read_words_with_one_meaning(&reader);
    complete(&reader);
    guest->hard_affinity = read_cpus(&reader, "cpus");
    guest->soft_affinity = read_cpus(&reader, "cpus_soft");
    read_disks(&reader);
    read_vifs(&reader);
    guest->text = text_with_uuid(tree, guest);
    if (!guest->text)
        error(&reader, (const struct config_setting *)NULL, "out of memory");
    return said->errors == errors ? 0 : -1;
}

void guest_config_free(struct guest_config *guest)
{
    free(guest->name);
    free(guest->kernel);
    free(guest->ramdisk);
    free(guest->cmdline);
    free(guest->hard_affinity);
    free(guest->soft_affinity);
    for (unsigned int i = 0; i < guest->disks; i++)
        disk_free(&guest->disk[i]);
    free(guest->disk);
    free(guest->vif);
    free(guest->text);
    *guest = (struct guest_config){0};
}
