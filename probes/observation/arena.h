// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Memory of one observation: taken piece by piece, released as a whole, and bounded, because what fills it is chosen by
// a stranger.

#include <stddef.h>
#include <stdint.h>

// All that one host and port may make us keep, parts and bytes together. The part with the longest lists, ssh, has room
// for all it may learn once: no list without end pushes out what comes after it.
enum { ARENA_BYTES_MAX = 72 << 10 };

struct arena_block;

struct arena {
    struct arena_block *last;
    uint32_t free;  // bytes left in the last block
    uint32_t taken; // bytes handed out that count
    uint32_t extra; // beyond ARENA_BYTES_MAX
};

// Zeroed, aligned for anything. NULL and errno: ENOMEM, or ENOSPC beyond the bound.
void *arena_take(struct arena *arena, size_t bytes);

// The same for memory of which we ourselves say how much there is: it does not count. ENOMEM only.
void *arena_take_ours(struct arena *arena, size_t bytes);

// Room for what is added after the stranger has had his say.
static inline void arena_extend(struct arena *arena, uint32_t bytes)
{
    arena->extra += bytes;
}

// All that it has from the machine.
size_t arena_bytes(const struct arena *arena);

// Releases everything; the arena is empty again. All-zero is an empty arena.
void arena_fini(struct arena *arena);

// Takes everything back but keeps the memory for the next use: for readers of many records.
void arena_reset(struct arena *arena);
