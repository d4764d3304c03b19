// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The keyed order: a bijection position <-> index on [0, count), count = addresses * ports, at most 2^48. A generalised
// Feistel network over rows x columns >= count (Black and Rogaway, "Ciphers with Arbitrary Finite Domains", 2002, the
// mixed-radix form), cycle-walked for the few values past the end. Computed from the position alone: O(1) seek, so
// shards, workers and resume are arithmetic. No state, any thread.

#include <stdint.h>

#define ORDER_COUNT_MAX (UINT64_C(1) << 48)

enum { ORDER_ROUNDS = 6 };

struct order {
    uint64_t count;
    uint32_t rows;    // at most 2^24 + 1
    uint32_t columns; // rows * columns >= count, and less than count + rows
    uint64_t keys[ORDER_ROUNDS];
};

// The order of [0, count) under a seed. Returns 0, or -EINVAL when count is 0 or above ORDER_COUNT_MAX.
int order_init(struct order *order, uint64_t count, uint64_t seed);

// position, index < count. order_position(order_index(p)) == p.
uint64_t order_index(const struct order *order, uint64_t position);
uint64_t order_position(const struct order *order, uint64_t index);
