/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See vif.h. The text is cut at commas; blanks before a word are skipped, empty words mean nothing. A key that is given
 * again replaces what was given before, as with xl.
 */
#include "config/vif.h"
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct vif_reader {
    struct vif_config *vif;
    struct spec_error *error;
    unsigned int string;
    const char *text;
    bool failed;
};

const char *vif_backend_name(enum vif_backend backend)
{
    return backend == VIF_BACKEND_KERNEL ? "linux" : "haven";
}

static void fail(struct vif_reader *r, const char *at, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void fail(struct vif_reader *r, const char *at, const char *format, ...)
{
    va_list args;

    if (r->failed)
        return;
    r->failed = true;
    va_start(args, format);
    spec_error_set(r->error, r->string, (size_t)(at - r->text), format, args);
    va_end(args);
}

/* ---- MAC addresses ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int vif_mac_parse(const char *text, uint8_t mac[6])
{
    for (unsigned int i = 0; i < 6; i++) {
        int value = hex_digit(*text++), low = value < 0 ? -1 : hex_digit(*text);
        if (value < 0)
            return -1;
        if (low >= 0) {
            value = value << 4 | low;
            text++;
        }
        mac[i] = (uint8_t)value;
        if (*text++ != (i < 5 ? ':' : '\0'))
            return -1;
    }
    return 0;
}

void vif_mac_format(const uint8_t mac[6], char text[VIF_MAC_TEXT])
{
    snprintf(text, VIF_MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

/* FNV-1a, with its high bits mixed into the low ones at the end. */
void vif_choose_mac(struct vif_config *vif, const uint8_t uuid[16])
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (unsigned int i = 0; i < 20; i++)
        hash = (hash ^ (i < 16 ? uuid[i] : vif->devid >> 8 * (i - 16) & 0xff)) * UINT64_C(0x100000001b3);
    hash ^= hash >> 32;
    hash *= UINT64_C(0x9e3779b97f4a7c15);
    hash >>= 40;
    memcpy(vif->mac, "\x00\x16\x3e", 3);
    vif->mac[3] = hash >> 16 & 0x7f;
    vif->mac[4] = hash >> 8 & 0xff;
    vif->mac[5] = hash & 0xff;
    vif->mac_given = true;
}

/* ---- values ---- */

static void set_mac(struct vif_reader *r, const char *at, const char *value)
{
    if (vif_mac_parse(value, r->vif->mac))
        fail(r, at, "mac \"%s\" is no MAC address: expected six bytes in hexadecimal, such as 00:16:3e:01:02:03",
             value);
    else if (r->vif->mac[0] & 1)
        fail(r, at, "mac \"%s\" is the address of a group, not of one interface", value);
    r->vif->mac_given = true;
}

static void set_name(struct vif_reader *r, const char *at, const char *key, char name[VIF_NAME_MAX + 1],
                     const char *value)
{
    size_t length = strlen(value);

    if (length > VIF_NAME_MAX || strpbrk(value, "/: \t\n") || strcmp(value, ".") == 0 || strcmp(value, "..") == 0)
        fail(r, at, "%s \"%s\" can't be the name of a network interface", key, value);
    else
        memcpy(memset(name, 0, VIF_NAME_MAX + 1), value, length);
}

static void set_bridge(struct vif_reader *r, const char *at, const char *value)
{
    set_name(r, at, "bridge", r->vif->bridge, value);
}

static void set_vifname(struct vif_reader *r, const char *at, const char *value)
{
    set_name(r, at, "vifname", r->vif->name, value);
}

static void set_gatewaydev(struct vif_reader *r, const char *at, const char *value)
{
    set_name(r, at, "gatewaydev", r->vif->gatewaydev, value);
}

