// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// One lane's way to the records: classifies, attributes, formats, and hands whole batches to the sink. What the sink
// does not take (a full disk) is held in memory and tried again; recorder_troubled tells the lane to begin nothing new
// meanwhile, so what is held stays within what was open. One thread.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/image/image.h"
#include "control/classify/classify.h"
#include "control/store/counters.h"
#include "control/store/journal.h"
#include "control/converse/queue.h"
#include "control/record/record.h"
#include "control/store/sink.h"

enum {
    RECORDER_BATCH_BYTES = 512 << 10,
    RECORDER_BATCH_COUNT = 1024, // records
    RECORDER_BATCHES_MAX = 128,  // held at once: 64 MB
};

// The counter of each outcome.
extern const enum control_counter recorder_outcome_counters[OUTCOME_COUNT];

struct recorder_batch {
    struct recorder_batch *next; // younger
    struct json json;
    size_t count;
    struct journal_entry done[RECORDER_BATCH_COUNT]; // where records cannot be read back
    char bytes[RECORDER_BATCH_BYTES];
};

struct recorder {
    const struct image *image;
    struct sink *sink;
    struct journal *journal;
    struct classifier *classifier;
    uint64_t *counters;           // [CONTROL_COUNTER_COUNT], the lane's
    struct recorder_batch *first; // the oldest that is not written; never NULL
    struct recorder_batch *last;  // is being filled
    size_t batches;
    size_t count;       // records in all batches
    uint64_t oldest_ns; // when the first of them came
    uint64_t retry_ns;  // after an error: not before
    uint64_t wait_ns;   // how long that is, 0 = the last write succeeded
    bool broken;        // a pipe without a reader: nothing more can be written
};

// How a target's conversation ended.
struct ending {
    const struct target *target;
    const struct observation *observation;
    enum outcome outcome;
    uint32_t rtt_us;
    uint64_t now_ns; // CLOCK_MONOTONIC
};

// NULL and errno (EINVAL: broken catalogue).
struct recorder *recorder_new(const struct image *image, struct sink *sink, struct journal *journal,
                              uint64_t *counters);
void recorder_free(struct recorder *recorder);

// Puts one record into the batch, which is written when it is full. What finds no room in memory either is lost and
// counted; the journal still has its target.
void recorder_add(struct recorder *recorder, const struct ending *ending);

// Writes everything. Returns 0 or -errno with the rest held; every record that was not written is in the journal
// without an end. now_ns = UINT64_MAX tries even when the last attempt failed a moment ago.
int recorder_flush(struct recorder *recorder, uint64_t now_ns);

// Whether the last write failed: nothing new should begin.
static inline bool recorder_troubled(const struct recorder *recorder)
{
    return recorder->wait_ns != 0;
}

// Nothing is tried any more: counts what is held as lost. For the end.
void recorder_give_up(struct recorder *recorder);
