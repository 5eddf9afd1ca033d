/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MSI and MSI-X (PCI 3.0 section 6.8). dom0 finds the functions and switches the capability on, as its driver model
 * wants; what is written to address, data and mask registers is decided here: a message is an interrupt with a vector,
 * and vectors are the hypervisor's.
 *
 * A message to the local APIC: address 0xfee00000 | APIC id << 12, data = vector, edge, fixed (SDM 3A 10.11).
 *
 * Each MSI irq has a source (function and entry) that is written before the irq gets its chip and read by the chip's
 * operations under the irq's lock. Functions are on a list under its own lock.
 */
#include "irq/msi.h"
#include "irq/irq.h"
#include "lib/compiler.h"
#include "lib/errno.h"
#include "lib/list.h"
#include "lib/log.h"
#include "lib/spinlock.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "mm/hv_map.h"
#include "platform/console.h"
#include "platform/io_memory.h"

/* Registers relative to the capability. */
#define MSI_CONTROL        2
#define MSI_ADDRESS_LOW    4
#define MSI_ADDRESS_HIGH   8
#define MSI_DATA_32        8
#define MSI_DATA_64        12
#define MSI_MASK_32        12
#define MSI_MASK_64        16
#define MSI_CONTROL_ENABLE 0x0001
#define MSI_CONTROL_MULTI  0x0070 /* log2 of messages that are enabled */
#define MSI_CONTROL_64BIT  0x0080
#define MSI_CONTROL_MASK   0x0100

#define MSIX_CONTROL        2
#define MSIX_TABLE          4
#define MSIX_CONTROL_SIZE   0x07ff
#define MSIX_CONTROL_ENABLE 0x8000
#define MSIX_TABLE_BAR      0x7

#define BAR_IO        0x1
#define BAR_TYPE_MASK 0x6
#define BAR_TYPE_64   0x4

#define MESSAGE_ADDRESS 0xfee00000u

struct msix_entry {
    uint32_t address_low, address_high, data, control; /* control bit 0: masked */
};

struct pci_function {
    struct list link;
    pci_address_t address;
    unsigned int msi, msix; /* offsets of the capabilities, 0: none */
    uint16_t msi_control;   /* as first read */
    unsigned int used;      /* irqs mapped */
    bool msi_used;
    unsigned int msix_size;
    volatile struct msix_entry *table; /* mapped while an entry is used */
};

struct source {
    struct pci_function *function; /* NULL: not in use */
    bool msix;
    unsigned int entry;
};

static struct spinlock lock = SPINLOCK_INIT(LOCK_LEVEL_PHYSDEV);
static struct list functions = LIST_INIT(functions); /* lock */
static struct source sources[IRQ_MAX];

/* Lock held. */
static struct pci_function *function_find(pci_address_t a)
{
    struct pci_function *f;
    list_for_each_entry (f, &functions, link)
        if (f->address == a)
            return f;
    return NULL;
}

/* ---- the chip ---- */

static void source_mask(unsigned int irq, bool masked)
{
    const struct source *s = &sources[irq];
    const struct pci_function *f = s->function;
    if (s->msix) {
        volatile struct msix_entry *e = &f->table[s->entry];
        e->control = (e->control & ~1u) | masked;
        (void)e->control; /* the write has reached the function when this read returns */
    } else if (f->msi_control & MSI_CONTROL_MASK) {
        unsigned int reg = f->msi + (f->msi_control & MSI_CONTROL_64BIT ? MSI_MASK_64 : MSI_MASK_32);
        pci_config_write(f->address, reg, 4, masked ? ~0u : ~1u);
    }
}

/* The vector never changes, so a message sent in the middle of this is old or new, never a mixture. */
static void msi_write_message(const struct pci_function *f, uint32_t address, uint32_t data)
{
    bool wide = f->msi_control & MSI_CONTROL_64BIT;
    pci_config_write(f->address, f->msi + MSI_ADDRESS_LOW, 4, address);
    if (wide)
        pci_config_write(f->address, f->msi + MSI_ADDRESS_HIGH, 4, 0);
    pci_config_write(f->address, f->msi + (wide ? MSI_DATA_64 : MSI_DATA_32), 2, data);
}

static void source_route(unsigned int irq, uint8_t vector, unsigned int cpu)
{
    const struct source *s = &sources[irq];
    uint32_t address = MESSAGE_ADDRESS | (cpu_local_of(cpu)->apic_id & 0xff) << 12;
    if (!s->msix) {
        msi_write_message(s->function, address, vector);
        return;
    }
    volatile struct msix_entry *e = &s->function->table[s->entry];
    uint32_t control = e->control;
    e->control = control | 1; /* an entry that is changed must be masked (6.8.2) */
    e->address_low = address;
    e->address_high = 0;
    e->data = vector;
    e->control = control;
    (void)e->control;
}

