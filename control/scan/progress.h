// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// How far a scan is: a snapshot of the counters that the two programs share with us, and the line made of it each
// second.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "control/scan/remaining.h"
#include "control/scan/shared.h"

enum { PROGRESS_LINE_MAX = 320 };

struct progress {
    const char *phase; // "starting", "sweeping", "cooling", "finishing", "link down"
    double elapsed_s;
    double share;    // probes sent, of these and those that are still to be sent as far as that is known; 0 to 1
    double left_s;   // until all is sent, and what is asked of those that answer has ended; negative = not known
    bool cut;        // left_s is what max_runtime leaves of it
    double rate_pps; // probes sent per second since the snapshot before
    uint64_t probes;
    uint64_t answers; // open, closed and unreachable
    uint64_t open;    // valid SYN-ACKs
    double hit_rate;  // open / positions asked at least once
    uint64_t conversations_open;
    uint64_t conversations_waiting; // for room
    double wait_s; // what is open and what waits takes so long at most; 0 = nothing does, or probes are still sent
    uint64_t records;
    uint64_t drops; // what was lost: by the port, by full rings, for want of buffers, by a full disk
};

// What ends a scan besides its probes. All zero: nothing does.
struct progress_limits {
    uint64_t cooldown_ns;
    uint64_t max_runtime_ns;
    double later_s; // that the conversations of one open port take, where all of them follow the sweep
};

// What snapshots are taken from and compared with.
struct progress_source {
    const struct shared *shared;
    struct remaining_sweep sweep;
    struct progress_limits limits;
    uint64_t start_ns; // CLOCK_MONOTONIC
    uint64_t last_ns;  // of the snapshot before
    uint64_t last_sent;
    double smooth_pps;           // probes sent per second, over about ten seconds
    uint64_t cooling_ns;         // when the cooldown began, 0 = not yet
    uint64_t last_records;       // of the snapshot before
    double smooth_conversations; // that ended per second, over about ten seconds
};

void progress_init(struct progress_source *source, const struct shared *shared, const struct remaining_sweep *sweep,
                   uint64_t now_ns);

// A snapshot at now_ns; keeps it for the next one's rates.
void progress_take(struct progress_source *source, uint64_t now_ns, struct progress *ret_progress);

// One line without a newline, for people or as a JSON object. Returns the line. columns: the most that the line may
// take, from 39 on; what matters least is left out first. 0 = everything.
const char *progress_format(const struct progress *progress, unsigned int columns, char line[static PROGRESS_LINE_MAX]);
const char *progress_format_json(const struct progress *progress, char line[static 2 * PROGRESS_LINE_MAX]);

// The dataplane counters that say of something that it is lost and should not have been.
enum { PROGRESS_LOSSES = 5 };
extern const enum dataplane_counter progress_losses[PROGRESS_LOSSES];

// A dataplane counter summed over the workers.
uint64_t progress_sum(const struct shared *shared, enum dataplane_counter counter);
