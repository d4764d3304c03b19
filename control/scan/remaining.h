// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a sweep still has to send, as far as that can be told beforehand: later attempts leave out what has answered, so
// their probes are expected, not known. No I/O.

#include <stdbool.h>
#include <stdint.h>

struct remaining_sweep {
    uint64_t positions; // swept in all
    uint64_t segment_positions;
    uint32_t attempts;
    bool samples;    // coverage samples are asked again, in a pass of their own when there is one attempt
    uint64_t gap_ns; // between attempts
    double share;    // of the positions, those that are asked: where targets have ports of their own; 0 = all
};

struct remaining {
    double probes;   // expected
    double asked;    // positions that the first attempt has asked
    uint64_t gap_ns; // that attempts still have to wait for
};

// What is left from a step (worker_progress of dataplane/channel/commands.h) on. settled: the share of the positions
// that answer, 0 to 1.
struct remaining remaining_from(const struct remaining_sweep *sweep, uint64_t step, double settled);
