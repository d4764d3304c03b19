// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What an earlier control left: which positions it had taken, which of them have no record, and, if it died, which it
// may have died over. Read once, at the start.
//
// A target that was being asked when control died gets a strike, for memory that one peer has spoilt may kill over
// another's bytes. After the first it is asked again, a few at a time, beginning with the one whose bytes the lane had
// noted that it handles, alone; after the second it is spared.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/store/journal.h"
#include "control/converse/queue.h"
#include "control/record/record.h"
#include "control/store/sink.h"
#include "control/converse/hash.h"

enum { RESUME_STRIKES_MAX = 2 };

// Where one lane's unfinished targets go.
struct resume_queues {
    struct queue *asked;
    struct queue *struck; // with one strike
    struct queue *spared; // with RESUME_STRIKES_MAX, and the mark of it; and those that answered that they are not open
    uint64_t handled;     // as the channel's header has it: 1 + position, 0 = none
};

struct resume_source {
    struct journal *journal;
    const struct sink *sink;
    const struct resume_queues *queues; // of lane channel_lane(address, lanes)
    uint32_t lanes;
    bool opens; // taking a verdict begins its conversation (CONVERSE_NOW)
    bool died;  // the control before this one did not end by itself
};

// What the records say of those that are there, or of a pipe, which cannot be read back, the journal.
struct resume_past {
    uint64_t records;
    uint64_t outcomes[OUTCOME_COUNT];
    uint64_t struck; // strikes given now
};

// Reads journal and records, and journals strikes and the start. *ret_seen gets every position of the journal (about 16
// to 32 bytes each); the unfinished targets go to the queues. *ret_past counts the records that are there. Returns 0 or
// -errno; on error *ret_seen needs no hash_fini.
int resume_read(const struct resume_source *source, struct hash *ret_seen, struct resume_past *ret_past);
