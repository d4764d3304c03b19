// SPDX-License-Identifier: BSD-3-Clause
#include "config/targets_build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SLASH16S = 65536, NETWORK = 256, CACHE_LINE = 64 };

// Both passes over the intervals walk alike: the first one counts pieces, the second one fills the arrays.
struct targets_walk {
    struct targets_storage *storage; // NULL while counting
    uint16_t *slash16s;              // counting: 1 for a /16 in use; filling: its block
    uint64_t wholes;                 // pieces so far
    uint64_t sixteens;
    uint64_t singles;
    uint64_t partials;
    uint64_t first_sixteen; // where in bases each class begins
    uint64_t first_single;
    uint64_t network;    // the /24 that `members` describes, or NO_NETWORK
    uint64_t members[4]; // addresses of it seen so far
};

#define NO_NETWORK UINT64_MAX

static void targets_walk_wholes(struct targets_walk *walk, uint32_t first_network, uint32_t last_network)
{
    for (uint64_t network = first_network; network <= last_network; network++) {
        uint32_t slash16 = (uint32_t)(network >> 8);
        if (walk->storage == NULL) {
            walk->slash16s[slash16] = 1;
        } else {
            struct targets_block *block = &walk->storage->blocks[walk->slash16s[slash16]];
            block->whole[(network >> 5) & 7].bits |= UINT32_C(1) << (network & 31);
            walk->storage->bases[walk->wholes] = (uint32_t)(network << 8);
        }
        walk->wholes++;
    }
}

// The /24 collected in `members` is complete: its whole /28s, then what is left as single addresses.
static void targets_walk_partial(struct targets_walk *walk)
{
    if (walk->network == NO_NETWORK)
        return;
    uint32_t base = (uint32_t)(walk->network << 8);
    struct targets_partial partial = {.first_sixteen = (uint32_t)walk->sixteens,
                                      .first_single = (uint32_t)walk->singles};
    for (uint32_t sixteen = 0; sixteen < 16; sixteen++) {
        uint32_t shift = (sixteen & 3) * 16;
        uint64_t bits = walk->members[sixteen >> 2] >> shift & 0xffff;
        if (bits == 0xffff) {
            partial.sixteens |= UINT32_C(1) << sixteen;
            if (walk->storage != NULL)
                walk->storage->bases[walk->first_sixteen + walk->sixteens] = base | sixteen << 4;
            walk->sixteens++;
            continue;
        }
        partial.singles[sixteen >> 2] |= bits << shift;
        for (; bits != 0; bits &= bits - 1) {
            uint32_t address = base | sixteen << 4 | (uint32_t)__builtin_ctzll(bits);
            if (walk->storage != NULL)
                walk->storage->bases[walk->first_single + walk->singles] = address;
            walk->singles++;
        }
    }
    uint32_t slash16 = (uint32_t)(walk->network >> 8);
    if (walk->storage == NULL) {
        walk->slash16s[slash16] = 1;
    } else {
        struct targets_block *block = &walk->storage->blocks[walk->slash16s[slash16]];
        block->partial[(walk->network >> 5) & 7].bits |= UINT32_C(1) << (walk->network & 31);
        walk->storage->partials[walk->partials] = partial;
    }
    walk->partials++;
    walk->network = NO_NETWORK;
}

// Addresses first to last of one /24, not all of it.
static void targets_walk_piece(struct targets_walk *walk, uint32_t first, uint32_t last)
{
    if (walk->network != first >> 8) {
        targets_walk_partial(walk);
        walk->network = first >> 8;
        memset(walk->members, 0, sizeof(walk->members));
    }
    for (uint32_t address = first & 255; address <= (last & 255); address++)
        walk->members[address >> 6] |= UINT64_C(1) << (address & 63);
}

static void targets_walk(struct targets_walk *walk, const struct interval_set *set)
{
    walk->wholes = walk->sixteens = walk->singles = walk->partials = 0;
    walk->network = NO_NETWORK;
    for (size_t i = 0; i < set->count; i++) {
        uint64_t first = set->items[i].first;
        uint64_t last = set->items[i].last;
        if ((first & 255) != 0 || last - first < NETWORK - 1) {
            uint64_t end = (first | 255) < last ? first | 255 : last;
            targets_walk_piece(walk, (uint32_t)first, (uint32_t)end);
            first = end + 1;
        }
        if (first + NETWORK - 1 <= last) {
            uint64_t networks = (last + 1 - first) / NETWORK;
            targets_walk_wholes(walk, (uint32_t)(first >> 8), (uint32_t)((first >> 8) + networks - 1));
            first += networks * NETWORK;
        }
        if (first <= last)
            targets_walk_piece(walk, (uint32_t)first, (uint32_t)last);
    }
    targets_walk_partial(walk);
}