static void set_type(struct vif_reader *r, const char *at, const char *value)
{
    if (strcmp(value, "ioemu") == 0)
        fail(r, at, "type \"ioemu\" is understood but not supported: guests are PV and have no emulated devices");
    else if (*value && strcmp(value, "vif") != 0)
        fail(r, at, "type \"%s\": expected vif", value);
}

/* The emulated card that an HVM guest would have. */
static void ignore_model(struct vif_reader *r, const char *at, const char *value)
{
    (void)r;
    (void)at;
    (void)value;
}

static bool is_address(const char *text)
{
    char address[64];
    uint8_t bytes[16];
    size_t length = strcspn(text, "/");
    unsigned int prefix = 0;
    int end = 0;

    if (length >= sizeof(address))
        return false;
    memcpy(address, text, length);
    address[length] = '\0';
    bool v4 = inet_pton(AF_INET, address, bytes) == 1;
    if (!v4 && inet_pton(AF_INET6, address, bytes) != 1)
        return false;
    if (!text[length])
        return true;
    return sscanf(text + length, "/%3u%n", &prefix, &end) == 1 && !text[length + (size_t)end] &&
           prefix <= (v4 ? 32 : 128);
}

/* One or more IPv4 or IPv6 addresses, each with a prefix length if it is a network, with blanks between them. */
static void set_ip(struct vif_reader *r, const char *at, const char *value)
{
    size_t used = 0;

    memset(r->vif->ip, 0, sizeof(r->vif->ip)); /* of what was given before, nothing stays behind the end */
    for (value += strspn(value, " \t\n"); *value && !r->failed; value += strspn(value, " \t\n")) {
        size_t length = strcspn(value, " \t\n");
        char word[64];
        if (length >= sizeof(word) || used + length + 2 > sizeof(r->vif->ip)) {
            fail(r, at, "ip is too long");
            return;
        }
        memcpy(word, value, length);
        word[length] = '\0';
        if (!is_address(word))
            fail(r, at, "ip \"%s\" is no IPv4 or IPv6 address", word);
        used += (size_t)snprintf(r->vif->ip + used, sizeof(r->vif->ip) - used, "%s%s", used ? " " : "", word);
        value += length;
    }
}

/* Scripts that join an interface to a bridge do what is done here without one. */
static void set_script(struct vif_reader *r, const char *at, const char *value)
{
    const char *name = strncmp(value, "/etc/xen/scripts/", 17) == 0 ? value + 17 : value;

    if (*name && strcmp(name, "vif-bridge") != 0)
        fail(r, at,
             "script \"%s\" is understood but not supported: no scripts are run for interfaces, they join a bridge",
             value);
}

static void set_backend(struct vif_reader *r, const char *at, const char *value)
{
    if (*value && strcmp(value, "0") != 0 && strcmp(value, "Domain-0") != 0)
        fail(r, at, "backend \"%s\" is understood but not supported: interfaces come from Domain-0", value);
}

static void set_backend_type(struct vif_reader *r, const char *at, const char *value)
{
    if (strcmp(value, "linux") == 0)
        r->vif->backend = VIF_BACKEND_KERNEL;
    else if (strcmp(value, "haven") == 0 || !*value)
        r->vif->backend = VIF_BACKEND_HAVEN;
    else
        fail(r, at, "backendtype \"%s\" is none of haven, linux", value);
    r->vif->backend_given = *value != '\0';
}

static bool read_number(const char *text, const char **end, uint64_t max, uint64_t *number)
{
    char *stop;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    *number = strtoull(text, &stop, 10);
    *end = stop;
    return !errno && *number <= max;
}

/* NUMBER with [G|M|K] and B/s (bytes) or b/s (bits): bytes in a second. */
static bool read_rate(const char **text, uint64_t *bytes)
{
    if (!read_number(*text, text, UINT32_MAX, bytes) || !*bytes)
        return false;
    if (**text == 'G')
        *bytes *= 1000000000;
    else if (**text == 'M')
        *bytes *= 1000000;
    else if (**text == 'K')
        *bytes *= 1000;
    *text += strspn(*text, "GMK") > 1 ? 0 : strspn(*text, "GMK");
    if (strncmp(*text, "b/s", 3) == 0)
        *bytes /= 8;
    else if (strncmp(*text, "B/s", 3) != 0)
        return false;
    *text += 3;
    return true;
}

