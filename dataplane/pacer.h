// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A token bucket on the time-stamp counter. One worker each; no division and no system call when tokens are taken.

#include <stdbool.h>
#include <stdint.h>

struct pacer {
    double tokens_per_tick;
    double tokens;
    double depth;    // most tokens that are kept for later
    double quantum;  // fewer than this are not given out, so that slow rates still go out in bursts
    uint64_t before; // TSC at which tokens was right
};

// rate in tokens per second (0 gives none), tick rate of the TSC in Hz. Starts empty at now.
void pacer_init(struct pacer *pacer, double rate, uint64_t tsc_hz, uint64_t now);

// Another rate from now on; the tokens saved are kept.
void pacer_rate(struct pacer *pacer, double rate, uint64_t tsc_hz);

// Takes at most `most` tokens and returns their number.
static inline uint32_t pacer_take(struct pacer *pacer, uint64_t now, uint32_t most)
{
    double tokens = pacer->tokens + (double)(now - pacer->before) * pacer->tokens_per_tick;
    pacer->before = now;
    tokens = tokens > pacer->depth ? pacer->depth : tokens;
    if (tokens < pacer->quantum) {
        pacer->tokens = tokens;
        return 0;
    }
    uint32_t taken = tokens >= (double)most ? most : (uint32_t)(int32_t)tokens;
    pacer->tokens = tokens - (double)taken;
    return taken;
}

// Takes one token even if it has to be earned afterwards, as long as no more than a full bucket is owed. Over any
// length of time no more are given than by pacer_take, whoever takes them; but who borrows goes before who takes. A
// quantum is not waited for.
static inline bool pacer_borrow(struct pacer *pacer, uint64_t now)
{
    double tokens = pacer->tokens + (double)(now - pacer->before) * pacer->tokens_per_tick;
    pacer->before = now;
    pacer->tokens = tokens > pacer->depth ? pacer->depth : tokens;
    if (pacer->tokens < 1.0 - pacer->depth || pacer->tokens_per_tick <= 0.0)
        return false;
    pacer->tokens -= 1.0;
    return true;
}

// Gives back tokens that were taken and not used.
static inline void pacer_return(struct pacer *pacer, double tokens)
{
    pacer->tokens += tokens;
}
