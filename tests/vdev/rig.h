// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A dataplane on DPDK virtual devices inside a test: a plan image made by hand, the shared memories, and a stand-in for
// `sonde scan` that keeps the heartbeat going and ends the run.

#include <pthread.h>
#include <stdint.h>

#include "config/image/image.h"
#include "config/image/targets.h"
#include "dataplane/channel/channel.h"
#include "dataplane/channel/commands.h"
#include "dataplane/dataplane.h"

enum { RIG_ADDRESSES_MAX = 8, RIG_PORTS_MAX = 16 };

struct rig_plan {
    uint32_t networks[RIG_ADDRESSES_MAX][2]; // first and last address, until 0, 0
    uint16_t ports[RIG_PORTS_MAX];           // until 0
    bool samples;                            // coverage samples are asked again
    uint8_t answers;                         // enum answers_wanted
    uint32_t attempts;                       // 0 = 1
    uint32_t workers;                        // 0 = 1
    uint64_t segment_positions;              // 0 = 2^32
    uint64_t first_position;                 // of a shard
    uint64_t end_position;                   // 0 = all
    double rate_pps;                         // 0 = 1e9
    double network_rate_pps;                 // 0 = 1e6
    uint32_t host_rate_pps;                  // 0 = 1000
    uint32_t dry_run_frames;                 // 0 = no dry run
    uint64_t cooldown_ms;
    const char *port_name; // NULL = ""
    double clock_error;    // 0.5: the dataplane believes that time runs half as fast again
};

struct rig {
    struct image image;
    struct commands *commands;
    struct channel dataplane_side;
    struct channel control_side;
    struct dataplane dataplane;
    pthread_t scan;
    _Atomic bool terminate;
    _Atomic bool over;
    int image_fd;
    double clock_error;
    void (*ready)(struct rig *rig); // NULL, or called when the dataplane is set up and no worker runs yet
};

static const uint32_t RIG_SOURCE = 0x0a630002; // 10.99.0.2
static const uint8_t RIG_GATEWAY_MAC[6] = {2, 0, 0, 0, 0, 1};

// EAL without hugepages, devices by argument ("--vdev=net_null0,no-rx=1", or NULL), lcores "0" or "0,1". A test process
// calls it once.
void rig_eal(const char *lcores, const char *first_argument, const char *second_argument);

// Image, commands and channel for a plan; EAL is not needed yet.
void rig_init(struct rig *rig, const struct rig_plan *plan);

// Opens the port and runs the whole scan to its end in the calling thread. Returns what dataplane_init or dataplane_run
// returned; commands->error holds the line of a failure.
int rig_run(struct rig *rig);

// Closes port, memories and EAL. Any test that called rig_eal ends with it.
void rig_fini(struct rig *rig);

uint64_t rig_counter(const struct rig *rig, enum dataplane_counter counter); // over all workers
