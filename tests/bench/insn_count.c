/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A QEMU plugin that tells how many instructions ran, and where: in the hypervisor (its reserved part of the address
 * space, slots 256 to 271 of the top-level table), in dom0's kernel (the rest of the upper half), or in the lower half
 * (firmware, early boot code without paging, user space). The program counter of a TCG guest is known when code is
 * translated, so each instruction gets an inline addition to its region's counter and nothing else.
 *
 * Lines written to the file that the argument out= names:
 *   first_kernel TOTAL HYPERVISOR KERNEL LOW    before dom0's kernel runs its first instruction
 *   mark TOTAL HYPERVISOR KERNEL LOW            at each "xchg %bx,%bx", which does nothing otherwise
 *
 * Debian's QEMU exports the plugin interface (version 1) without its header, so what is used of it stands here.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info;
enum { PLUGIN_NO_REGISTERS = 0 };
enum { PLUGIN_ADD_U64 = 0 };

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, void (*cb)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int op, void *counter, uint64_t value);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, void (*cb)(unsigned int, void *), int flags,
                                            void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

#define EXPORT __attribute__((visibility("default")))

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv);

#define HYPERVISOR_START 0xffff800000000000ULL
#define HYPERVISOR_END   0xffff880000000000ULL

enum region { REGION_LOW, REGION_HYPERVISOR, REGION_KERNEL, REGION_COUNT };

static uint64_t executed[REGION_COUNT];
static bool kernel_seen;
static FILE *out;

static enum region region_of(uint64_t address)
{
    if (address < HYPERVISOR_START)
        return REGION_LOW;
    return address < HYPERVISOR_END ? REGION_HYPERVISOR : REGION_KERNEL;
}

static void report(const char *what)
{
    fprintf(out, "%s %lu %lu %lu %lu\n", what,
            executed[REGION_LOW] + executed[REGION_HYPERVISOR] + executed[REGION_KERNEL], executed[REGION_HYPERVISOR],
            executed[REGION_KERNEL], executed[REGION_LOW]);
    fflush(out);
}

static void on_mark(unsigned int cpu, void *data)
{
    (void)cpu;
    report(data);
}

static bool is_mark(const struct qemu_plugin_insn *insn)
{
    return qemu_plugin_insn_size(insn) == 3 && memcmp(qemu_plugin_insn_data(insn), "\x66\x87\xdb", 3) == 0;
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        enum region region = region_of(qemu_plugin_insn_vaddr(insn));

        /* Code is translated when it is about to run for the first time. */
        if (region == REGION_KERNEL && !kernel_seen) {
            kernel_seen = true;
            report("first_kernel");
        }
        /* Per instruction and not per block, so that a block that faults half way is counted exactly. */
        qemu_plugin_register_vcpu_insn_exec_inline(insn, PLUGIN_ADD_U64, &executed[region], 1);
        if (is_mark(insn))
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark, PLUGIN_NO_REGISTERS, "mark");
    }
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "out=", 4) == 0)
            out = fopen(argv[i] + 4, "w");
    }
    if (!out)
        return -1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    return 0;
}
