/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A network of guests behind dom0's address. See nat.h. */
#include "network/nat.h"

#include "network/run_program.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define RUN_DIR      "/run/haven"
#define LEASES_DIR   "/var/lib/haven"
#define FORWARD      "/proc/sys/net/ipv4/ip_forward"
#define FIRST_LEASE  10
#define STOP_WAIT_MS 3000

void nat_format(const char *bridge, const struct subnet *s, char *text, unsigned room)
{
    char net[SUBNET_TEXT];
    subnet_format(s, net);
    snprintf(text, room,
             "table ip haven_nat_%s\ndelete table ip haven_nat_%s\ntable ip haven_nat_%s {\n"
             " chain to_outside {\n  type nat hook postrouting priority 100; policy accept;\n"
             "  ip saddr %s ip daddr != %s oifname != \"%s\" masquerade\n }\n}\n",
             bridge, bridge, bridge, net, net, bridge);
}

static int run_nft(const char *rules, struct failure *failure)
{
    static const char *const nft[] = {"nft", "-f", "-", NULL};
    return run_program(nft, rules, "nftables", failure) ? -1 : 0;
}

int nat_masquerade(const char *bridge, const struct subnet *s, struct failure *failure)
{
    char rules[512];
    struct failure why = {.text = ""};
    nat_format(bridge, s, rules, sizeof(rules));
    return run_nft(rules, &why) ? failure_set(failure, "cannot masquerade %s: %s", bridge, why.text) : 0;
}

int nat_masquerades(const char *bridge, struct failure *failure)
{
    char table[64];
    struct failure ignored = {.text = ""};
    snprintf(table, sizeof(table), "haven_nat_%s", bridge);
    const char *const list[] = {"nft", "list", "table", "ip", table, NULL};
    int status = run_program(list, NULL, "nftables", &ignored);
    if (status < 0)
        return failure_set(failure, "%s", ignored.text);
    return status == 0;
}

int nat_masquerade_end(const char *bridge, struct failure *failure)
{
    char rules[160];
    struct failure why = {.text = ""};
    snprintf(rules, sizeof(rules), "table ip haven_nat_%s\ndelete table ip haven_nat_%s\n", bridge, bridge);
    return run_nft(rules, &why) ? failure_set(failure, "cannot end masquerading of %s: %s", bridge, why.text) : 0;
}

int nat_forward(struct failure *failure)
{
    int fd = open(FORWARD, O_WRONLY | O_CLOEXEC);
    bool good = fd >= 0 && write(fd, "1\n", 2) == 2;
    if (!good)
        failure_errno(failure, "cannot set %s", FORWARD);
    if (fd >= 0)
        close(fd);
    return good ? 0 : -1;
}

/* ---- dnsmasq ---- */

static void pid_path(const char *bridge, char path[128])
{
    snprintf(path, 128, RUN_DIR "/dnsmasq-%s.pid", bridge);
}

static size_t read_file(const char *path, char *text, size_t room)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, room - 1);
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = 0;
    return n > 0 ? (size_t)n : 0;
}

static bool has_argument(const char *arguments, size_t n, const char *wanted)
{
    for (const char *at = arguments; at < arguments + n; at += strlen(at) + 1)
        if (!strcmp(at, wanted))
            return true;
    return false;
}

/* A pid file may be of a process that is gone; the arguments tell whether it is ours. */
static int running(const char *bridge, const char *argument)
{
    char path[128], text[32], arguments[2048], ours[160], cmdline[64];
    pid_path(bridge, path);
    if (!read_file(path, text, sizeof(text)))
        return 0;
    int pid = atoi(text);
    snprintf(cmdline, sizeof(cmdline), "/proc/%d/cmdline", pid);
    size_t n = pid > 1 ? read_file(cmdline, arguments, sizeof(arguments)) : 0;
    snprintf(ours, sizeof(ours), "--pid-file=%s", path);
    return has_argument(arguments, n, ours) && (!argument || has_argument(arguments, n, argument)) ? pid : 0;
}

int nat_dhcp_pid(const char *bridge)
{
    return running(bridge, NULL);
}

/* dnsmasq's own user where its package made one. */
static const char *dnsmasq_user(void)
{
    return getpwnam("dnsmasq") ? "--user=dnsmasq" : "--user=root";
}

static void make_folders(void)
{
    mkdir("/run", 0755);
    mkdir(RUN_DIR, 0755);
    mkdir("/var", 0755);
    mkdir("/var/lib", 0755);
    mkdir(LEASES_DIR, 0755);
}

int nat_dhcp_start(const char *bridge, const struct subnet *s, bool *started, struct failure *failure)
{
    char first[SUBNET_TEXT], last[SUBNET_TEXT], range[80], own[SUBNET_TEXT], listen[64], interface[64], pid[160],
        path[128], leases[160];
    struct failure why = {.text = ""};
    subnet_format_address(s->network + FIRST_LEASE, first);
    subnet_format_address(subnet_broadcast(s) - 1, last);
    subnet_format_address(subnet_gateway(s), own);
    snprintf(range, sizeof(range), "--dhcp-range=%s,%s,12h", first, last);
    snprintf(listen, sizeof(listen), "--listen-address=%s", own);
    snprintf(interface, sizeof(interface), "--interface=%s", bridge);
    pid_path(bridge, path);
    snprintf(pid, sizeof(pid), "--pid-file=%s", path);
    snprintf(leases, sizeof(leases), "--dhcp-leasefile=" LEASES_DIR "/dnsmasq-%s.leases", bridge);
    *started = false;
    if (running(bridge, range))
        return 0;
    if (nat_dhcp_stop(bridge, failure))
        return -1;
    make_folders();
    const char *const argv[] = {"dnsmasq",
                                "--conf-file=/dev/null",
                                "--bind-interfaces",
                                interface,
                                listen,
                                "--except-interface=lo",
                                range,
                                "--dhcp-authoritative",
                                pid,
                                leases,
                                dnsmasq_user(),
                                "--no-hosts",
                                NULL};
    if (run_program(argv, NULL, "dnsmasq-base", &why))
        return failure_set(failure, "cannot start DHCP on %s: %s", bridge, why.text);
    *started = true;
    return 0;
}

int nat_dhcp_stop(const char *bridge, struct failure *failure)
{
    char path[128];
    int pid = running(bridge, NULL);
    pid_path(bridge, path);
    if (pid && kill(pid, SIGTERM))
        return failure_errno(failure, "cannot stop dnsmasq (pid %d)", pid);
    for (int ms = 0; running(bridge, NULL); ms += 20) {
        if (ms > STOP_WAIT_MS)
            return failure_set(failure, "dnsmasq (pid %d) does not end", pid);
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    unlink(path);
    return 0;
}
