// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What an attempt misses, measured: one position in 1,024, chosen by the seed, is asked again whatever it answered
// before. Of the samples that answer then, the share that had also answered the first attempt is the chance that one
// probe to a responsive position is answered (two-sample capture and recapture, Lincoln and Petersen). Three bits a
// sample, two segments in turn as the answered bits; workers share these words too, but touch one per 1,024 positions.

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { COVERAGE_BLOCK_BITS = 10 }; // one sample per block of 1,024 positions

enum coverage_bit { COVERAGE_ASKED = 0, COVERAGE_FIRST, COVERAGE_AGAIN, COVERAGE_BITS };

struct coverage {
    uint64_t seed;
    _Atomic bool begun;     // a sample has been asked again, so that answers have to be looked at
    size_t words;           // of one bit's array
    _Atomic uint64_t *bits; // [2][COVERAGE_BITS][words]
    void *memory;           // what was allocated; bits points into it
};

// Samples of segments of at most `positions`. All memory is taken here. Returns 0 or -ENOMEM.
int coverage_init(struct coverage *coverage, uint64_t seed, uint64_t positions);
void coverage_fini(struct coverage *coverage);

// Forgets a segment's samples, before its memory is used for segment + 2. Not while a worker looks at them.
void coverage_clear(struct coverage *coverage, uint32_t segment);

// Offset in the segment of a block's sample.
static inline uint64_t coverage_sample(const struct coverage *coverage, uint32_t segment, uint64_t block)
{
    // The order has spread addresses over positions already: the choice only has to differ from scan to scan.
    uint64_t mixed = (block ^ (uint64_t)segment << 40 ^ coverage->seed) * UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ mixed >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return block << COVERAGE_BLOCK_BITS | mixed >> (64 - COVERAGE_BLOCK_BITS);
}

// Whether the position at offset is its block's sample. Of a coverage that is NULL none is.
static inline bool coverage_is_sample(const struct coverage *coverage, uint32_t segment, uint64_t offset)
{
    return coverage != NULL && coverage_sample(coverage, segment, offset >> COVERAGE_BLOCK_BITS) == offset;
}

// The bit of the sample among the 64 positions from offset (a multiple of 64) on, or 0.
static inline uint64_t coverage_word(const struct coverage *coverage, uint32_t segment, uint64_t offset)
{
    uint64_t sample = coverage_sample(coverage, segment, offset >> COVERAGE_BLOCK_BITS);
    return sample >> 6 == offset >> 6 ? UINT64_C(1) << (sample & 63) : 0;
}

static inline _Atomic uint64_t *coverage_bits(const struct coverage *coverage, uint32_t segment, enum coverage_bit bit,
                                              uint64_t block)
{
    return &coverage->bits[((segment & 1) * COVERAGE_BITS + bit) * coverage->words + (block >> 6)];
}

// The sample of the block at offset is about to be asked again; answered: its answered bit. True for the first time:
// only then does what it answered before come from the first attempt.
bool coverage_ask(struct coverage *coverage, uint32_t segment, uint64_t offset, bool answered);

enum coverage_answer { COVERAGE_NOT = 0, COVERAGE_NEW, COVERAGE_BOTH };

// A position answered. COVERAGE_NEW: it is a sample, was asked again and answers for the first time since; _BOTH: and
// it had answered the first attempt. Any worker.
enum coverage_answer coverage_take(const struct coverage *coverage, uint32_t segment, uint64_t offset);
