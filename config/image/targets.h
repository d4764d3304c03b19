// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The set of IPv4 addresses of a plan, compiled: ordinal -> address and address -> ordinal in about one cache line
// each. Three classes of pieces, in this order of ordinals: whole /24s, whole /28s outside them, single addresses. The
// arrays live in the plan image (or on the heap of a test); this struct only points at them and is read-only after it
// was built, so any thread may use it.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TARGETS_NONE = -1 };

// 32 bits of a bit set over the /24s of one /16, with the number of bits set before it in the whole set.
struct targets_word {
    uint32_t rank;
    uint32_t bits;
};

// One /16 of the address space: which of its 256 /24s are whole, and which are there in part. One cache line each.
struct targets_block {
    struct targets_word whole[8];
    struct targets_word partial[8];
};

// A /24 that is there in part: its whole /28s and its single addresses.
struct targets_partial {
    uint32_t first_sixteen; // index among all /28s of its first one
    uint32_t first_single;  // index among all single addresses of its first one
    uint32_t sixteens;      // bit i: addresses 16 i to 16 i + 15 are a whole /28
    uint32_t reserved;
    uint64_t singles[4]; // bit a: address a is there as a single one
    uint64_t padding[2];
};

struct targets {
    uint64_t count;             // addresses in all
    uint64_t whole_addresses;   // ordinals below this one lie in whole /24s
    uint64_t sixteen_addresses; // ordinals from whole_addresses to whole_addresses + this lie in whole /28s
    uint64_t base_count;        // entries of bases: /24s, then /28s, then single addresses
    uint64_t block_count;
    uint64_t partial_count;
    const uint32_t *bases;                  // first address of each piece, host byte order, ascending in each class
    const uint16_t *directory;              // [65536]: /16 -> index into blocks; block 0 is the empty one
    const struct targets_block *blocks;     // [block_count]
    const struct targets_partial *partials; // [partial_count]
};

// The address (host byte order) of an ordinal below targets->count.
static inline uint32_t targets_address(const struct targets *targets, uint64_t ordinal)
{
    if (ordinal < targets->whole_addresses)
        return targets->bases[ordinal >> 8] | (uint32_t)(ordinal & 255);
    uint64_t rest = ordinal - targets->whole_addresses;
    uint64_t wholes = targets->whole_addresses >> 8;
    if (rest < targets->sixteen_addresses)
        return targets->bases[wholes + (rest >> 4)] | (uint32_t)(rest & 15);
    return targets->bases[wholes + (targets->sixteen_addresses >> 4) + (rest - targets->sixteen_addresses)];
}

// The ordinal of an address (host byte order), or TARGETS_NONE when it is not in the set.
static inline int64_t targets_ordinal(const struct targets *targets, uint32_t address)
{
    const struct targets_block *block = &targets->blocks[targets->directory[address >> 16]];
    uint32_t word = (address >> 13) & 7;
    uint32_t bit = (address >> 8) & 31;
    uint32_t below = (UINT32_C(1) << bit) - 1;
    struct targets_word whole = block->whole[word];
    if (whole.bits >> bit & 1)
        return ((int64_t)(whole.rank + (uint32_t)__builtin_popcount(whole.bits & below)) << 8) | (address & 255);
    struct targets_word part = block->partial[word];
    if (!(part.bits >> bit & 1))
        return TARGETS_NONE;
    const struct targets_partial *partial =
        &targets->partials[part.rank + (uint32_t)__builtin_popcount(part.bits & below)];
    uint32_t sixteen = (address >> 4) & 15;
    if (partial->sixteens >> sixteen & 1) {
        uint32_t before = (uint32_t)__builtin_popcount(partial->sixteens & ((UINT32_C(1) << sixteen) - 1));
        return (int64_t)(targets->whole_addresses + ((uint64_t)(partial->first_sixteen + before) << 4)) |
               (address & 15);
    }
    uint32_t last = address & 255;
    uint64_t own = partial->singles[last >> 6];
    if (!(own >> (last & 63) & 1))
        return TARGETS_NONE;
    uint32_t before = (uint32_t)__builtin_popcountll(own & ((UINT64_C(1) << (last & 63)) - 1));
    for (uint32_t i = 0; i < last >> 6; i++)
        before += (uint32_t)__builtin_popcountll(partial->singles[i]);
    return (int64_t)(targets->whole_addresses + targets->sixteen_addresses + partial->first_single + before);
}
