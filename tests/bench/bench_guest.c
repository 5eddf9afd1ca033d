/* SPDX-License-Identifier: MIT
 *
 * Why: how many instructions a trip into the hypervisor costs, operation by operation.
 * Trick: under QEMU's -icount shift=0 one instruction is one nanosecond and the TSC runs at 1 GHz, so RDTSC counts
 * instructions.  Each row is the cheapest of some batches, divided by its number of operations; the loop's and the
 * stub's own few instructions are in it, and the shortest possible guest handlers where the guest is entered. Expect:
 * nothing; prints "BENCH <row> <instructions>".  Without -icount the figures are time stamp ticks, of little use.
 */
#include "clock.h"
#include "events.h"
#include "guest.h"
#include "memory.h"
#include "traps.h"
#include "user.h"
#include "vcpu.h"

GUEST("bench_guest");

static void row(const char *name, uint64_t ticks, uint64_t operations)
{
    uint64_t tenths = (ticks * 10 + operations / 2) / operations;

    printf("BENCH %s %lu.%lu\n", name, tenths / 10, tenths % 10);
}

#define BEST_OF(name, batches, count, per, ...)                                                                        \
    do {                                                                                                               \
        uint64_t best = ~0ul;                                                                                          \
        for (unsigned batch = 0; batch < (batches); batch++) {                                                         \
            uint64_t from = rdtsc(), spent;                                                                            \
            for (unsigned i = 0; i < (count); i++) {                                                                   \
                __VA_ARGS__;                                                                                           \
            }                                                                                                          \
            spent = rdtsc() - from;                                                                                    \
            best = spent < best ? spent : best;                                                                        \
        }                                                                                                              \
        row(name, best, (uint64_t)(count) * (per));                                                                    \
    } while (0)
#define BENCH(name, ...)          BEST_OF(name, 20, 50, 1, __VA_ARGS__)
#define BENCH_PER(name, per, ...) BEST_OF(name, 20, 50, per, __VA_ARGS__)

/* ---- the shortest handlers ---- */
extern char bench_skip_kernel[], bench_plain_kernel[], bench_user_trap[], bench_user_fault[], bench_user_syscall[],
    bench_event[];

asm(".text\n"
    /* Kernel #PF at a 3-byte instruction: skip it, return natively. */
    "bench_skip_kernel: pop %rcx; pop %r11; add $8, %rsp; addq $3, (%rsp); orb $3, 8(%rsp); iretq\n"
    /* Kernel software interrupt. */
    "bench_plain_kernel: pop %rcx; pop %r11; orb $3, 8(%rsp); iretq\n"
    /* From user mode: back by the iret hypercall. */
    "bench_user_trap: pop %rcx; pop %r11; push $0; push %rcx; push %r11; push %rax; mov $23, %eax; syscall\n"
    "bench_user_fault: pop %rcx; pop %r11; add $8, %rsp; addq $3, (%rsp);"
    "push $0; push %rcx; push %r11; push %rax; mov $23, %eax; syscall\n"
    "bench_user_syscall: pop %rcx; pop %r11; push $0x100; push %rcx; push %r11; push %rax; mov $23, %eax; syscall\n"
    /* Event upcall of vCPU 0: acknowledge everything in the first word, open events, return natively. */
    "bench_event: push %rax; mov shared_info(%rip), %rax; movb $0, (%rax); movq $0, 8(%rax); movq $0, 2048(%rax);"
    "movb $0, 1(%rax); pop %rax; pop %rcx; pop %r11; orb $3, 8(%rsp); iretq\n");
_Static_assert(offsetof(struct shared_info, evtchn_pending) == 2048, "bench_event clears it");

static void set_vector(uint8_t vector, uint8_t flags, const char *address)
{
    struct trap_info list[2] = {{vector, flags, FLAT_KERNEL_CS, (uint64_t)address}};

    hv_set_trap_table(list);
}

static void set_callback(uint16_t type, const char *address)
{
    struct callback_register reg = {.type = type, .flags = CALLBACKF_mask_events, .address = (uint64_t)address};

    hv_callback_op(CALLBACKOP_register, &reg);
}

