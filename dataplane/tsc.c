// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/tsc.h"

#include <rte_cycles.h>

#include "dataplane/channel/clock.h"

enum { CLOCKS_APART_NS = 50000 };

void tsc_init(struct tsc *tsc)
{
    tsc->hz = rte_get_tsc_hz();
    tsc->ns_per_tick = 1e9 / (double)tsc->hz;
    tsc->epoch = rte_rdtsc();
    tsc->epoch_ns = clock_ns();
}

// Workers tell the time by the TSC alone. An error of its frequency would add up to the heartbeat's limit within hours,
// and they would hold back for nothing; so the difference to the real clock is given to them each time.
void tsc_correct(const struct tsc *tsc, uint64_t now_ns, _Atomic int64_t *ret_correction_ns)
{
    uint64_t ticks = rte_rdtsc();
    // If the thread was interrupted between the two clocks they say nothing about each other.
    if (clock_ns() - now_ns > CLOCKS_APART_NS)
        return;
    atomic_store_explicit(ret_correction_ns, (int64_t)(now_ns - tsc_ns(tsc, ticks)), memory_order_relaxed);
}
