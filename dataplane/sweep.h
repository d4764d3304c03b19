// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Which positions a worker asks next: segment by segment, pass by pass, in chunks that the workers take in turn. Pass n
// of a segment is attempt n; attempt n + 1 of a worker's share begins a gap after attempt n of it has ended and leaves
// out what has answered, but for the coverage samples. With one attempt and samples, a last pass asks the samples
// alone.

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/answered.h"
#include "dataplane/coverage.h"
#include "probes/packet/order.h" // reciprocal_of

enum { SWEEP_CHUNK_MIN = 64, SWEEP_CHUNK_MAX = 4096, SWEEP_CHUNKS_EACH = 8 };

struct sweep_settings {
    uint64_t first_position;
    uint64_t end_position;
    uint64_t segment_positions;
    uint64_t gap_ticks;   // between attempts, TSC
    uint64_t resume_step; // of another sweep over the same positions; 0 = from the beginning
    uint64_t chunk;       // positions, a power of two from 64; see sweep_chunk
    uint32_t attempts;
    uint32_t workers;
    uint32_t worker;
    // Whether a position is one that is asked at all; NULL: all are. What is not is no sample. Whoever sends leaves it
    // out of what sweep_next gives.
    bool (*is_asked)(const void *context, uint64_t position);
    const void *is_asked_context;
};

struct sweep {
    struct sweep_settings settings;
    const struct answered *answered;
    struct coverage *coverage; // NULL: no samples
    double worker_reciprocal;  // of settings.workers
    uint32_t passes;
    uint32_t segment;
    uint32_t attempt;      // the pass
    uint64_t base;         // first position of the segment
    uint64_t length;       // positions of the segment
    uint64_t cursor;       // offset in the segment of the next position
    uint64_t chunk_end;    // offset
    uint64_t step_base;    // step of offset 0 in this pass
    uint64_t rest;         // bits of the word at cursor & ~63 that are still to be asked, later attempts only; one at
                           // least while it is valid
    uint64_t rest_from;    // bits of the next word below this one were asked by a scan that this one resumes
    uint64_t again_until;  // offset; below it the first pass goes once more, and leaves out what has answered
    uint64_t wait_until;   // TSC; the next attempt does not begin before
    uint64_t skipped;      // positions left out so far because they had answered
    uint64_t again;        // probes so far that only samples were asked for
    uint64_t samples;      // positions so far that are asked again as samples, each once
    uint64_t samples_from; // offset; earlier ones were asked first by a scan that this one resumes
    bool rest_valid;
    bool segment_done; // all passes of this worker's share of the segment are sent
    bool finished;     // and it was the last segment
};

// The largest power of two from 64 to 4,096 that gives every worker at least eight chunks of `positions`.
uint64_t sweep_chunk(uint64_t positions, uint32_t workers);

// How often a segment is gone through.
uint32_t sweep_passes(uint32_t attempts, bool samples);

// The segment that a step lies in; the last one for a step at the end.
uint32_t sweep_step_segment(const struct sweep_settings *settings, bool samples, uint64_t step);

// coverage: NULL for a sweep without samples. Both outlive the sweep.
void sweep_init(struct sweep *sweep, const struct sweep_settings *settings, const struct answered *answered,
                struct coverage *coverage);

// Writes up to `most` positions (at most 64), ascending, and returns their number: 0 while an attempt has to wait, when
// the segment is done, or when a stretch had nothing to ask (then call again).
uint32_t sweep_next(struct sweep *sweep, uint64_t now, uint32_t most, uint64_t *ret_positions);

// Goes on to the next segment; the caller has made sure that every worker is done with this one.
void sweep_segment(struct sweep *sweep);

// Goes back to an earlier step of this worker's share: what was asked since and has not answered is asked again, but
// not what a segment before had. Once in a while, for it divides.
void sweep_rewind(struct sweep *sweep, uint64_t step);

// All positions below this one are asked in this attempt, as far as this worker's share goes.
uint64_t sweep_position(const struct sweep *sweep);

// How far this worker's share of the whole sweep is asked, as one number that only grows: passes of segments before,
// times their positions, and the offset in this pass. What lies below the least step of all workers is asked, whatever
// their number and their chunks, so a sweep with this resume_step asks exactly the rest.
static inline uint64_t sweep_step(const struct sweep *sweep)
{
    // Of the word that a later attempt is in, what lies below its first open bit is asked.
    uint64_t offset = sweep->cursor + (sweep->rest_valid ? (uint64_t)__builtin_ctzll(sweep->rest) : sweep->rest_from);
    return sweep->step_base + (offset < sweep->length ? offset : sweep->length);
}

// The worker that asks an offset of any segment.
static inline uint32_t sweep_asker(const struct sweep *sweep, uint64_t offset)
{
    uint64_t chunk = offset >> __builtin_ctzll(sweep->settings.chunk);
    return (uint32_t)(chunk - reciprocal_divide(chunk, sweep->worker_reciprocal) * sweep->settings.workers);
}

// A worker whose step is above this one has asked the offset of the segment for the last time, so that an error is the
// last chance to settle it.
static inline uint64_t sweep_last_step(const struct sweep *sweep, uint32_t segment, uint64_t offset)
{
    const struct sweep_settings *settings = &sweep->settings;
    uint64_t before = segment * settings->segment_positions;
    uint64_t left = settings->end_position - settings->first_position - before;
    uint64_t length = left < settings->segment_positions ? left : settings->segment_positions;
    return before * sweep->passes + (sweep->passes - 1) * length + offset;
}
