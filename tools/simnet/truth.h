// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a perfect scan of a world finds: the world's functions asked for every address and port. No state, any thread.

#include <stddef.h>
#include <stdint.h>

#include "tools/simnet/world.h"

// What the pairs of one network and port answer. network counts from 0 as in the population.
struct truth_count {
    uint64_t answers[ANSWER_KINDS];
};

struct truth {
    uint64_t addresses;
    uint64_t hosts;
    size_t network_count;
    size_t port_count;
    uint64_t *network_addresses; // [network_count]
    uint64_t *network_hosts;     // [network_count]: addresses that are hosts, whatever stands in front of them
    struct truth_count *counts;  // [network_count * port_count], network-major
};

// Counts a world's answers on the given ports, with as many threads as asked for (at least 1). Returns 0, -ENOMEM or
// what starting a thread gave; *ret_truth is released with truth_fini.
int truth_count(const struct world *world, const uint16_t *ports, size_t port_count, unsigned threads,
                struct truth *ret_truth);
void truth_fini(struct truth *truth);

// Pairs of all networks and ports that answer in one way, and those that answer SYN-ACK.
uint64_t truth_sum(const struct truth *truth, enum world_answer answer);
uint64_t truth_accepting(const struct truth *truth);

// Calls `each` for every (address, port) that is not silent, ascending by address, ports as given.
typedef void truth_each(void *context, uint32_t network, uint32_t address, uint16_t port, enum world_answer answer);
void truth_list(const struct world *world, const uint16_t *ports, size_t port_count, truth_each *each, void *context);

// "open", "middlebox", ... as printed.
const char *truth_answer_name(enum world_answer answer);
