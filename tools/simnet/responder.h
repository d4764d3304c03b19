// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The hosts of a world as bursts of mbufs: questions in, answers out. A received buffer is never answered in place and
// never kept: it goes back to the pool it came from untouched, because a prober's buffers hold its template. Answers
// are written into buffers of the responder's own pool. One owner thread; one responder a queue.

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "tools/simnet/counters.h"
#include "tools/simnet/personality/personality.h"
#include "tools/simnet/screen.h"
#include "tools/simnet/world.h"

struct responder;

enum {
    RESPONDER_BURST = SCREEN_MAX,
    // No question brings more than two frames: the answer, and its duplicate or a forged one.
    RESPONDER_ANSWERS_MAX = 2 * RESPONDER_BURST,
    // Bytes that the pool's buffers must have behind the headroom.
    RESPONDER_ROOM_BYTES = 256,
    RESPONDER_SEGMENT_BYTES = 1600,
};

struct responder_setup {
    const struct world *world; // outlives the responder
    struct rte_mempool *pool;  // for answers; outlives the responder. Buffers of at least RESPONDER_ROOM_BYTES
    uint64_t ticks_per_second; // of the clock that `now` counts
    uint64_t now;
    const struct service *services;    // the world's, by index; NULL: no host speaks
    struct crypto *crypto;             // for them; this responder's alone
    struct rte_mempool *segments;      // for what they say: buffers of RESPONDER_SEGMENT_BYTES
    uint32_t connections;              // of all of them at once
    uint64_t first_sequence;           // numbers the probes for the weather; apart from other responders' by 2^40
    const struct screen_variant *look; // NULL = the best
    bool one_by_one;                   // no batches, as on a CPU that has no faster way
};

// NULL and errno: ENOMEM, or EINVAL for a pool whose buffers are too small.
struct responder *responder_new(const struct responder_setup *setup);

// Gives back every buffer it holds, delayed answers too.
void responder_free(struct responder *responder);

// Whether there are buffers enough to answer a whole burst; when not, receive nothing and try again later. So no answer
// is ever lost for want of a buffer.
bool responder_ready(struct responder *responder);

// Answers count frames, at most RESPONDER_BURST, after responder_ready said yes. Each is readable for
// BATCH_READABLE_BYTES, however short it is. The frames are the responder's and go
// back to their pools. Returns the number of answers to be sent now, the caller's; others wait until they are due.
uint32_t responder_answer(struct responder *responder, struct rte_mbuf **frames, uint32_t count, uint64_t now,
                          struct rte_mbuf *ret_answers[static RESPONDER_ANSWERS_MAX]);

// Takes out at most `room` answers that were delayed and are due, or that hosts which speak have said; the caller's.
uint32_t responder_due(struct responder *responder, uint64_t now, struct rte_mbuf **ret_answers, uint32_t room);

// Answers that wait to become due.
uint32_t responder_waiting(const struct responder *responder);

// [SIMNET_COUNTER_COUNT]; written by the owner thread, readable by any (each is one aligned word).
uint64_t *responder_counters(struct responder *responder);
