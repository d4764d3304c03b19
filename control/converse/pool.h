// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Storage for inquiries: blocks that are never moved or given back, and a list of the free ones. One thread.

#include <stddef.h>
#include <stdint.h>

#include "control/converse/inquiry.h"

enum { POOL_BLOCK = 256 };

struct pool {
    struct inquiry **blocks;
    size_t block_count;
    size_t block_capacity;
    struct inquiry *free; // linked by dirty_next
    size_t used;
};

void pool_fini(struct pool *pool);

// An all-zero inquiry with index and used set, or NULL without memory. An all-zero pool is an empty one.
struct inquiry *pool_take(struct pool *pool);
void pool_give(struct pool *pool, struct inquiry *inquiry);

// The inquiry of an index below pool_size, used or not.
static inline struct inquiry *pool_at(const struct pool *pool, uint32_t index)
{
    return &pool->blocks[index / POOL_BLOCK][index % POOL_BLOCK];
}

static inline uint32_t pool_size(const struct pool *pool)
{
    return (uint32_t)(pool->block_count * POOL_BLOCK);
}
