// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The bulk of what a busy world does: plain SYNs to ports that are open or closed, read and answered many at a time.
// The answers are those of answer_syn, byte by byte. No state, any thread.

#include <stddef.h>
#include <stdint.h>

#include "tools/simnet/answer.h"

enum {
    BATCH_MAX = 64,
    BATCH_READABLE_BYTES = 80, // of each question, however short it is
    BATCH_ANSWER_BYTES = 64,   // what is written of each answer: the frame, and bytes behind it that are nobody's
};

// Entry i belongs to the i-th question; entries past count are scratch.
struct batch {
    // The caller's.
    const uint8_t *question[BATCH_MAX]; // a frame with a plain IPv4 header behind 14 bytes of Ethernet
    _Alignas(64) uint32_t length[BATCH_MAX];
    _Alignas(64) uint32_t host[BATCH_MAX]; // world_host of its destination

    // Of `read`.
    uint64_t good; // SYNs of at most 64 bytes from the IPv4 header on, in words of four, with right checksums
    _Alignas(64) uint32_t address[BATCH_MAX];
    _Alignas(64) uint32_t asker[BATCH_MAX];
    _Alignas(64) uint32_t ports[BATCH_MAX]; // the asker's in the upper half, the one asked for in the lower one
    _Alignas(64) uint32_t seq[BATCH_MAX];
    _Alignas(64) uint32_t trait[BATCH_MAX];  // world_trait
    _Alignas(64) uint32_t chance[BATCH_MAX]; // world_chance of host and port

    // The caller's, for `write`: where each answer goes, and which of them are refusals (ANSWER_CLOSED); the others are
    // ANSWER_OPEN. An entry that nobody answers gets memory of its own all the same.
    uint8_t *answer[BATCH_MAX];
    uint64_t closed;
};

struct batch_variant {
    void (*read)(const struct world *world, struct batch *batch, size_t count);
    void (*write)(struct batch *batch, size_t count); // good ones only; ANSWER_FRAME_MIN bytes each
};

// NULL where this CPU has nothing faster than one question after the other.
const struct batch_variant *batch_best(void);
