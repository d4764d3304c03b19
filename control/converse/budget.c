// SPDX-License-Identifier: BSD-3-Clause
#include "control/converse/budget.h"

static const double SHARE = 0.95;          // of what the dataplane allows
static const double FRAMES_SECONDS = 0.02; // so much may be saved up
static const double STRAYS_SHARE = 0.02;
static const double STRAYS_LEAST = 8.0; // a second and lane
static const double STRAYS_MOST = 64.0; // at once
static const double FRAMES_MIN = 16.0;

// Connections that were not opened may be made up for, as long as the guard, which keeps more, does so too.
#define OPENING_BURST_NS UINT64_C(10000000)
#define NETWORK_BURST_NS UINT64_C(50000000)

// rate 0: no limit.
static uint64_t interval_of(double rate)
{
    return rate > 0.0 ? (uint64_t)(1e9 / rate) : 0;
}

void budget_init(struct budget *budget, const struct image_settings *settings, uint32_t lanes, uint64_t now_ns)
{
    double share = SHARE / lanes;
    double strays = settings->converse_rate_pps * STRAYS_SHARE / lanes;
    double frames = settings->converse_rate_pps * share / settings->workers;
    *budget = (struct budget){
        .now_ns = now_ns,
        .workers = settings->workers,
        .strays = STRAYS_MOST,
        .strays_per_ns = (strays < STRAYS_LEAST ? STRAYS_LEAST : strays) / 1e9,
        .frames_per_ns = frames > 0.0 ? frames / 1e9 : 0.0,
        .frames_most = frames * FRAMES_SECONDS < FRAMES_MIN ? FRAMES_MIN : frames * FRAMES_SECONDS,
        .opening_ns = interval_of(settings->rate_pps * share / settings->workers),
        .network_ns = interval_of(settings->network_rate_pps * share),
        .spent = settings->workers, // they are empty until the first refill
    };
}

void budget_refill(struct budget *budget, uint64_t now_ns)
{
    double earned = budget->frames_per_ns * (double)(now_ns - budget->now_ns);
    double strays = budget->strays + budget->strays_per_ns * (double)(now_ns - budget->now_ns);
    budget->strays = strays < STRAYS_MOST ? strays : STRAYS_MOST;
    budget->spent = 0;
    for (uint32_t i = 0; i < budget->workers; i++) {
        double frames = budget->frames_per_ns > 0.0 ? budget->frames[i] + earned : budget->frames_most;
        budget->frames[i] = frames < budget->frames_most ? frames : budget->frames_most;
        budget->spent += budget->frames[i] <= 0.0;
    }
    budget->now_ns = now_ns;
}

void budget_take(struct budget *budget, uint32_t worker)
{
    double before = budget->frames[worker];
    budget->frames[worker] = before - 1.0;
    budget->spent += before > 0.0 && before <= 1.0;
}

bool budget_stray(struct budget *budget)
{
    if (budget->strays < 1.0)
        return false;
    budget->strays -= 1.0;
    return true;
}

// The generic cell rate algorithm (ITU-T I.371): *next_ns is when the next one would be due at an even pace.
static uint64_t slot_reserve(uint64_t *next_ns, uint64_t interval_ns, uint64_t burst_ns, uint64_t now_ns)
{
    uint64_t due_ns = *next_ns > now_ns ? *next_ns : now_ns;
    *next_ns = due_ns + interval_ns;
    return due_ns > now_ns + burst_ns ? due_ns - burst_ns : now_ns;
}

uint64_t budget_open(struct budget *budget, uint32_t address)
{
    uint32_t worker = channel_worker(address, budget->workers);
    uint32_t network = (address >> 8) * UINT32_C(0x9e3779b1) >> (32 - BUDGET_NETWORKS_LOG);
    uint64_t one_ns =
        slot_reserve(&budget->next_opening_ns[worker], budget->opening_ns, OPENING_BURST_NS, budget->now_ns);
    uint64_t other_ns =
        slot_reserve(&budget->next_network_ns[network], budget->network_ns, NETWORK_BURST_NS, budget->now_ns);
    return one_ns > other_ns ? one_ns : other_ns;
}
