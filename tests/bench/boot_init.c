/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first process of the boot benchmark's dom0: runs the instruction that insn_count.c watches for, then asks the
 * hypervisor how much memory is free and how much dom0 has, so that what is missing is what the hypervisor keeps.
 * Prints "MEMORY FREE_PAGES DOM0_PAGES", where FREE_PAGES is -1 if the hypervisor does not tell.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

#define __XEN_TOOLS__ 1
#include <xen/memory.h>
#include <xen/sys/privcmd.h>
#include <xen/sysctl.h>

static long free_pages(int privcmd, xen_sysctl_t *op)
{
    privcmd_hypercall_t call = {.op = __HYPERVISOR_sysctl, .arg = {(uintptr_t)op}};

    memset(op, 0, sizeof(*op));
    op->cmd = XEN_SYSCTL_physinfo;
    op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    return ioctl(privcmd, IOCTL_PRIVCMD_HYPERCALL, &call) < 0 ? -1 : (long)op->u.physinfo.free_pages;
}

static long dom0_pages(int privcmd, void *page)
{
    privcmd_hypercall_t call = {
        .op = __HYPERVISOR_memory_op,
        .arg = {XENMEM_current_reservation, (uintptr_t)page},
    };

    *(domid_t *)page = DOMID_SELF;
    return ioctl(privcmd, IOCTL_PRIVCMD_HYPERCALL, &call);
}

static void report_memory(void)
{
    /* The hypervisor reads this page while Linux must not take it away. */
    void *page =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE, -1, 0);
    int module = open("/xen-privcmd.ko", O_RDONLY);
    int privcmd;

    syscall(SYS_finit_module, module, "", 0);
    mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
    privcmd = open("/dev/xen/privcmd", O_RDWR);
    if (page == MAP_FAILED || privcmd < 0)
        return;
    dprintf(1, "MEMORY %ld %ld\n", free_pages(privcmd, page), dom0_pages(privcmd, page));
}

int main(void)
{
    __asm__ volatile(".byte 0x66, 0x87, 0xdb"); /* xchg %bx,%bx */
    report_memory();
    sync();
    reboot(RB_POWER_OFF);
    return 0;
}
