// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Which part of a sweep is durable: where the workers were at a moment so long ago that every verdict which arrived
// until then and REPLY_HORIZON_NS longer is journaled and on the disk. A history of samples, no I/O. One thread.

#include <stdbool.h>
#include <stdint.h>

#include "control/scan/shared.h"

enum { DURABLE_SAMPLES = 2048 }; // 100 s of them: verdicts may wait for room in control

#define REPLY_HORIZON_NS UINT64_C(2000000000)
// A worker that loses its CPU between the stamp of an answer and its place in a ring. Far more than that ever takes.
#define DURABLE_SLACK_NS UINT64_C(150000000)

struct durable_sample {
    uint64_t ns; // CLOCK_MONOTONIC, before anything was read, less the time in which nothing could be heard until then
    uint64_t step;
    uint64_t skipped; // sums over the workers
    uint64_t again;
};

struct durable {
    struct durable_sample samples[DURABLE_SAMPLES]; // a ring
    uint64_t taken;                                 // samples so far
    struct durable_sample best;                     // the last answer; it never goes back
};

// Begins at a step, with the counts that go with it.
void durable_init(struct durable *durable, uint64_t step, uint64_t skipped, uint64_t again);

// Remembers where the workers are now. Where they went back (a link went down) what was remembered says too much.
void durable_sample(struct durable *durable, const struct shared *shared, uint64_t now_ns);

// Brings `best` up to what is journaled by now.
void durable_advance(struct durable *durable, const struct shared *shared);

// Until when every verdict is in the journal, by what control says is synced and by what the workers hold parked; 0
// when that cannot be said now.
uint64_t durable_limit(const struct shared *shared);
