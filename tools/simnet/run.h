// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A synthetic internet behind a DPDK port: polls the port's queues, answers, backs off when idle. Nothing is dropped:
// while the port takes no more, nothing is received. For a bench, simnet_ring_ports makes two ports joined back to
// back.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/simnet/counters.h"
#include "tools/simnet/personality/personality.h"
#include "tools/simnet/screen.h"
#include "tools/simnet/world.h"

struct simnet;

struct simnet_setup {
    const struct world *world;         // outlives it
    uint16_t port;                     // a DPDK port, not yet configured
    uint16_t queues;                   // 0 = 1
    const struct service *services;    // the world's; NULL: no host speaks. Outlives it
    uint32_t connections;              // of a queue's hosts that speak, at once; 0 = 65,536
    uint32_t buffers;                  // for answers on the way or waiting; 0 = 8,191
    bool never_idle;                   // spin instead of sleeping when nothing comes
    bool answers_cross;                // answers leave on the queue after the one that asked, as RSS may have it
    const struct screen_variant *look; // NULL = the best
};

// Configures and starts the port. NULL and errno on failure. EAL must run.
struct simnet *simnet_new(const struct simnet_setup *setup);

// Stops what runs, stops and closes the port and frees every buffer. Whoever holds answers must have freed them before.
void simnet_free(struct simnet *simnet);

// One look at one queue, the next one each time; true when something came or went. From the owner thread.
bool simnet_poll(struct simnet *simnet);

// Polls on this thread until simnet_stop was called, which any thread or signal handler may do.
void simnet_run(struct simnet *simnet);

// simnet_run on an EAL worker lcore. Returns 0 or -errno of rte_eal_remote_launch. simnet_stop waits for it when called
// from another lcore than its own.
int simnet_start(struct simnet *simnet, unsigned lcore);
void simnet_stop(struct simnet *simnet);

// Only tells it to stop; async-signal-safe.
void simnet_signal_stop(struct simnet *simnet);

// Answers that are not due yet, and frames the port did not take yet.
uint32_t simnet_waiting(const struct simnet *simnet);

// Sums over the queues.
void simnet_counters(const struct simnet *simnet, uint64_t ret_counters[static SIMNET_COUNTER_COUNT]);

// Two net_ring ports joined by rings of `slots` (a power of two): what one sends on a queue the other receives on it.
// For one sending and one receiving thread a queue. Returns 0 or -errno.
int simnet_ring_ports(const char *name, uint16_t queues, uint32_t slots, uint16_t *ret_prober, uint16_t *ret_simnet);
