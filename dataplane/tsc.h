// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The workers' time: the CPU's time stamp counter, which costs no system call, as nanoseconds of CLOCK_MONOTONIC.

#include <stdatomic.h>
#include <stdint.h>

// Read-only after tsc_init; any thread.
struct tsc {
    uint64_t hz;
    uint64_t epoch; // TSC and CLOCK_MONOTONIC at one instant
    uint64_t epoch_ns;
    double ns_per_tick;
};

// EAL is up: it has measured the frequency.
void tsc_init(struct tsc *tsc);

// Without any correction.
static inline uint64_t tsc_ns(const struct tsc *tsc, uint64_t ticks)
{
    return tsc->epoch_ns + (uint64_t)((double)(ticks - tsc->epoch) * tsc->ns_per_tick);
}

// Called every few milliseconds by one thread, with CLOCK_MONOTONIC as it was a moment ago: sets what has to be added
// to tsc_ns.
void tsc_correct(const struct tsc *tsc, uint64_t now_ns, _Atomic int64_t *ret_correction_ns);