static const struct irq_chip chip = {.mask = source_mask, .route = source_route};

/* ---- functions ---- */

int msi_device_add(pci_address_t a)
{
    struct pci_function *f = heap_alloc(sizeof(*f));
    if (!f)
        return -ENOMEM;
    f->address = a;
    f->msi = pci_find_capability(a, PCI_CAP_ID_MSI);
    f->msix = pci_find_capability(a, PCI_CAP_ID_MSIX);
    if (f->msi)
        f->msi_control = (uint16_t)pci_config_read(a, f->msi + MSI_CONTROL, 2);
    spin_lock(&lock);
    bool known = function_find(a);
    if (!known)
        list_add_tail(&functions, &f->link);
    spin_unlock(&lock);
    if (known)
        heap_free(f);
    return 0;
}

int msi_device_remove(pci_address_t a)
{
    spin_lock(&lock);
    struct pci_function *f = function_find(a);
    int r = !f ? -ENODEV : f->used ? -EBUSY : 0;
    if (!r)
        list_remove(&f->link);
    spin_unlock(&lock);
    if (!r)
        heap_free(f);
    return r;
}

bool msi_device_known(pci_address_t a)
{
    spin_lock(&lock);
    bool known = function_find(a);
    spin_unlock(&lock);
    return known;
}

/* ---- the MSI-X table ---- */

/* Machine address in a base address register; 0: not set, or I/O. */
static paddr_t bar_read(pci_address_t a, unsigned int bar)
{
    unsigned int limit = (pci_config_read(a, PCI_HEADER_TYPE, 1) & 0x7f) == 1 ? 2 : 6;
    if (bar >= limit)
        return 0;
    uint32_t low = pci_config_read(a, PCI_BAR0 + 4 * bar, 4);
    if (low & BAR_IO)
        return 0;
    paddr_t address = low & ~0xfu;
    if ((low & BAR_TYPE_MASK) == BAR_TYPE_64 && bar + 1 < limit)
        address |= (paddr_t)pci_config_read(a, PCI_BAR0 + 4 * bar + 4, 4) << 32;
    return address;
}

/* Device memory only: dom0 may be wrong about addresses, but must not make us write to RAM or an APIC. */
static bool range_is_device(paddr_t start, size_t size)
{
    for (uint64_t n = start >> PAGE_SHIFT; n <= (start + size - 1) >> PAGE_SHIFT; n++)
        if (frame_is_ram(MFN(n)) || io_frame_read_only(n))
            return false;
    return true;
}

