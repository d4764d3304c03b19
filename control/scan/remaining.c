// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/remaining.h"

enum { SAMPLE_POSITIONS = 1024 }; // one of so many is a sample: COVERAGE_BLOCK_BITS of dataplane/coverage.h

// Probes that a position costs in a pass after the first.
static double later_cost(const struct remaining_sweep *sweep, double settled)
{
    double sample = sweep->samples ? 1.0 / SAMPLE_POSITIONS : 0;
    return sweep->attempts > 1 ? 1 - settled + settled * sample : sample;
}

struct remaining remaining_from(const struct remaining_sweep *sweep, uint64_t step, double settled)
{
    uint64_t passes = sweep->attempts == 1 && sweep->samples ? 2 : sweep->attempts; // as dataplane/sweep.h has them
    uint64_t segment = sweep->segment_positions == 0 ? 0 : step / (sweep->segment_positions * passes);
    uint64_t base = segment * sweep->segment_positions;
    if (base >= sweep->positions)
        return (struct remaining){.asked = (double)sweep->positions};
    uint64_t length = sweep->positions - base;
    if (sweep->segment_positions != 0 && length > sweep->segment_positions)
        length = sweep->segment_positions;
    uint64_t rest = step - base * passes;
    uint64_t pass = rest / length;
    if (pass >= passes)
        return (struct remaining){.asked = (double)sweep->positions};
    uint64_t offset = rest - pass * length;
    uint64_t ahead = sweep->positions - base - length; // of the segments behind this one
    uint64_t segments =
        sweep->segment_positions == 0 ? 0 : (ahead + sweep->segment_positions - 1) / sweep->segment_positions;
    double first = (double)ahead + (pass == 0 ? (double)(length - offset) : 0);
    double later = (double)ahead * (double)(passes - 1) +
                   (pass == 0 ? (double)length * (double)(passes - 1) : (double)((passes - pass) * length - offset));
    double share = sweep->share > 0 ? sweep->share : 1;
    return (struct remaining){.probes = (first + later * later_cost(sweep, settled)) * share,
                              .asked = (double)sweep->positions - first,
                              .gap_ns = (passes - 1 - pass + segments * (passes - 1)) * sweep->gap_ns};
}
