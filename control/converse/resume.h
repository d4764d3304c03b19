// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What an earlier control left: which positions it had taken, and which of them have no record. Read once, at the
// start.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/store/journal.h"
#include "control/converse/queue.h"
#include "control/record/record.h"
#include "control/store/sink.h"
#include "control/converse/hash.h"

// What the records say of those that are there, or of a pipe, which cannot be read back, the journal.
struct resume_past {
    uint64_t records;
    uint64_t outcomes[OUTCOME_COUNT];
};

// Reads journal and records. *ret_seen gets every position of the journal (about 16 to 32 bytes each); the unfinished
// targets go to queues[channel_lane(address, lanes)]. *ret_past counts the records that are there. Returns 0 or
// -errno; on error *ret_seen needs no hash_fini.
int resume_read(const struct journal *journal, const struct sink *sink, struct queue *const *queues, uint32_t lanes,
                struct hash *ret_seen, struct resume_past *ret_past);
