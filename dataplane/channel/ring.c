// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/channel/ring.h"

void ring_init(struct ring *ring, void *slots, uint64_t capacity, uint32_t slot_bytes, struct ring_index *own,
               struct ring_index *peer)
{
    // A process that takes over a ring (a restarted control) goes on where its predecessor's index stands. Our own
    // index may have been scribbled over by that predecessor: the first look at the peer's then finds the ring
    // impossible and kills it, on either side.
    uint64_t own_now = atomic_load_explicit(&own->value, memory_order_acquire);
    *ring = (struct ring){
        .slots = (uint8_t *)slots,
        .own = own,
        .peer = peer,
        .capacity = capacity,
        .slot_bytes = slot_bytes,
        .own_cached = own_now,
        .peer_cached = atomic_load_explicit(&peer->value, memory_order_acquire),
    };
    uint64_t ahead = own_now - ring->peer_cached;
    uint64_t behind = ring->peer_cached - own_now;
    if (ahead > capacity && behind > capacity)
        ring->dead = true;
}