static multicall_entry_t calls[32];

static void hypercalls(void)
{
    BENCH("null hypercall", hv_xen_version(XENVER_version, NULL));
    for (unsigned i = 0; i < 32; i++)
        calls[i] = (multicall_entry_t){.op = __HYPERVISOR_xen_version, .args = {XENVER_version, 0}};
    BENCH("multicall of 32 xen_version, whole", hv_multicall(calls, 32));
    BENCH("vcpu_op is_up", hv_vcpu_op(VCPUOP_is_up, 0, NULL));
    BENCH("sched_op yield", hv_sched_op(SCHEDOP_yield, NULL));
    BENCH("stack_switch", hv_stack_switch(FLAT_KERNEL_SS, (uint64_t)vcpu_stacks[0] + VCPU_STACK_AREA / 2));
    BENCH("set_segment_base", hv_set_segment_base(SEGBASE_GS_USER, 0x1000));
}

static void events(void)
{
    unsigned port = (unsigned)event_bind_ipi(0);
    struct evtchn_send send = {.port = port};

    event_mask(port);
    event_send(port);
    BENCH("event send to self, masked and pending", hv_event_channel_op(EVTCHNOP_send, &send));
    event_unmask(port);
    BENCH("event send to self, upcalls off", hv_event_channel_op(EVTCHNOP_send, &send);
          shared_info->evtchn_pending[0] = 0; vcpu_info_of(0)->evtchn_pending_sel = 0;
          vcpu_info_of(0)->evtchn_upcall_pending = 0);
    set_callback(CALLBACKTYPE_event, bench_event);
    events_on();
    BENCH("event send to self, upcall and iret", hv_event_channel_op(EVTCHNOP_send, &send));
    events_off();
    set_callback(CALLBACKTYPE_event, event_entry);
    event_close(port);
}

static struct mmu_update updates[64];

static void page_tables(void)
{
    uint64_t *page = page_alloc(), pte = pte_make(mfn_of(page), PTE_KERNEL), *l1 = table_new();
    uint64_t *entry = scratch_entry(0);
    void *va = scratch_va(0);

    BENCH_PER("update_va_mapping, no flush", 2, hv_update_va_mapping(va, 0, UVMF_NONE);
              hv_update_va_mapping(va, pte, UVMF_NONE));
    BENCH_PER("update_va_mapping, invlpg", 2, hv_update_va_mapping(va, 0, UVMF_INVLPG);
              hv_update_va_mapping(va, pte, UVMF_INVLPG));
    updates[0] = (struct mmu_update){machine_of(entry), 0};
    updates[1] = (struct mmu_update){machine_of(entry), pte};
    BENCH_PER("mmu_update of 1", 2, hv_mmu_update(updates, 1, NULL, DOMID_SELF);
              hv_mmu_update(updates + 1, 1, NULL, DOMID_SELF));
    for (unsigned i = 0; i < 64; i++)
        updates[i] = (struct mmu_update){machine_of(scratch_entry(i / 2)), i % 2 ? pte : 0};
    BENCH_PER("mmu_update of 64, per entry", 64, hv_mmu_update(updates, 64, NULL, DOMID_SELF));
    BENCH("mmu_update of 64, whole", hv_mmu_update(updates, 64, NULL, DOMID_SELF));
    for (unsigned i = 0; i < 32; i++)
        calls[i] = (multicall_entry_t){.op = __HYPERVISOR_update_va_mapping,
                                       .args = {(uint64_t)scratch_va(0), i % 2 ? pte : 0, UVMF_NONE}};
    BENCH_PER("multicall of 32 update_va_mapping, per entry", 32, hv_multicall(calls, 32));
    hv_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables);
    BENCH_PER("page-table write emulated", 2, *(volatile uint64_t *)entry = 0; *(volatile uint64_t *)entry = pte);
    BENCH("mmuext TLB flush local", mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0));
    BENCH("mmuext INVLPG local", mmuext(MMUEXT_INVLPG_LOCAL, (uint64_t)va));
    BENCH("mmuext new base pointer, same", mmuext(MMUEXT_NEW_BASEPTR, mfn_of(kernel_l4)));
    for (unsigned i = 0; i < 512; i++)
        l1[i] = pte;
    table_seal(l1);
    BEST_OF("pin and unpin of a full L1", 3, 5, 1, pin(1, mfn_of(l1)); unpin(mfn_of(l1)));
    for (unsigned i = 0; i < 32; i++)
        pt_set(scratch_entry(i), 0);
}

