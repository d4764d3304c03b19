// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A /24's share of a lane's slots. Slow hosts often stand side by side, in one tarpit, and together would take every
// slot from everybody else. While at least half of the slots are taken, a network that holds a quarter of all, and has
// held them for longer than a prompt host would on the average, begins nothing more: its targets wait here, without a
// slot. Networks of prompt hosts are never held up. One thread, the lane's.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/converse/hash.h"
#include "control/converse/queue.h"

enum { NETWORK_SHARE_MIN = 4 };
#define NETWORK_SLOW_NS UINT64_C(2000000000)

struct network {
    struct queue waiting;
    uint64_t since_sum; // when its slots were taken, added up
    uint32_t open;      // slots that it holds
    uint32_t key;       // address / 256
    uint32_t next;      // of the free ones
};

// All-zero but for by_key: none known.
struct networks {
    struct hash by_key; // address / 256 -> index
    struct network *items;
    uint32_t count;
    uint32_t capacity;
    uint32_t free;     // index + 1
    uint64_t deferred; // targets that wait in all of them
};

// Returns 0 or -errno.
int networks_init(struct networks *networks);
void networks_fini(struct networks *networks);

// A host of the network takes a slot, or gives back one that it took at since_ns. What there is no memory for is not
// counted.
void networks_take(struct networks *networks, uint32_t address, uint64_t now_ns);
void networks_give(struct networks *networks, uint32_t address, uint64_t since_ns);

// Whether a host of the network has to wait, while so many slots of so many are taken.
bool networks_full(const struct networks *networks, uint32_t address, uint64_t taken, uint64_t window, uint64_t now_ns);

// Lets a target wait. Returns 0 or -ENOMEM; -ENOENT when its network is not full, and nothing is known of it.
int networks_defer(struct networks *networks, const struct target *target);

// Takes out a target that need not wait any more; *at is where the search goes on, 0 at first. False when none is left.
// all: nobody has to wait.
bool networks_release(struct networks *networks, uint64_t taken, uint64_t window, uint64_t now_ns, bool all,
                      uint32_t *at, struct target *ret_target);