/* @NUMBER with us or u, ms or m, s, or nothing for seconds: microseconds. */
static bool read_interval(const char **text, uint64_t *us)
{
    if (**text != '@' || !read_number(*text + 1, text, UINT32_MAX, us) || !*us)
        return false;
    if (strcmp(*text, "ms") == 0 || strcmp(*text, "m") == 0)
        *us *= 1000;
    else if (**text == '\0' || strcmp(*text, "s") == 0)
        *us *= 1000000;
    else if (strcmp(*text, "us") != 0 && strcmp(*text, "u") != 0)
        return false;
    *text += strlen(*text);
    return *us <= UINT32_MAX;
}

static void set_rate(struct vif_reader *r, const char *at, const char *value)
{
    const char *end = value;
    uint64_t bytes = 0, us = VIF_RATE_INTERVAL;
    bool good = strlen(value) <= VIF_RATE_MAX && read_rate(&end, &bytes) && (!*end || read_interval(&end, &us)) &&
                !*end && bytes <= UINT64_MAX / us;

    if (!good) {
        fail(r, at, "rate \"%s\": expected NUMBER[G|M|K]B/s (bytes) or b/s (bits), and @INTERVAL in us, ms or s",
             value);
        return;
    }
    memset(r->vif->rate, 0, sizeof(r->vif->rate));
    strcpy(r->vif->rate, value);
    r->vif->rate_bytes = bytes * us / 1000000;
    r->vif->rate_interval_us = (uint32_t)us;
    if (!r->vif->rate_bytes)
        fail(r, at, "rate \"%s\" is less than a byte in each interval", value);
}

static void set_devid(struct vif_reader *r, const char *at, const char *value)
{
    const char *end = value;
    uint64_t number;

    if (!read_number(value, &end, VIF_DEVID_MAX, &number) || *end)
        fail(r, at, "devid \"%s\" is no number from 0 to %d", value, VIF_DEVID_MAX);
    else
        r->vif->devid = (uint32_t)number;
}

static void set_mtu(struct vif_reader *r, const char *at, const char *value)
{
    const char *end = value;
    uint64_t number;

    if (!read_number(value, &end, VIF_MTU_MAX, &number) || *end || number < VIF_MTU_MIN)
        fail(r, at, "mtu \"%s\" is no number from %d to %d", value, VIF_MTU_MIN, VIF_MTU_MAX);
    else
        r->vif->mtu = (uint32_t)number;
}

static void set_antispoof(struct vif_reader *r, const char *at, const char *value)
{
    if (strcmp(value, "0") != 0 && strcmp(value, "1") != 0)
        fail(r, at, "antispoof \"%s\": expected 0 or 1", value);
    r->vif->antispoof = strcmp(value, "1") == 0;
}

static void refuse_colo(struct vif_reader *r, const char *at, const char *value)
{
    (void)value;
    fail(r, at, "%.*s is understood but not supported: there is no COLO", (int)strcspn(at, "="), at);
}

static void refuse_vlan(struct vif_reader *r, const char *at, const char *value)
{
    fail(r, at, "vlan \"%s\" is understood but not supported: give the vif a bridge of that VLAN", value);
}

static void refuse_accel(struct vif_reader *r, const char *at, const char *value)
{
    (void)value;
    fail(r, at, "accel is not supported");
}