static void grants(void)
{
    uint64_t frames[1], *page = page_alloc(), *other = page_alloc();
    struct gnttab_setup_table setup = {.dom = DOMID_SELF, .nr_frames = 1};
    struct gnttab_set_version version = {.version = 1};
    grant_entry_v1_t *table = scratch_va(100);
    struct gnttab_map_grant_ref map;
    struct gnttab_unmap_grant_ref unmap;
    struct gnttab_copy copy = {.flags = GNTCOPY_source_gref, .len = PAGE_SIZE};

    set_xen_guest_handle(setup.frame_list, frames);
    hv_grant_table_op(GNTTABOP_set_version, &version, 1);
    hv_grant_table_op(GNTTABOP_setup_table, &setup, 1);
    scratch_set(100, pte_make(frames[0], PTE_KERNEL));
    table[8] = (grant_entry_v1_t){.flags = GTF_permit_access, .frame = (uint32_t)mfn_of(page)};
    BENCH("grant map and unmap", map = ((struct gnttab_map_grant_ref){
                                     .host_addr = (uint64_t)scratch_va(101), .flags = GNTMAP_host_map, .ref = 8});
          hv_grant_table_op(GNTTABOP_map_grant_ref, &map, 1);
          unmap = ((struct gnttab_unmap_grant_ref){.host_addr = (uint64_t)scratch_va(101), .handle = map.handle});
          hv_grant_table_op(GNTTABOP_unmap_grant_ref, &unmap, 1));
    copy.source.u.ref = 8;
    copy.dest.domid = DOMID_SELF;
    copy.dest.u.gmfn = mfn_of(other);
    BENCH("grant copy of 4 KiB", hv_grant_table_op(GNTTABOP_copy, &copy, 1));
    copy.len = 64;
    BENCH("grant copy of 64 bytes", hv_grant_table_op(GNTTABOP_copy, &copy, 1));
    if (map.status || unmap.status || copy.status)
        report_note("grant rows are wrong: %d %d %d", map.status, unmap.status, copy.status);
}

static void traps(void)
{
    void *hole = scratch_va(200);
    uint64_t cr0;

    set_vector(TRAP_PF, 0, bench_skip_kernel);
    BENCH("page fault, kernel, and iret", asm volatile("movq (%0), %%rax"
                                                       :
                                                       : "r"(hole)
                                                       : "rax", "rcx", "r11", "memory"));
    set_vector(TRAP_PF, 4, trap_stubs + 32 * TRAP_PF);
    set_vector(0x80, 3, bench_plain_kernel);
    BENCH("int 0x80, kernel, and iret", asm volatile("int $0x80" : : : "rcx", "r11", "memory"));
    set_vector(0x80, 7, trap_stubs + 32 * 0x80);
    BENCH("cpuid by the forced prefix", asm volatile(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e; cpuid"
                                                     :
                                                     : "a"(0x40000000), "c"(0)
                                                     : "rbx", "rdx"));
    BENCH("read CR0", asm volatile("mov %%cr0, %0" : "=r"(cr0)));
    BENCH("rdmsr KERNEL_GS_BASE", asm volatile("rdmsr" : : "c"(0xc0000102) : "rax", "rdx"));
}

/* ---- user mode: 50 times each, timed by user mode itself ---- */
#define USER_LOOP(name, operation)                                                                                     \
    USER_CODE(name, "mov $50, %ebx; rdtsc; shl $32, %rdx; lea (%rdx,%rax), %r12; 1: " operation                        \
                    "; dec %ebx; jnz 1b; rdtsc; shl $32, %rdx; add %rdx, %rax; sub %r12, %rax; mov %rax, %r12; ud2")
