/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPU lists: elements from left to right, "N", "N-M" and "all" add, "^N" and "^N-M" take away. Nodes ("node:0") would
 * need the host's topology, which is not known where configurations are read: refused.
 */
#include "config/cpu_set.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads a number below CPU_SET_CPUS; -1 when there is none. */
static int read_cpu(const char **at)
{
    int cpu = 0;

    if (**at < '0' || **at > '9')
        return -1;
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        cpu = cpu * 10 + (**at - '0');
        if (cpu >= CPU_SET_CPUS)
            return -1;
    }
    return cpu;
}

static void skip_blanks(const char **at)
{
    while (**at == ' ' || **at == '\t')
        (*at)++;
}

static const char *parse_range(const char **at, struct cpu_set *set, bool remove)
{
    int first = read_cpu(at), last = first;

    if (first < 0)
        return "expected CPU numbers such as 0-3,^1 (below 1024) or all";
    if (**at == '-') {
        (*at)++;
        last = read_cpu(at);
        if (last < first)
            return "the range of CPUs has no end, or ends before it begins";
    }
    for (int cpu = first; cpu <= last; cpu++) {
        if (remove)
            set->word[cpu / 64] &= ~(UINT64_C(1) << (cpu % 64));
        else
            cpu_set_add(set, cpu);
    }
    return NULL;
}

static const char *parse_element(const char **at, struct cpu_set *set)
{
    bool remove = **at == '^';

    *at += remove;
    if (strncmp(*at, "node", 4) == 0)
        return "nodes in CPU lists are not supported: name the CPUs";
    if (strncmp(*at, "all", 3) != 0)
        return parse_range(at, set, remove);
    if (remove)
        return "^all would leave no CPU";
    memset(set, 0xff, sizeof(*set));
    *at += 3;
    return NULL;
}

const char *cpu_set_parse(const char *list, struct cpu_set *set)
{
    const char *at = list;

    memset(set, 0, sizeof(*set));
    for (;;) {
        skip_blanks(&at);
        const char *wrong = parse_element(&at, set);
        if (wrong)
            return wrong;
        skip_blanks(&at);
        if (*at == '\0')
            break;
        if (*at++ != ',')
            return "expected a comma between the elements of the CPU list";
    }
    for (unsigned int i = 0; i < CPU_SET_CPUS / 64; i++)
        if (set->word[i])
            return NULL;
    return "no CPU is left in the list (^N takes away from what stands before it: all,^N)";
}

static bool is_full(const struct cpu_set *set)
{
    for (unsigned int i = 0; i < CPU_SET_CPUS / 64; i++)
        if (~set->word[i])
            return false;
    return true;
}

int cpu_set_format(const struct cpu_set *set, char *out, unsigned int size)
{
    unsigned int length = 0;

    if (is_full(set))
        return (unsigned int)snprintf(out, size, "all") < size ? 0 : -1;
    if (size)
        out[0] = '\0';
    for (unsigned int cpu = 0; cpu < CPU_SET_CPUS; cpu++) {
        unsigned int last = cpu;

        if (!cpu_set_has(set, cpu))
            continue;
        while (cpu_set_has(set, last + 1))
            last++;
        const char *comma = length ? "," : "";
        length += last > cpu ? snprintf(out + length, size - length, "%s%u-%u", comma, cpu, last)
                             : snprintf(out + length, size - length, "%s%u", comma, cpu);
        if (length >= size)
            return -1;
        cpu = last;
    }
    return 0;
}
