// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// One bit per position of a segment: set once its answer is settled. Two arrays in turn, so that a segment's bits live
// one segment longer than it is swept. Of what is used for every answer, workers share these words alone.

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct answered {
    _Atomic uint64_t *words[2]; // of even and odd segments; the same memory when there is one segment only
    uint64_t segment_positions;
    uint64_t first_position; // of segment 0
    uint64_t end_position;
    size_t bytes;    // of one array
    void *memory[2]; // what was mapped; words points into it
    bool one_writer; // only one worker sets bits, so that it needs no locked instruction; false after answered_init
};

// Positions [first, end) in segments of segment_positions (a multiple of 64). Memory comes zeroed and untouched from
// the kernel, in huge pages where it likes. Returns 0, -EINVAL or -ENOMEM.
int answered_init(struct answered *answered, uint64_t first, uint64_t end, uint64_t segment_positions);
void answered_fini(struct answered *answered);

// Forgets the bits of a segment's array, before it is used for segment + 2. Not on a worker: it is a system call.
void answered_clear(struct answered *answered, uint32_t segment);

static inline _Atomic uint64_t *answered_word(const struct answered *answered, uint32_t segment, uint64_t offset)
{
    return &answered->words[segment & 1][offset >> 6];
}

// Looks at the bit at an offset in a segment, and sets it where `set`; true when it was set before. Any worker, or the
// one.
static inline bool answered_settle(const struct answered *answered, uint32_t segment, uint64_t offset, bool set)
{
    uint64_t bit = UINT64_C(1) << (offset & 63);
    _Atomic uint64_t *word = answered_word(answered, segment, offset);
    if (answered->one_writer) {
        uint64_t before = atomic_load_explicit(word, memory_order_relaxed);
        atomic_store_explicit(word, before | (set ? bit : 0), memory_order_relaxed);
        return (before & bit) != 0;
    }
    if (!set)
        return (atomic_load_explicit(word, memory_order_relaxed) & bit) != 0;
    return (atomic_fetch_or_explicit(word, bit, memory_order_relaxed) & bit) != 0;
}

// Sets the bit; true when it was set before.
static inline bool answered_set(const struct answered *answered, uint32_t segment, uint64_t offset)
{
    return answered_settle(answered, segment, offset, true);
}

static inline bool answered_test(const struct answered *answered, uint32_t segment, uint64_t offset)
{
    return atomic_load_explicit(answered_word(answered, segment, offset), memory_order_relaxed) >> (offset & 63) & 1;
}
