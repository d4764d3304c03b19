// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The memory that `sonde scan` and sonde-dataplane share and control never sees: orders down, progress and counters up.
// A sealed memfd of sizeof(struct commands), mapped read-write by both. It holds the cookie's key.

#include <stdatomic.h>
#include <stdint.h>

#include "dataplane/channel/channel.h"
#include "dataplane/channel/counters.h"

#define COMMANDS_MAGIC UINT64_C(0x65646e6f73636d01)

enum command_order {
    ORDER_RUN = 0,
    ORDER_STOP_PROBES, // no new probes; conversations go on
    ORDER_EXIT,        // stop everything and exit
};

enum dataplane_state {
    DATAPLANE_STARTING = 0,
    DATAPLANE_SWEEPING,
    DATAPLANE_COOLING, // all probes sent, or ORDER_STOP_PROBES; late answers still count
    DATAPLANE_COOLED,  // the cooldown has passed
    DATAPLANE_STOPPED, // it is about to exit with status 0
    DATAPLANE_FAILED,  // it is about to exit with status 1; `error` says why
};

// Whether the port's link carries anything. While it does not, nothing is sent, and no time passes for deadlines.
enum link_state {
    LINK_UP = 0,
    LINK_DOWN,
    LINK_GONE, // its interface does not exist any more, and never comes back to this process
};

// Where a worker is: enough for a checkpoint. worker: wo; scan, housekeeping: ro; other workers: ro, at their ticks.
struct worker_progress {
    _Alignas(64) _Atomic uint64_t position; // all of this worker's positions below are sent in this attempt
    _Atomic uint32_t attempt;               // from 0
    _Atomic uint32_t finished;              // 1: all attempts of all its positions are sent
    _Atomic uint64_t step;                  // all three in one number: sweep_step of dataplane/sweep.h
    _Atomic uint64_t parked_ns;             // parked_mark of what waits for room in control's rings
};

// What the port itself counted, on top of what scan puts here before the start: an earlier run's. housekeeping: rw;
// scan: ro from then on.
struct port_counters {
    _Alignas(64) _Atomic uint64_t rx_missed; // ethdev imissed, or for a vdev the interface's own drops
    _Atomic uint64_t rx_errors;
    _Atomic uint64_t rx_no_buffer;
    _Atomic uint64_t tx_errors;
};

// What worker_progress.parked_ns says. Odd: verdicts are parked, none older than this (CLOCK_MONOTONIC, to 2 ns). Even:
// none is, since then.
static inline uint64_t parked_mark(uint64_t ns, int parked)
{
    return (ns & ~UINT64_C(1)) | (parked ? 1 : 0);
}

struct commands {
    uint64_t magic;
    struct channel_geometry geometry; // scan: wo before the start
    uint8_t cookie_key[16];           // scan: wo before the start
    uint32_t drop_user;               // scan: wo before the start; user and group the dataplane becomes once its port
    uint32_t drop_group;              // has started, 0 = it stays who it is
    uint64_t resume_step;             // scan: wo before the start; where the sweep begins, sweep_step of an earlier one
    uint32_t samples;                 // scan: wo before the start; 1: coverage samples are asked again

    _Alignas(64) _Atomic uint64_t scan_heartbeat_ns; // CLOCK_MONOTONIC; older than 700 ms: no more frames leave
    _Atomic uint32_t order;                          // enum command_order; scan: wo
    _Atomic uint64_t rate_millipps;                  // probes per 1,000 s over all workers (so 1 pps = 1,000); live

    _Alignas(64) _Atomic uint32_t state; // enum dataplane_state; dataplane: wo
    _Atomic uint64_t heartbeat_ns;       // CLOCK_MONOTONIC; dataplane: wo
    _Atomic uint64_t deaf_ns;            // for how long nothing could be heard: link and pauses; dataplane: wo
    _Atomic uint32_t link;               // enum link_state; dataplane: wo
    _Atomic uint32_t neighbours_asked;   // targets on the link asked for with ARP before the sweep; dataplane: wo
    _Atomic uint32_t neighbours_answered;
    char error[512];    // NUL-terminated before state becomes DATAPLANE_FAILED
    char port_name[64]; // what was opened
    uint8_t source_mac[6];
    uint8_t gateway_mac[6];
    char dpdk_version[32];     // NUL-terminated
    char checksum_offload[16]; // "ip+tcp", "none"

    struct port_counters port;
    struct worker_progress progress[CHANNEL_WORKERS_MAX];
    struct worker_counters counters[CHANNEL_WORKERS_MAX];
};
