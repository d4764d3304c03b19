// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The hosts of a world that speak, as mbufs: segments in, segments out, with the weather's losses. One owner thread.

#include <rte_mbuf.h>

#include "tools/simnet/answer.h"
#include "tools/simnet/counters.h"
#include "tools/simnet/delay.h"
#include "tools/simnet/personality/personality.h"
#include "tools/simnet/world.h"

struct speaker;

struct speaker_setup {
    const struct world *world;
    const struct service *services;
    struct crypto *crypto;
    struct rte_mempool *segments;
    struct delay *delay; // NULL: nothing is ever late
    uint64_t *counters;  // [SIMNET_COUNTER_COUNT]
    double ticks_per_us;
    uint32_t connections;
};

// NULL and errno. All of the setup outlives it.
struct speaker *speaker_new(const struct speaker_setup *setup);
void speaker_free(struct speaker *speaker);

// A host that may speak answers this SYN; its network, host and trait are filled in.
void speaker_syn(struct speaker *speaker, const struct question *question, uint64_t now);

// Takes a TCP segment that is no SYN. False when it is nobody's: who never speaks answers then.
bool speaker_take(struct speaker *speaker, const struct question *question, uint64_t number, uint64_t now);

// Sends again what is due, and takes out at most `room` segments that are to leave now.
uint32_t speaker_due(struct speaker *speaker, uint64_t now, struct rte_mbuf **ret_segments, uint32_t room);
