// SPDX-License-Identifier: BSD-3-Clause
#include "control/store/batch.h"

#include <errno.h>
#include <stdlib.h>

// A fresh block at the young end. False when there is no memory for it, or too much is held already.
static bool block_begin(struct batch *batch)
{
    struct batch_block *block = batch->blocks < BATCH_BLOCKS ? malloc(sizeof(*block)) : NULL;
    if (block == NULL)
        return false;
    block->next = NULL;
    block->count = 0;
    block->length = 0;
    if (batch->last != NULL)
        batch->last->next = block;
    else
        batch->first = block;
    batch->last = block;
    batch->blocks++;
    return true;
}

// Releases the oldest block; the last one stays and is emptied.
static void block_end(struct batch *batch)
{
    struct batch_block *block = batch->first;
    batch->count -= block->count;
    if (block->next == NULL) {
        block->count = 0;
        block->length = 0;
        return;
    }
    batch->first = block->next;
    batch->blocks--;
    free(block);
}

struct batch *batch_new(struct sink *sink, struct journal *journal, uint64_t *counters)
{
    struct batch *batch = calloc(1, sizeof(*batch));
    if (batch == NULL || !block_begin(batch)) {
        free(batch);
        errno = ENOMEM;
        return NULL;
    }
    batch->sink = sink;
    batch->journal = journal;
    batch->counters = counters;
    return batch;
}

void batch_free(struct batch *batch)
{
    if (batch == NULL)
        return;
    while (batch->first->next != NULL)
        block_end(batch);
    free(batch->first);
    free(batch);
}

char *batch_room(struct batch *batch, size_t *ret_bytes)
{
    struct batch_block *block = batch->last;
    *ret_bytes = block->count == BATCH_COUNT ? 0 : sizeof(block->bytes) - block->length;
    return block->bytes + block->length;
}

int batch_renew(struct batch *batch, uint64_t now_ns)
{
    if (batch_flush(batch, now_ns) == 0 || block_begin(batch))
        return 0;
    // The journal remembers the target, so a control or scan that goes on from it asks it again.
    batch->counters[CONTROL_RECORDS_LOST]++;
    return -ENOMEM;
}

void batch_add(struct batch *batch, size_t length, const struct journal_entry *target, uint64_t now_ns)
{
    struct batch_block *block = batch->last;
    if (batch->count++ == 0)
        batch->oldest_ns = now_ns;
    block->length += length;
    block->done[block->count] = *target;
    block->done[block->count++].kind = JOURNAL_DONE;
}

static void block_count(const struct batch *batch, const struct batch_block *block)
{
    for (size_t i = 0; i < block->count; i++)
        batch->counters[block->done[i].counter]++;
    batch->counters[CONTROL_RECORDS] += block->count;
    batch->counters[CONTROL_RECORD_BYTES] += block->length;
}

static void flush_fail(struct batch *batch, uint64_t now_ns)
{
    batch->counters[CONTROL_RECORD_WRITE_ERRORS]++;
    batch->broken = !batch->sink->is_file;
    backoff_fail(&batch->backoff, now_ns);
}

int batch_flush(struct batch *batch, uint64_t now_ns)
{
    while (batch->count > 0) {
        struct batch_block *block = batch->first;
        if (batch->broken || backoff_waits(&batch->backoff, now_ns))
            return -EIO;
        int error = sink_append(batch->sink, block->bytes, block->length);
        if (error != 0) {
            flush_fail(batch, now_ns);
            return error;
        }
        if (!batch->sink->is_file && journal_append(batch->journal, block->done, block->count) != 0)
            batch->counters[CONTROL_JOURNAL_ERRORS]++;
        block_count(batch, block);
        block_end(batch);
    }
    backoff_succeed(&batch->backoff);
    return 0;
}

void batch_give_up(struct batch *batch)
{
    batch->counters[CONTROL_RECORDS_LOST] += batch->count;
}
