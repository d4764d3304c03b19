// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A scan's dataplane: one port, one worker per lcore, and a housekeeping thread beside them. Built from a plan image
// and the shared memories; EAL is up before and stays up afterwards.

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "config/image/image.h"
#include "dataplane/answered.h"
#include "dataplane/channel/channel.h"
#include "dataplane/channel/commands.h"
#include "dataplane/channel/trace.h"
#include "dataplane/coverage.h"
#include "dataplane/listing.h"
#include "dataplane/neighbours.h"
#include "dataplane/port.h"
#include "dataplane/tables.h"
#include "dataplane/tsc.h"
#include "probes/packet/kernels.h"
#include "probes/packet/probe.h"
#include "probes/packet/sources.h"

struct worker;

struct dataplane {
    // Read-only once the workers run.
    const struct image *image;
    struct commands *commands; // which fields are whose: dataplane/channel/commands.h
    struct channel *channel;   // NULL: verdicts are counted and settled, and nobody is told (benches, dry runs)
    const struct kernels *kernels;
    struct port port;
    struct probe_link link;
    struct neighbours neighbours; // without hops, link.gateway_mac takes everything
    struct probe_template probe;
    struct cookie_key cookie;
    struct tables tables;
    struct listing listing;
    struct sources sources;
    struct probe_plan plan; // its targets are tables.targets
    struct answered answered;
    struct coverage *samples; // &coverage, or NULL: nothing is asked again
    struct coverage coverage;
    struct worker *workers[IMAGE_LCORES_MAX];
    uint32_t worker_count;
    struct tsc tsc;

    // housekeeping: wo; workers: ro.
    _Alignas(64) _Atomic uint32_t segment_open;    // the segment that may be asked now
    _Atomic uint32_t segment_floor;                // answers to earlier segments are too late
    _Atomic bool stop;                             // workers return
    _Atomic bool link_down;                        // nothing may leave, and what left of late is asked again:
    _Atomic uint64_t link_steps[IMAGE_LCORES_MAX]; // each worker goes back there; before link_down
    _Atomic int64_t clock_correction_ns;           // what the TSC's frequency, known to 100 ppm or so, has cost by now
};

// Opens the port, learns by ARP the MAC of the gateway where it was not given, or those of all hops, and prepares the
// workers. Returns 0 or
// -errno; then error[error_bytes] holds one line for the user. channel may be NULL.
int dataplane_init(struct dataplane *dataplane, const struct image *image, struct commands *commands,
                   struct channel *channel, char *error, size_t error_bytes);

// Takes positions as answered that an earlier run of this scan had settled, so that they are not asked again and a
// repeated answer is no second verdict. What lies outside the segments that can still be answered is passed over.
// Between dataplane_init and dataplane_run.
void dataplane_restore(struct dataplane *dataplane, const uint64_t *positions, size_t count);

// Has the workers keep frames there, which outlives them. Between dataplane_init and dataplane_run.
void dataplane_trace(struct dataplane *dataplane, const struct trace *trace);

// Runs until ORDER_EXIT, until the scan's heartbeat is gone for good, or until *terminate becomes true. Main thread,
// which EAL has tied to the main lcore: it is the worker of that lcore. Returns 0 or -errno when a worker could not be
// started.
int dataplane_run(struct dataplane *dataplane, const _Atomic bool *terminate);

void dataplane_fini(struct dataplane *dataplane);

// CLOCK_MONOTONIC at a TSC, for workers.
static inline uint64_t dataplane_ns(const struct dataplane *dataplane, uint64_t ticks)
{
    return tsc_ns(&dataplane->tsc, ticks) +
           (uint64_t)atomic_load_explicit(&dataplane->clock_correction_ns, memory_order_relaxed);
}