static const struct {
    const char *name;
    void (*set)(struct vif_reader *r, const char *at, const char *value);
} keys[] = {
    {"mac", set_mac},
    {"bridge", set_bridge},
    {"gatewaydev", set_gatewaydev},
    {"netdev", set_gatewaydev}, /* its older name */
    {"type", set_type},
    {"model", ignore_model},
    {"vifname", set_vifname},
    {"script", set_script},
    {"ip", set_ip},
    {"backend", set_backend},
    {"backendtype", set_backend_type},
    {"rate", set_rate},
    {"devid", set_devid},
    {"mtu", set_mtu},
    {"antispoof", set_antispoof},
    {"forwarddev", refuse_colo},
    {"vlan", refuse_vlan},
    {"accel", refuse_accel},
};

static void take_word(struct vif_reader *r, const char *at, char *word)
{
    char *equals = strchr(word, '=');

    if (strcmp(word, "trusted") == 0 || strcmp(word, "untrusted") == 0) {
        r->vif->trusted = word[0] == 't';
        return;
    }
    if (!equals) {
        fail(r, at, "\"%s\" is no key=value", word);
        return;
    }
    *equals = '\0';
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (strcmp(word, keys[i].name) == 0) {
            keys[i].set(r, at, equals + 1);
            return;
        }
    if (strncmp(word, "colo_", 5) == 0)
        refuse_colo(r, at, equals + 1);
    else
        fail(r, at, "unknown key \"%s\"", word);
}

static void take_string(struct vif_reader *r, const char *text)
{
    r->text = text;
    for (text += strspn(text, " \t\n,"); *text && !r->failed; text += strspn(text, " \t\n,")) {
        size_t length = strcspn(text, ",");
        char *word = strndup(text, length);
        if (!word) {
            fail(r, text, "out of memory");
            return;
        }
        for (size_t n = length; n && strchr(" \t\n", word[n - 1]); n--)
            word[n - 1] = '\0';
        take_word(r, text, word);
        free(word);
        text += length;
    }
}

int vif_parse(const char *const *text, unsigned int count, struct vif_config *vif, struct spec_error *error)
{
    struct vif_reader r = {.vif = vif, .error = error, .text = ""};

    *vif = (struct vif_config){.devid = VIF_DEVID_UNSET, .bridge = VIF_BRIDGE, .trusted = true};
    *error = (struct spec_error){0};
    for (unsigned int i = 0; i < count && !r.failed; i++) {
        r.string = i;
        take_string(&r, text[i]);
    }
    if (!vif->bridge[0])
        memcpy(vif->bridge, VIF_BRIDGE, sizeof(VIF_BRIDGE));
    if (vif->antispoof && vif->backend == VIF_BACKEND_KERNEL)
        fail(&r, r.text + strlen(r.text), "antispoof=1 needs backendtype=haven");
    return r.failed ? -1 : 0;
}

char *vif_format_text(const struct vif_config *v)
{
    char *text = NULL, mac[VIF_MAC_TEXT];
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return NULL;
    if (v->devid != VIF_DEVID_UNSET)
        fprintf(out, "devid=%" PRIu32 ", ", v->devid);
    vif_mac_format(v->mac, mac);
    if (v->mac_given)
        fprintf(out, "mac=%s, ", mac);
    if (v->name[0])
        fprintf(out, "vifname=%s, ", v->name);
    if (v->gatewaydev[0])
        fprintf(out, "gatewaydev=%s, ", v->gatewaydev);
    if (v->ip[0])
        fprintf(out, "ip=%s, ", v->ip);
    if (v->backend_given)
        fprintf(out, "backendtype=%s, ", vif_backend_name(v->backend));
    if (v->rate[0])
        fprintf(out, "rate=%s, ", v->rate);
    if (v->mtu)
        fprintf(out, "mtu=%" PRIu32 ", ", v->mtu);
    fprintf(out, "%s%sbridge=%s", v->antispoof ? "antispoof=1, " : "", v->trusted ? "" : "untrusted, ", v->bridge);
    if (fclose(out)) {
        free(text);
        return NULL;
    }
    return text;
}
