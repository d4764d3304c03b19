// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a lane may ask the dataplane for: a little less than the guard lets through, so that it has to refuse nothing
// and no segment is lost that way. Frames are counted and may be overdrawn, as answers that are due must be given; a
// connection that could as well be opened later gets a time when it may. One thread, its lane's.

#include <stdbool.h>
#include <stdint.h>

#include "config/image/image.h"
#include "dataplane/channel/channel.h"

enum { BUDGET_NETWORKS_LOG = 14, BUDGET_NETWORKS = 1 << BUDGET_NETWORKS_LOG };

struct budget {
    uint64_t now_ns;
    uint32_t workers;
    uint32_t spent; // workers through which no frame may be asked for now
    double strays;  // RSTs to strays that may be asked for now
    double strays_per_ns;
    double frames_per_ns; // through one worker; 0 = no limit
    double frames_most;
    uint64_t opening_ns; // between two connections through one worker
    uint64_t network_ns; // and to one /24
    double frames[CHANNEL_WORKERS_MAX];
    uint64_t next_opening_ns[CHANNEL_WORKERS_MAX];
    uint64_t next_network_ns[BUDGET_NETWORKS]; // those whose hashes meet share one
};

// This lane's share of the plan's rates.
void budget_init(struct budget *budget, const struct image_settings *settings, uint32_t lanes, uint64_t now_ns);

// Once a turn.
void budget_refill(struct budget *budget, uint64_t now_ns);

// False while answers that are due have used up what some worker sends: nothing new should be begun.
static inline bool budget_left(const struct budget *budget)
{
    return budget->spent == 0;
}

// A frame through this worker is asked for.
void budget_take(struct budget *budget, uint32_t worker);

// A segment belongs to no connection; whether its RST may be asked for. Strays have a small share of their own, besides
// that of conversations, so that whoever sends many takes nothing from others. The RST itself is then no frame of
// budget_take.
bool budget_stray(struct budget *budget);

// Reserves a connection to this address and returns when it may be opened: now, or later. Each is to be used once.
uint64_t budget_open(struct budget *budget, uint32_t address);
