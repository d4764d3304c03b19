// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/tables.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20, LINE = 64, DIRECTORY_ENTRIES = 65536 };

static size_t line_up(size_t bytes)
{
    return (bytes + LINE - 1) / LINE * LINE;
}

// Copies one array to the cursor and moves it on; the copy.
static const void *array_copy(uint8_t **cursor, const void *array, size_t bytes)
{
    void *copy = *cursor;
    if (bytes > 0)
        memcpy(copy, array, bytes);
    *cursor += line_up(bytes);
    return copy;
}

int tables_init(struct tables *tables, const struct targets *targets)
{
    size_t bases = targets->base_count * sizeof(*targets->bases);
    size_t directory = DIRECTORY_ENTRIES * sizeof(*targets->directory);
    size_t blocks = targets->block_count * sizeof(*targets->blocks);
    size_t partials = targets->partial_count * sizeof(*targets->partials);
    size_t bytes = line_up(bases) + line_up(directory) + line_up(blocks) + line_up(partials);
    bytes = (bytes + 2 * HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return -ENOMEM;
    (void)madvise(memory, bytes, MADV_HUGEPAGE);
    // Huge pages are given at their own alignment only, so the tables begin at the first such address.
    uint8_t *cursor = (uint8_t *)memory;
    cursor += (HUGE_PAGE - (uintptr_t)memory % HUGE_PAGE) % HUGE_PAGE;
    *tables = (struct tables){.targets = *targets, .memory = memory, .bytes = bytes};
    tables->targets.bases = (const uint32_t *)array_copy(&cursor, targets->bases, bases);
    tables->targets.directory = (const uint16_t *)array_copy(&cursor, targets->directory, directory);
    tables->targets.blocks = (const struct targets_block *)array_copy(&cursor, targets->blocks, blocks);
    tables->targets.partials = (const struct targets_partial *)array_copy(&cursor, targets->partials, partials);
    (void)mprotect(memory, bytes, PROT_READ);
    return 0;
}

void tables_fini(struct tables *tables)
{
    if (tables->memory != NULL)
        munmap(tables->memory, tables->bytes);
    tables->memory = NULL;
}
