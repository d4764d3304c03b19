// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Which positions a worker asks next: segment by segment, attempt by attempt, in chunks that the workers take in turn.
// Attempt n + 1 of a worker's share begins a gap after attempt n of it has ended and leaves out what has answered.

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/answered.h"

enum { SWEEP_CHUNK = 4096 }; // positions; a multiple of 64

struct sweep_settings {
    uint64_t first_position;
    uint64_t end_position;
    uint64_t segment_positions;
    uint64_t gap_ticks; // between attempts, TSC
    uint32_t attempts;
    uint32_t workers;
    uint32_t worker;
};

struct sweep {
    struct sweep_settings settings;
    const struct answered *answered;
    uint32_t segment;
    uint32_t attempt;
    uint64_t base;       // first position of the segment
    uint64_t length;     // positions of the segment
    uint64_t cursor;     // offset in the segment of the next position
    uint64_t chunk_end;  // offset
    uint64_t rest;       // bits of the word at cursor & ~63 that are still to be asked, later attempts only
    uint64_t wait_until; // TSC; the next attempt does not begin before
    uint64_t skipped;    // positions left out so far because they had answered
    bool rest_valid;
    bool segment_done; // all attempts of this worker's share of the segment are sent
    bool finished;     // and it was the last segment
};

void sweep_init(struct sweep *sweep, const struct sweep_settings *settings, const struct answered *answered);

// Writes up to `most` positions (at most 64), ascending, and returns their number: 0 while an attempt has to wait, when
// the segment is done, or when a stretch had nothing to ask (then call again).
uint32_t sweep_next(struct sweep *sweep, uint64_t now, uint32_t most, uint64_t *ret_positions);

// Goes on to the next segment; the caller has made sure that every worker is done with this one.
void sweep_segment(struct sweep *sweep);

// All positions below this one are asked in this attempt, as far as this worker's share goes.
uint64_t sweep_position(const struct sweep *sweep);

// Whether the last attempt has begun, so that an error is the last chance to settle a position.
static inline bool sweep_last_attempt(const struct sweep *sweep, uint64_t now)
{
    return sweep->attempt + 1 >= sweep->settings.attempts && now >= sweep->wait_until;
}
