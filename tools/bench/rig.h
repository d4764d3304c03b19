// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The whole dataplane inside a bench: EAL on this machine's CPUs with or without hugepages, a plan image, the shared
// memories, and a stand-in for `sonde scan` that keeps the heartbeat going.

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/image/image.h"
#include "dataplane/channel/channel.h"
#include "dataplane/channel/commands.h"
#include "dataplane/dataplane.h"
#include "tools/bench/bench.h"
#include "tools/bench/ground.h"

struct rig_plan {
    const struct ground *ground;
    uint64_t end_position;      // 0 = all
    uint64_t segment_positions; // 0 = 2^32
    uint32_t attempts;          // 0 = 1
    double rate_pps;
    uint64_t cooldown_ns;
    const char *port_name; // "" = the only one
    bool channel;          // with rings to a control process, which nobody reads unless the part does
};

struct rig {
    struct image image;
    struct commands *commands;
    struct channel channel;
    struct channel control; // the same as control sees it
    bool channel_mapped;
    bool control_mapped;
    struct dataplane dataplane;
    pthread_t heart;
    pthread_t watcher;
    void (*watch)(struct rig *rig, void *context);
    void *context;
    _Atomic bool terminate;
    _Atomic bool over;
    int image_fd;
};

// Which lcores EAL gets: the worker's is always the last CPU of this process.
// It is EAL's main lcore too: a main lcore that waits for a worker spins.
enum rig_lcores {
    RIG_WORKER_ALONE = 0, // EAL has the worker's CPU only
    RIG_WITH_PEER,        // and the first one, for a peer
};

// Starts EAL without any port, with hugepages when enough are free. Returns 0 or -errno. Once a process.
int rig_eal(enum rig_lcores lcores);
void rig_eal_end(void);

// The CPUs of rig_lcores. They are the same when there is one.
unsigned rig_cpu_first(void);
unsigned rig_cpu_last(void);

// Image, memories, and the dataplane ready to run. Returns 0, or -errno with the line in outcome.
int rig_init(struct rig *rig, const struct rig_plan *plan, struct bench_outcome *outcome);

// Runs the dataplane in this thread, which is EAL's main one, while `watch` runs in another; ends when watch returns.
// Returns 0 or -errno.
int rig_run(struct rig *rig, void (*watch)(struct rig *rig, void *context), void *context);
void rig_fini(struct rig *rig);

uint64_t rig_counter(const struct rig *rig, enum dataplane_counter counter);

void pause_us(long us);
