// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The ordinary thread beside the workers: heartbeats, phases of the scan, opening of segments, the port's own counters,
// and the end. It never touches a frame.

#include "dataplane/carrier.h"
#include "dataplane/channel/clock.h"
#include "dataplane/channel/pulse.h"
#include "dataplane/dataplane.h"

// What the port and its kernel interface had counted when the scan began.
struct port_baseline {
    uint64_t interface_received; // of the kernel interface behind a virtual device
    uint64_t port_received;
    uint64_t rx_missed; // what an earlier run of the scan counted
    uint64_t rx_errors;
    uint64_t rx_no_buffer;
    uint64_t tx_errors;
};

struct housekeeping {
    struct dataplane *dataplane;
    const _Atomic bool *terminate;
    struct port_baseline baseline;
    struct pulse scan;        // of `sonde scan`
    struct clock_awake clock; // of the times below, in which late answers can come
    uint64_t cooling_since_ns;
    uint64_t segment_end_ns[2]; // when the last even and odd segments were asked to the end; 0 = not yet
    uint64_t last_stats_ns;
    struct carrier carrier;
    enum link_state link;
    uint64_t link_step_ns;                       // when link_steps were taken
    uint64_t link_steps[2][CHANNEL_WORKERS_MAX]; // where each worker was then, and the time before
};

// Says that the dataplane is alive, to `sonde scan` and to control. Housekeeping's, and before it the main thread's.
void housekeeping_beat(struct dataplane *dataplane, uint64_t now_ns);

// Runs until the scan is over, then sets dataplane->stop. A pthread start routine; argument: struct housekeeping.
void *housekeeping_run(void *argument);
