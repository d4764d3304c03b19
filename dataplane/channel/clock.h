// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The clock that all processes of a scan share, and what to do where a stamp of another process or thread meets our own
// time: the two were read at no particular order, so a stamp may be newer than our now by microseconds. Any thread. A
// worker never calls clock_ns: it has the TSC (dataplane_ns).
//
// What others may take their time for (an answer, a cooldown, a retransmission) is measured by another clock: it stands
// still while nothing can be heard, be it that this process stood still (a virtual machine that is moved, SIGSTOP of
// everything), or that the link is down. Its readings are compared with each other only, never with a stamp.

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

// The most that counts between two readings of whoever reads far more often: what is longer is a pause.
#define CLOCK_GAP_NS UINT64_C(250000000)

// Owned by the thread that reads it.
struct clock_awake {
    uint64_t looked_ns; // CLOCK_MONOTONIC of the last reading
    uint64_t lost_ns;   // how far it is behind CLOCK_MONOTONIC
};

// CLOCK_MONOTONIC in nanoseconds.
static inline uint64_t clock_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static inline void clock_awake_start(struct clock_awake *clock, uint64_t now_ns)
{
    *clock = (struct clock_awake){.looked_ns = now_ns};
}

// Reads it. now_ns: CLOCK_MONOTONIC; deaf: nothing could be heard since the last reading, even awake.
static inline uint64_t clock_awake_ns(struct clock_awake *clock, uint64_t now_ns, bool deaf)
{
    uint64_t gap_ns = now_ns > clock->looked_ns ? now_ns - clock->looked_ns : 0;
    uint64_t counts_ns = deaf ? 0 : gap_ns < CLOCK_GAP_NS ? gap_ns : CLOCK_GAP_NS;
    clock->looked_ns += gap_ns;
    clock->lost_ns += gap_ns - counts_ns;
    return clock->looked_ns - clock->lost_ns;
}

// How old a stamp is; 0 when it is newer than now.
static inline uint64_t clock_since(uint64_t now_ns, uint64_t stamp_ns)
{
    return now_ns > stamp_ns ? now_ns - stamp_ns : 0;
}
