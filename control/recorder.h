// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// One lane's way to the records: classifies, attributes, formats, and hands whole batches to the sink. One thread.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/image.h"
#include "control/classify.h"
#include "control/counters.h"
#include "control/journal.h"
#include "control/queue.h"
#include "control/record.h"
#include "control/sink.h"

enum {
    RECORDER_BATCH_BYTES = 512 << 10,
    RECORDER_BATCH_COUNT = 1024, // records
};

// The counter of each outcome.
extern const enum control_counter recorder_outcome_counters[OUTCOME_COUNT];

struct recorder {
    const struct image *image;
    struct sink *sink;
    struct journal *journal;
    struct classifier *classifier;
    uint64_t *counters;                              // [CONTROL_COUNTER_COUNT], the lane's
    struct json json;                                // the batch
    size_t count;                                    // records in the batch
    uint64_t oldest_ns;                              // when its first one came
    uint64_t retry_ns;                               // after an error: not before
    bool broken;                                     // a pipe without a reader: nothing more can be written
    struct journal_entry done[RECORDER_BATCH_COUNT]; // of the batch, where records cannot be read back
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

// Puts one record into the batch, which is written when it is full.
void recorder_add(struct recorder *recorder, const struct ending *ending);

// Writes the batch. Returns 0 or -errno, with the batch as it was; every record that was not written is in the journal
// without an end. now_ns = UINT64_MAX tries even when the last attempt failed a moment ago.
int recorder_flush(struct recorder *recorder, uint64_t now_ns);