// Numbers the /16s in use from 1, for block 0 is the empty one; only when there is no empty /16 does block 0 hold one.
static uint64_t targets_number_blocks(uint16_t *slash16s)
{
    size_t used = 0;
    for (size_t i = 0; i < SLASH16S; i++)
        used += slash16s[i];
    size_t next = used == SLASH16S ? 0 : 1;
    uint64_t blocks = used == SLASH16S ? used : used + 1;
    for (size_t i = 0; i < SLASH16S; i++)
        if (slash16s[i] != 0)
            slash16s[i] = (uint16_t)next++;
    return blocks;
}

static void targets_rank(struct targets_block *blocks, uint64_t block_count)
{
    uint32_t wholes = 0;
    uint32_t partials = 0;
    for (uint64_t b = 0; b < block_count; b++) {
        for (size_t w = 0; w < 8; w++) {
            blocks[b].whole[w].rank = wholes;
            wholes += (uint32_t)__builtin_popcount(blocks[b].whole[w].bits);
            blocks[b].partial[w].rank = partials;
            partials += (uint32_t)__builtin_popcount(blocks[b].partial[w].bits);
        }
    }
}

// Zeroed and on cache line boundaries. count may be 0.
static void *targets_allocate(uint64_t count, size_t size)
{
    if (count > SIZE_MAX / size - CACHE_LINE)
        return NULL;
    size_t bytes = ((size_t)count * size + CACHE_LINE) & ~(size_t)(CACHE_LINE - 1);
    void *memory = aligned_alloc(CACHE_LINE, bytes);
    if (memory != NULL)
        memset(memory, 0, bytes);
    return memory;
}

static int targets_fill(struct targets_walk *walk, const struct interval_set *intervals,
                        struct targets_storage *storage)
{
    struct targets *targets = &storage->targets;
    targets->whole_addresses = walk->wholes * NETWORK;
    targets->sixteen_addresses = walk->sixteens * 16;
    targets->count = targets->whole_addresses + targets->sixteen_addresses + walk->singles;
    targets->base_count = walk->wholes + walk->sixteens + walk->singles;
    targets->partial_count = walk->partials;
    targets->block_count = targets_number_blocks(walk->slash16s);
    walk->first_sixteen = walk->wholes;
    walk->first_single = walk->wholes + walk->sixteens;
    storage->bases = targets_allocate(targets->base_count, sizeof(*storage->bases));
    storage->blocks = targets_allocate(targets->block_count, sizeof(*storage->blocks));
    storage->partials = targets_allocate(targets->partial_count, sizeof(*storage->partials));
    if (storage->bases == NULL || storage->blocks == NULL || storage->partials == NULL)
        return -ENOMEM;
    walk->storage = storage;
    targets_walk(walk, intervals);
    targets_rank(storage->blocks, targets->block_count);
    targets->bases = storage->bases;
    targets->directory = storage->directory;
    targets->blocks = storage->blocks;
    targets->partials = storage->partials;
    return 0;
}

int targets_build(const struct interval_set *intervals, struct targets_storage *ret_storage)
{
    if (intervals->count == 0)
        return -EINVAL;
    struct targets_storage storage = {.directory = targets_allocate(SLASH16S, sizeof(uint16_t))};
    if (storage.directory == NULL)
        return -ENOMEM;
    struct targets_walk walk = {.slash16s = storage.directory};
    targets_walk(&walk, intervals);
    int error = targets_fill(&walk, intervals, &storage);
    if (error != 0) {
        targets_storage_fini(&storage);
        return error;
    }
    *ret_storage = storage;
    return 0;
}

void targets_storage_fini(struct targets_storage *storage)
{
    free(storage->bases);
    free(storage->directory);
    free(storage->blocks);
    free(storage->partials);
    *storage = (struct targets_storage){0};
}
