/* SPDX-License-Identifier: MIT
 *
 * Why: the example of docs/unikernel.md must be one that runs.
 * Trick: it is this file. A whole guest that keeps a number on its disk, and counts how often it was started.
 * Expect: the number is one more at each start.
 */
#include "front/block.h"
#include "front/front.h"
#include "guest.h"
#include "memory.h"

GUEST("unikernel");

struct boot_record {
    char magic[8];
    uint64_t starts;
};

void guest_main(void)
{
    static struct block disk;
    struct boot_record *record = page_alloc();
    unsigned id;

    if (!front_open())
        report_skip("only other domains have front ends");
    if (!xenbus_list("vbd", &id, 1))
        report_skip("this guest has no disk");
    if (!check_eq("connect to the disk", block_open(&disk, id, NULL), 0))
        return;
    check_eq("read", block_io(&disk, BLKIF_OP_READ, 0, record, 8), BLKIF_RSP_OKAY);
    if (memcmp(record->magic, "STARTS 1", 8)) {
        memcpy(record->magic, "STARTS 1", 8);
        record->starts = 0;
    }
    record->starts++;
    check_eq("write", block_io(&disk, BLKIF_OP_WRITE, 0, record, 8), BLKIF_RSP_OKAY);
    if (disk.flush)
        check_eq("flush", block_io(&disk, BLKIF_OP_FLUSH_DISKCACHE, 0, NULL, 0), BLKIF_RSP_OKAY);
    printf("This is start number %lu.\n", record->starts);
    check("disconnect", block_close(&disk));
}
