// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/pacer.h"

// A worker on a virtual device may lose its core for some milliseconds; it may catch up on this much, so that the mean
// rate stays exact, and on no more, so that a pause never ends in a flood.
static const double DEPTH_SECONDS = 0.02;

// Tokens are given out in bursts of this much time.
static const double QUANTUM_SECONDS = 20e-6;

enum { DEPTH_MIN = 64, QUANTUM_MAX = 32 };

void pacer_rate(struct pacer *pacer, double rate, uint64_t tsc_hz)
{
    pacer->tokens_per_tick = rate / (double)tsc_hz;
    pacer->depth = rate * DEPTH_SECONDS < DEPTH_MIN ? DEPTH_MIN : rate * DEPTH_SECONDS;
    if (rate < DEPTH_MIN / DEPTH_SECONDS / 100)
        pacer->depth = 1.0 + rate * DEPTH_SECONDS;
    pacer->quantum = rate * QUANTUM_SECONDS;
    pacer->quantum = pacer->quantum < 1.0 ? 1.0 : pacer->quantum > QUANTUM_MAX ? QUANTUM_MAX : pacer->quantum;
}

void pacer_init(struct pacer *pacer, double rate, uint64_t tsc_hz, uint64_t now)
{
    pacer->tokens = 0.0;
    pacer->before = now;
    pacer_rate(pacer, rate, tsc_hz);
}
