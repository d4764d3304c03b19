// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Whether somebody else still lives, judged by a heartbeat in shared memory. The watcher never compares the beat with
// its own clock: it remembers the last value and adds up for how long this has not changed, in time in which the
// watcher itself was awake. So neither a beat that is written between our look at the clock and our look at the beat
// nor a machine that stood still (a virtual machine that is moved, SIGSTOP of everything) looks like a death. A watcher
// that looks less often than every CLOCK_GAP_NS only takes longer to judge. Owned by the watcher's thread.

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/channel/clock.h"

struct pulse {
    uint64_t beat;      // as last seen; any change counts, whatever the values say
    uint64_t looked_ns; // by the watcher's clock
    uint64_t still_ns;  // awake time since it changed, or since the start
    bool moved;         // it has changed since pulse_start
};

// beat: what stands there now, perhaps an earlier process's. now_ns: the watcher's CLOCK_MONOTONIC.
void pulse_start(struct pulse *pulse, uint64_t beat, uint64_t now_ns);

// Looks at the beat. Returns for how many nanoseconds of the watcher's awake time it has stood still.
uint64_t pulse_look(struct pulse *pulse, uint64_t beat, uint64_t now_ns);
