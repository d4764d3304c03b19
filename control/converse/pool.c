// SPDX-License-Identifier: BSD-3-Clause
#include "control/converse/pool.h"

#include <stdlib.h>

void pool_fini(struct pool *pool)
{
    for (size_t i = 0; i < pool->block_count; i++)
        free(pool->blocks[i]);
    free(pool->blocks);
    *pool = (struct pool){0};
}

static int pool_grow(struct pool *pool)
{
    if (pool->block_count == pool->block_capacity) {
        size_t capacity = pool->block_capacity == 0 ? 16 : pool->block_capacity * 2;
        struct inquiry **blocks = realloc(pool->blocks, capacity * sizeof(*blocks));
        if (blocks == NULL)
            return -1;
        pool->blocks = blocks;
        pool->block_capacity = capacity;
    }
    struct inquiry *block = calloc(POOL_BLOCK, sizeof(*block));
    if (block == NULL)
        return -1;
    for (uint32_t i = POOL_BLOCK; i-- > 0;) {
        block[i].index = (uint32_t)pool->block_count * POOL_BLOCK + i;
        block[i].dirty_next = pool->free;
        pool->free = &block[i];
    }
    pool->blocks[pool->block_count++] = block;
    return 0;
}

struct inquiry *pool_take(struct pool *pool)
{
    if (pool->free == NULL && pool_grow(pool) != 0)
        return NULL;
    struct inquiry *inquiry = pool->free;
    pool->free = inquiry->dirty_next;
    *inquiry = (struct inquiry){.index = inquiry->index, .used = true};
    pool->used++;
    return inquiry;
}

void pool_give(struct pool *pool, struct inquiry *inquiry)
{
    inquiry->used = false;
    inquiry->dirty_next = pool->free;
    pool->free = inquiry;
    pool->used--;
}