USER_LOOP("bench_loop_syscall", "syscall");
USER_LOOP("bench_loop_int", "int $0x80");
USER_LOOP("bench_loop_fault", "movq (%rdi), %rsi");
extern char bench_loop_syscall[], bench_loop_int[], bench_loop_fault[];

static void user_row(const char *name, const char *code, uint64_t rdi)
{
    struct trap_frame u;
    uint64_t best = ~0ul;

    for (unsigned batch = 0; batch < 20; batch++) {
        memset(&u, 0, sizeof u);
        u.rip = user_va(code);
        u.rdi = rdi;
        if (user_run(&u) != TRAP_UD) {
            report_note("%s: left by vector %lu", name, u.vector);
            return;
        }
        best = u.r12 < best ? u.r12 : best;
    }
    row(name, best, 50);
}

static void user_traps(void)
{
    set_callback(CALLBACKTYPE_syscall, bench_user_syscall);
    user_row("system call from user, and iret", bench_loop_syscall, 0);
    set_callback(CALLBACKTYPE_syscall, syscall_entry);
    set_vector(0x80, 3, bench_user_trap);
    user_row("int 0x80 from user, and iret", bench_loop_int, 0);
    set_vector(0x80, 7, trap_stubs + 32 * 0x80);
    set_vector(TRAP_PF, 0, bench_user_fault);
    user_row("page fault from user, and iret", bench_loop_fault, USER_DATA - 4096);
    set_vector(TRAP_PF, 4, trap_stubs + 32 * TRAP_PF);
}

/* ---- two vCPUs on one processor ---- */
static unsigned port_of[2];
static volatile unsigned ready, stop;

static void wait_poll(unsigned vcpu)
{
    evtchn_port_t port = port_of[vcpu];
    struct sched_poll poll = {.nr_ports = 1};

    set_xen_guest_handle(poll.ports, &port);
    hv_sched_op(SCHEDOP_poll, &poll);
    event_clear(port);
}

static void poll_partner(unsigned vcpu)
{
    ready = 1;
    for (;;) {
        wait_poll(vcpu);
        if (stop)
            return;
        event_send(port_of[0]);
    }
}

static void block_partner(unsigned vcpu)
{
    unsigned seen = event_count[port_of[vcpu]];

    ready = 1;
    for (;;) {
        while (event_count[port_of[vcpu]] == seen)
            hv_sched_op(SCHEDOP_block, NULL);
        seen = event_count[port_of[vcpu]];
        events_off();
        if (stop)
            return;
        event_send(port_of[0]);
    }
}

static void start_partner(void (*job)(unsigned vcpu))
{
    ready = stop = 0;
    if (vcpu_boot(1, job))
        report_note("cannot start vCPU 1");
    while (!ready)
        vcpu_relax();
    for (unsigned i = 0; i < 10; i++)
        vcpu_relax();
}

static void stop_partner(void)
{
    stop = 1;
    event_send(port_of[1]);
    vcpu_wait_down(1, 1000);
}

static void block_once(void)
{
    unsigned seen = event_count[port_of[0]];

    event_send(port_of[1]);
    while (event_count[port_of[0]] == seen)
        hv_sched_op(SCHEDOP_block, NULL);
    events_off();
}

static void context_switch(void)
{
    if (vcpu_count() < 2) {
        report_note("one vCPU: no context switch row (dom0_max_vcpus=2)");
        return;
    }
    port_of[0] = (unsigned)event_bind_ipi(0);
    port_of[1] = (unsigned)event_bind_ipi(1);
    start_partner(poll_partner);
    BENCH_PER("context switch by send and poll", 2, event_send(port_of[1]); wait_poll(0));
    stop_partner();
    event_unmask(port_of[0]);
    event_unmask(port_of[1]);
    start_partner(block_partner);
    BENCH_PER("context switch by send, block and upcall", 2, block_once());
    stop_partner();
}

void guest_main(void)
{
    hv_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
    user_init();
    hypercalls();
    events();
    page_tables();
    grants();
    traps();
    user_traps();
    context_switch();
    case_ok("all rows measured");
}
