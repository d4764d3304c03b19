// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The first look at a burst of probes: which of them can bring any answer at all. Most cannot, and cost a few cycles
// here. One variant per instruction set, all with the same result. No state, any thread.

#include <stddef.h>
#include <stdint.h>

#include "tools/simnet/world.h"

enum { SCREEN_MAX = 64 };

struct screen {
    _Alignas(64) uint32_t address[SCREEN_MAX]; // host byte order; in
    _Alignas(64) uint32_t network[SCREEN_MAX]; // world_network of it; in
    _Alignas(64) uint32_t host[SCREEN_MAX];    // world_host of it; out
    _Alignas(64) uint32_t weather[SCREEN_MAX]; // hash for world_event; out
};

// Looks at entries [0, count), count at most SCREEN_MAX, of which the first one is the sequence-th probe. Entries
// behind count are read and written too, so their network must be one of this world or 0. Returns a bit for each probe
// that somebody or the weather might answer.
typedef uint64_t screen_function(const struct world *world, struct screen *screen, size_t count, uint64_t sequence);

struct screen_variant {
    const char *name;
    screen_function *look;
};

// Every variant this CPU runs, best first; returns their number, at most 2.
size_t screen_variants(const struct screen_variant *ret_all[static 2]);
