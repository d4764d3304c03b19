// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/coverage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BITS = 512 }; // of a cache line

int coverage_init(struct coverage *coverage, uint64_t seed, uint64_t positions)
{
    // Each of the six arrays is whole cache lines, which it shares with nothing else.
    uint64_t lines = (positions >> COVERAGE_BLOCK_BITS) / LINE_BITS + 1;
    *coverage = (struct coverage){.seed = seed, .words = (size_t)lines * (LINE_BITS / 64)};
    size_t bytes = coverage->words * 2 * COVERAGE_BITS * sizeof(uint64_t);
    coverage->memory = aligned_alloc(LINE_BITS / 8, bytes);
    if (coverage->memory == NULL)
        return -ENOMEM;
    memset(coverage->memory, 0, bytes);
    coverage->bits = (_Atomic uint64_t *)coverage->memory;
    return 0;
}

void coverage_fini(struct coverage *coverage)
{
    free(coverage->memory);
    coverage->memory = NULL;
    coverage->bits = NULL;
}

void coverage_clear(struct coverage *coverage, uint32_t segment)
{
    for (size_t i = 0; i < COVERAGE_BITS * coverage->words; i++)
        atomic_store_explicit(&coverage_bits(coverage, segment, COVERAGE_ASKED, 0)[i], 0, memory_order_relaxed);
}

static uint64_t block_bit(uint64_t block)
{
    return UINT64_C(1) << (block & 63);
}

bool coverage_ask(struct coverage *coverage, uint32_t segment, uint64_t offset, bool answered)
{
    uint64_t block = offset >> COVERAGE_BLOCK_BITS;
    uint64_t bit = block_bit(block);
    _Atomic uint64_t *asked = coverage_bits(coverage, segment, COVERAGE_ASKED, block);
    // Only one worker asks a position; the words are shared, the bit is not.
    if ((atomic_load_explicit(asked, memory_order_relaxed) & bit) != 0)
        return false;
    if (answered)
        atomic_fetch_or_explicit(coverage_bits(coverage, segment, COVERAGE_FIRST, block), bit, memory_order_relaxed);
    atomic_fetch_or_explicit(asked, bit, memory_order_release);
    if (!atomic_load_explicit(&coverage->begun, memory_order_relaxed))
        atomic_store_explicit(&coverage->begun, true, memory_order_release);
    return true;
}

enum coverage_answer coverage_take(const struct coverage *coverage, uint32_t segment, uint64_t offset)
{
    uint64_t block = offset >> COVERAGE_BLOCK_BITS;
    uint64_t bit = block_bit(block);
    if (!atomic_load_explicit(&coverage->begun, memory_order_acquire) ||
        coverage_sample(coverage, segment, block) != offset ||
        (atomic_load_explicit(coverage_bits(coverage, segment, COVERAGE_ASKED, block), memory_order_acquire) & bit) ==
            0)
        return COVERAGE_NOT;
    _Atomic uint64_t *again = coverage_bits(coverage, segment, COVERAGE_AGAIN, block);
    if ((atomic_fetch_or_explicit(again, bit, memory_order_relaxed) & bit) != 0)
        return COVERAGE_NOT;
    _Atomic uint64_t *first = coverage_bits(coverage, segment, COVERAGE_FIRST, block);
    return (atomic_load_explicit(first, memory_order_relaxed) & bit) != 0 ? COVERAGE_BOTH : COVERAGE_NEW;
}
