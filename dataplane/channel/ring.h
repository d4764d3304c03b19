// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A single-producer single-consumer ring of fixed-size slots between two processes of which one may be hostile.
// Geometry (addresses, capacity, slot size) lives in each side's private memory; only two indices and the slots are
// shared, and an index that implies more than the capacity kills the ring for good instead of being believed.

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// One index in shared memory, alone on its cache line. Counts slots since the start; never wraps in practice (2^64).
struct ring_index {
    _Alignas(64) _Atomic uint64_t value;
};

// Private to one side. The producer writes slots and `own`; the consumer writes only its `own`.
struct ring {
    uint8_t *slots;          // consumer: mapped read-only where the memory is
    struct ring_index *own;  // producer: head; consumer: tail
    struct ring_index *peer; // the other one
    uint64_t capacity;       // slots, a power of two
    uint32_t slot_bytes;
    bool dead;            // the peer's index was impossible: nothing moves any more
    uint64_t own_cached;  // what we last wrote to own
    uint64_t peer_cached; // what we last believed of peer
};

void ring_init(struct ring *ring, void *slots, uint64_t capacity, uint32_t slot_bytes, struct ring_index *own,
               struct ring_index *peer);

// Producer: number of slots free, looked up afresh only when fewer than `wanted` are known to be.
static inline uint64_t ring_free(struct ring *ring, uint64_t wanted)
{
    uint64_t room = ring->capacity - (ring->own_cached - ring->peer_cached);
    if (room >= wanted || ring->dead)
        return ring->dead ? 0 : room;
    uint64_t peer = atomic_load_explicit(&ring->peer->value, memory_order_acquire);
    if (ring->own_cached - peer > ring->capacity || peer - ring->peer_cached > ring->capacity) {
        ring->dead = true;
        return 0;
    }
    ring->peer_cached = peer;
    return ring->capacity - (ring->own_cached - peer);
}

// Producer: the i-th slot to fill; i below what ring_free returned.
static inline void *ring_slot_ahead(const struct ring *ring, uint64_t i)
{
    return ring->slots + ((ring->own_cached + i) & (ring->capacity - 1)) * ring->slot_bytes;
}

// Consumer: number of slots to read, looked up afresh only when fewer than `wanted` are known.
static inline uint64_t ring_ready(struct ring *ring, uint64_t wanted)
{
    uint64_t ready = ring->peer_cached - ring->own_cached;
    if (ready >= wanted || ring->dead)
        return ring->dead ? 0 : ready;
    uint64_t peer = atomic_load_explicit(&ring->peer->value, memory_order_acquire);
    if (peer - ring->own_cached > ring->capacity || peer - ring->peer_cached > ring->capacity) {
        ring->dead = true;
        return 0;
    }
    ring->peer_cached = peer;
    return peer - ring->own_cached;
}

// Consumer: the i-th slot to read; i below what ring_ready returned. Its bytes may change under the reader when the
// producer is hostile: copy out, then check.
static inline const void *ring_slot(const struct ring *ring, uint64_t i)
{
    return ring->slots + ((ring->own_cached + i) & (ring->capacity - 1)) * ring->slot_bytes;
}

// Either side: n slots were filled, or read.
static inline void ring_advance(struct ring *ring, uint64_t n)
{
    ring->own_cached += n;
    atomic_store_explicit(&ring->own->value, ring->own_cached, memory_order_release);
}
