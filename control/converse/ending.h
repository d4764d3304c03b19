// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// How a target's conversations ended, on its way to the record: classified, attributed, formatted, and put into the
// lane's batch. One thread.

#include <stdatomic.h>
#include <stdint.h>

#include "config/image/image.h"
#include "control/classify/classify.h"
#include "control/converse/queue.h"
#include "control/record/record.h"
#include "control/store/batch.h"
#include "control/store/counters.h"

// The counter of each outcome.
extern const enum control_counter ending_outcome_counters[OUTCOME_COUNT];

struct ending {
    const struct target *target;
    struct observation *observation; // what the record says besides is added to it
    enum outcome outcome;
    uint32_t rtt_us;
    uint64_t now_ns; // CLOCK_MONOTONIC
};

// What a lane records with; all of it borrowed.
struct ending_means {
    const struct image *image;
    struct classifier *classifier;
    struct batch *batch;
    uint64_t *counters;        // [CONTROL_COUNTER_COUNT], the lane's
    _Atomic uint64_t *results; // all lanes': records begun, of image->settings->max_results
};

// Puts one record into the batch, or counts it as lost. Beyond the plan's max_results it is neither: the journal keeps
// its target, for a scan that is resumed.
void ending_record(const struct ending_means *means, const struct ending *ending);