/* Lock held. Maps the table on first use. */
static int table_map(struct pci_function *f, paddr_t bar_said)
{
    if (f->table)
        return 0;
    if (!(pci_config_read(f->address, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY))
        return -ENXIO;
    uint32_t where = pci_config_read(f->address, f->msix + MSIX_TABLE, 4);
    paddr_t bar = bar_read(f->address, where & MSIX_TABLE_BAR);
    if (!bar)
        bar = bar_said & ~0xfULL;
    f->msix_size = (pci_config_read(f->address, f->msix + MSIX_CONTROL, 2) & MSIX_CONTROL_SIZE) + 1;
    size_t size = f->msix_size * sizeof(struct msix_entry);
    paddr_t start = bar + (where & ~MSIX_TABLE_BAR);
    if (!bar || start >= 1ULL << 52 || !range_is_device(start, size))
        return -ENXIO;
    f->table = hv_map_mmio(start, size, HV_CACHE_UC);
    return f->table ? 0 : -ENOMEM;
}

static void table_unmap(struct pci_function *f)
{
    hv_unmap_mmio((void *)f->table, f->msix_size * sizeof(struct msix_entry));
    f->table = NULL;
}

/* ---- mapping ---- */

static bool source_exists(const struct pci_function *f, const struct msi_request *q)
{
    for (unsigned int irq = 0; irq < IRQ_MAX; irq++)
        if (sources[irq].function == f && sources[irq].msix == q->msix && sources[irq].entry == q->entry)
            return true;
    return false;
}

/* Lock held. What must hold before the source is written. */
static int request_check(struct pci_function *f, const struct msi_request *q)
{
    if (!f)
        return -ENODEV;
    if (!(q->msix ? f->msix : f->msi))
        return -ENODEV;
    if (source_exists(f, q) || (q->msix ? f->msi_used : f->used != 0 && !f->msi_used))
        return -EEXIST;
    if (!q->msix)
        return q->entry == 0 ? 0 : -EINVAL;
    int r = table_map(f, q->table_bar);
    if (r)
        return r;
    if (q->entry < f->msix_size)
        return 0;
    if (!f->used)
        table_unmap(f);
    return -EINVAL;
}

/* Lock held. */
static void source_detach(unsigned int irq)
{
    struct pci_function *f = sources[irq].function;
    bool msix = sources[irq].msix;
    irq_set_chip(irq, NULL, false);
    sources[irq] = (struct source){0};
    f->used--;
    if (!msix)
        f->msi_used = false;
    else if (!f->used)
        table_unmap(f);
}

/* Lock held. The first irq number above the GSIs without a source. */
static int source_attach(struct pci_function *f, const struct msi_request *q)
{
    unsigned int irq = irq_gsi_count();
    while (irq < IRQ_MAX && sources[irq].function)
        irq++;
    if (irq == IRQ_MAX) {
        if (q->msix && !f->used)
            table_unmap(f);
        return -ENOSPC;
    }
    sources[irq] = (struct source){.function = f, .msix = q->msix, .entry = q->entry};
    f->used++;
    f->msi_used |= !q->msix;
    irq_set_chip(irq, &chip, false);
    int r = irq_program(irq);
    if (r)
        source_detach(irq);
    return r ? r : (int)irq;
}

int msi_map(const struct msi_request *request)
{
    spin_lock(&lock);
    struct pci_function *f = function_find(request->device);
    int r = request_check(f, request);
    if (!r)
        r = source_attach(f, request);
    spin_unlock(&lock);
    return r;
}

void msi_unmap(unsigned int irq)
{
    spin_lock(&lock);
    struct pci_function *f = sources[irq].function;
    source_mask(irq, true);
    if (!sources[irq].msix) {
        uint32_t control = pci_config_read(f->address, f->msi + MSI_CONTROL, 2);
        pci_config_write(f->address, f->msi + MSI_CONTROL, 2, control & ~(uint32_t)MSI_CONTROL_ENABLE);
    }
    source_detach(irq);
    spin_unlock(&lock);
}

int msi_restore(pci_address_t a)
{
    spin_lock(&lock);
    struct pci_function *f = function_find(a);
    for (unsigned int irq = 0; f && f->used && irq < IRQ_MAX; irq++)
        if (sources[irq].function == f)
            (void)irq_program(irq);
    if (f && f->used) {
        unsigned int reg = f->msi_used ? f->msi + MSI_CONTROL : f->msix + MSIX_CONTROL;
        uint32_t enable = f->msi_used ? MSI_CONTROL_ENABLE : MSIX_CONTROL_ENABLE;
        pci_config_write(a, reg, 2, pci_config_read(a, reg, 2) | enable);
    }
    spin_unlock(&lock);
    return f ? 0 : -ENODEV;
}

/* ---- dom0's own writes to configuration space ---- */

static unsigned int msi_length(const struct pci_function *f)
{
    bool wide = f->msi_control & MSI_CONTROL_64BIT, masks = f->msi_control & MSI_CONTROL_MASK;
    return (wide ? 14 : 10) + (masks ? 10 : 0);
}

/* While an MSI is mapped its message is ours, and it is one message. Enabling it, and all of MSI-X's control, is
 * dom0's. */
static bool config_write_filter(pci_address_t a, unsigned int reg, unsigned int size, uint32_t *value)
{
    bool allowed = true;
    spin_lock(&lock);
    const struct pci_function *f = function_find(a);
    if (f && f->msi_used) {
        unsigned int control = f->msi + MSI_CONTROL;
        if (reg < f->msi + msi_length(f) && reg + size > f->msi + MSI_ADDRESS_LOW)
            allowed = false;
        else if (reg <= control && reg + size > control)
            *value &= ~(uint32_t)(MSI_CONTROL_MULTI << (control - reg) * 8);
    }
    spin_unlock(&lock);
    return allowed;
}

static void msi_dump(void)
{
    for (unsigned int irq = 0; irq < IRQ_MAX; irq++) {
        const struct source *s = &sources[irq];
        if (s->function)
            log_info("  irq %3u %s %04x:%02x:%02x.%u entry %u", irq, s->msix ? "MSI-X" : "MSI",
                     s->function->address >> 16, s->function->address >> 8 & 0xff, s->function->address >> 3 & 0x1f,
                     s->function->address & 7, s->entry);
    }
}

void __init msi_init(void)
{
    static const struct debug_key key = {'M', "message-signalled interrupts", msi_dump};
    pci_config_write_filter = config_write_filter;
    debug_key_register(&key);
}
