// SPDX-License-Identifier: BSD-3-Clause
#include "probes/observation/arena.h"

#include <errno.h>
#include <string.h>

#include "probes/memory.h"

// Small enough for the allocator to keep one for the next conversation without a search, large enough for most.
enum { BLOCK_BYTES = 992, ALIGNMENT = 16 };

struct arena_block {
    struct arena_block *before;
    uint32_t bytes;
    _Alignas(ALIGNMENT) uint8_t data[];
};

static int arena_grow(struct arena *arena, uint32_t bytes)
{
    uint32_t size = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
    struct arena_block *block = memory_change(NULL, sizeof(*block) + size);
    if (block == NULL)
        return -ENOMEM;
    block->before = arena->last;
    block->bytes = size;
    arena->last = block;
    arena->free = size;
    return 0;
}

void *arena_take_ours(struct arena *arena, size_t bytes)
{
    uint32_t rounded = ((uint32_t)bytes + ALIGNMENT - 1) & ~(uint32_t)(ALIGNMENT - 1);
    if (rounded > arena->free && arena_grow(arena, rounded) != 0) {
        errno = ENOMEM;
        return NULL;
    }
    uint8_t *taken = arena->last->data + (arena->last->bytes - arena->free);
    arena->free -= rounded;
    return memset(taken, 0, rounded);
}

void *arena_take(struct arena *arena, size_t bytes)
{
    if (bytes > ARENA_BYTES_MAX + arena->extra - arena->taken) {
        errno = ENOSPC;
        return NULL;
    }
    void *taken = arena_take_ours(arena, bytes);
    arena->taken += taken == NULL ? 0 : (uint32_t)bytes;
    return taken;
}

size_t arena_bytes(const struct arena *arena)
{
    size_t bytes = 0;
    for (const struct arena_block *block = arena->last; block != NULL; block = block->before)
        bytes += sizeof(*block) + block->bytes;
    return bytes;
}

static void blocks_free(struct arena_block *block)
{
    while (block != NULL) {
        struct arena_block *before = block->before;
        memory_give(block);
        block = before;
    }
}

void arena_fini(struct arena *arena)
{
    blocks_free(arena->last);
    *arena = (struct arena){0};
}

void arena_reset(struct arena *arena)
{
    if (arena->last == NULL)
        return;
    blocks_free(arena->last->before);
    arena->last->before = NULL;
    arena->free = arena->last->bytes;
    arena->taken = 0;
    arena->extra = 0;
}
