// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The clock that all processes of a scan share, and what to do where a stamp of another process or thread meets our own
// time: the two were read at no particular order, so a stamp may be newer than our now by microseconds. Any thread. A
// worker never calls clock_ns: it has the TSC (dataplane_ns).

#include <stdint.h>
#include <time.h>

// CLOCK_MONOTONIC in nanoseconds.
static inline uint64_t clock_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

// How old a stamp is; 0 when it is newer than now.
static inline uint64_t clock_since(uint64_t now_ns, uint64_t stamp_ns)
{
    return now_ns > stamp_ns ? now_ns - stamp_ns : 0;
}
