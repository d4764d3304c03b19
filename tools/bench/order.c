// SPDX-License-Identifier: BSD-3-Clause
// The order, counted: every index exactly once over all positions, for port counts up to 65,536 and up to 2^32
// positions; beyond, that the inverse leads back. And what the tables of a plan take.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "probes/packet/kernels.h"
#include "tools/bench/ground.h"

enum { INVERSE_POSITIONS = 100000000 };

static const struct {
    uint32_t ports;
    uint32_t addresses;
} CASES[] = {{1, 157608694}, {2, 78804347}, {256, 615659}, {512, 307830}, {65536, 65536}};

// Indexes that came twice or not at all. The bits are one huge mapping; order_index is what the kernels must equal.
static int64_t misses_count(const struct order *order, uint64_t *bits)
{
    const struct kernels *kernels = kernels_best();
    static struct probe_burst burst;
    static struct probe_plan plan;
    plan.order = *order;
    int64_t seen = 0;
    int64_t twice = 0;
    for (uint64_t at = 0; at < order->count; at += BURST_MAX) {
        uint64_t rest = order->count - at;
        size_t count = rest < BURST_MAX ? (size_t)rest : BURST_MAX;
        for (size_t i = 0; i < count; i++)
            burst.index[i] = at + i;
        // The inverse of a bijection is one, and `positions` needs no targets.
        kernels->positions(&plan, &burst, count);
        for (size_t i = 0; i < count; i++)
            __builtin_prefetch(&bits[burst.position[i] >> 6], 1);
        for (size_t i = 0; i < count; i++) {
            uint64_t bit = UINT64_C(1) << (burst.position[i] & 63);
            uint64_t *word = &bits[burst.position[i] >> 6];
            twice += (*word & bit) != 0;
            seen += burst.position[i] < order->count;
            *word |= bit;
        }
    }
    return twice + ((int64_t)order->count - seen);
}

static void case_run(uint32_t ports, uint64_t addresses, struct bench_outcome *outcome)
{
    struct order order;
    char name[40];
    uint64_t count = addresses * ports;
    size_t bytes = (size_t)(count / 8 + 4096);
    uint64_t *bits = (uint64_t *)mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bits == MAP_FAILED || order_init(&order, count, 4711) != 0) {
        outcome_fail(outcome, "no memory for %zu bytes", bytes);
        return;
    }
    (void)madvise(bits, bytes, MADV_HUGEPAGE);
    int64_t misses = misses_count(&order, bits);
    munmap(bits, bytes);
    if (misses != 0)
        outcome_fail(outcome, "%u ports: %lld positions were not met exactly once", ports, (long long)misses);
    snprintf(name, sizeof(name), "once_%u_ports", ports);
    outcome_add(outcome, name, "", (double)(count - (uint64_t)misses), 0);
}

static void inverse_run(struct bench_outcome *outcome)
{
    struct order order;
    uint64_t random = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t wrong = 0;
    if (order_init(&order, ORDER_COUNT_MAX - 12345, 4711) != 0) {
        outcome_fail(outcome, "no order of %llu positions", (unsigned long long)ORDER_COUNT_MAX);
        return;
    }
    for (uint32_t i = 0; i < INVERSE_POSITIONS; i++) {
        random ^= random << 13; // xorshift64
        random ^= random >> 7;
        random ^= random << 17;
        uint64_t position = (uint64_t)(((unsigned __int128)random * order.count) >> 64);
        uint64_t index = order_index(&order, position);
        wrong += index >= order.count || order_position(&order, index) != position;
    }
    if (wrong != 0)
        outcome_fail(outcome, "%llu positions do not come back", (unsigned long long)wrong);
    outcome_add(outcome, "inverse_checked", "", INVERSE_POSITIONS, 0);
}

static void memory_run(const struct bench_options *options, struct bench_outcome *outcome)
{
    struct ground ground;
    if (!ground_of(options, &ground, outcome))
        return;
    const struct targets *targets = &ground.targets.targets;
    uint64_t bytes = targets->base_count * sizeof(*targets->bases) + 65536 * sizeof(*targets->directory) +
                     targets->block_count * sizeof(*targets->blocks) +
                     targets->partial_count * sizeof(*targets->partials);
    outcome_add(outcome, "targets_mb", "MB", (double)bytes / 1048576, 0);
    outcome_add(outcome, "targets_compile_ms", "ms", ground.compile_ms, 0);
    outcome_add(outcome, "answered_mb", "MB", (double)(targets->count * ground.port_count) / 8 / 1048576, 0);
    outcome_add(outcome, "addresses", "", (double)targets->count, 0);
    ground_fini(&ground);
}

static void run(const struct bench_options *options, struct bench_outcome *outcome)
{
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++)
        case_run(CASES[i].ports, CASES[i].addresses, outcome);
    inverse_run(outcome);
    memory_run(options, outcome);
    outcome_note(outcome, "once_N_ports: positions of addresses x N ports that were met exactly once, counted in a bit "
                          "map; inverse_checked: random positions below 2^48 that came back.");
}

const struct bench_part part_order = {
    .name = "order",
    .help = "every position exactly once, counted up to 2^32; inverse beyond; memory of the tables",
    .runs = 1,
    .run = run,
};
