// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// One lane's bytes on their way to the sink, in batches: each is written with one call. What the sink does not take (a
// full disk) is held in memory and tried again; batch_troubled tells the lane to begin nothing new meanwhile, so what
// is held stays within what was open. What the bytes say is not known here. One thread.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/store/backoff.h"
#include "control/store/counters.h"
#include "control/store/journal.h"
#include "control/store/sink.h"

enum {
    BATCH_BYTES = 512 << 10,
    BATCH_COUNT = 1024, // records
    BATCH_BLOCKS = 128, // held at once: 64 MB
};

// What is written with one call.
struct batch_block {
    struct batch_block *next; // younger
    size_t length;
    size_t count;
    struct journal_entry done[BATCH_COUNT]; // where records cannot be read back
    char bytes[BATCH_BYTES];
};

struct batch {
    struct sink *sink;
    struct journal *journal;
    uint64_t *counters;        // [CONTROL_COUNTER_COUNT], the lane's
    struct batch_block *first; // the oldest that is not written; never NULL
    struct batch_block *last;  // is being filled
    size_t blocks;
    size_t count;       // records in all blocks
    uint64_t oldest_ns; // when the first of them came
    struct backoff backoff;
    bool broken; // a pipe without a reader: nothing more can be written
};

// NULL and errno.
struct batch *batch_new(struct sink *sink, struct journal *journal, uint64_t *counters);
void batch_free(struct batch *batch);

// The room that is left for one record, until batch_add: *ret_bytes of it, which may be none.
char *batch_room(struct batch *batch, size_t *ret_bytes);

// For a record that found too little room: writes what there is, or else begins another block, so that there are
// BATCH_BYTES. -ENOMEM when there is no memory for that either: the record is lost, and counted; the journal still has
// its target.
int batch_renew(struct batch *batch, uint64_t now_ns);

// What was written into batch_room's room is a record of so many bytes, whose target has this key and counter. Both it
// and CONTROL_RECORDS count the record when it is written, so that they add up whatever happens in between.
void batch_add(struct batch *batch, size_t length, const struct journal_entry *target, uint64_t now_ns);

// Writes everything. Returns 0 or -errno with the rest held; every record that was not written is in the journal
// without an end. now_ns = UINT64_MAX tries even when the last attempt failed a moment ago.
int batch_flush(struct batch *batch, uint64_t now_ns);

// Whether the last write failed: nothing new should begin.
static inline bool batch_troubled(const struct batch *batch)
{
    return backoff_troubled(&batch->backoff);
}

// Nothing is tried any more: counts what is held as lost. For the end.
void batch_give_up(struct batch *batch);
