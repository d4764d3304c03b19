// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A map from 64-bit keys to 32-bit values, which is also a set of keys: open addressing with linear probing and
// backward shift (Knuth, TAOCP 6.4, algorithm R), under SipHash-2-4 with a key of its own, because remote hosts choose
// the keys. One thread at a time.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_NONE UINT32_MAX

struct hash_slot {
    uint64_t key;
    uint32_t value; // HASH_NONE: empty
};

struct hash {
    struct hash_slot *slots;
    size_t mask; // slots - 1
    size_t count;
    uint64_t secret[2];
};

// Room for `expected` keys without growing; it grows by itself. Returns 0 or -ENOMEM. fini may follow a failed init.
int hash_init(struct hash *hash, size_t expected);
void hash_fini(struct hash *hash);

// The key's value, or HASH_NONE.
uint32_t hash_find(const struct hash *hash, uint64_t key);

// Sets the key's value (not HASH_NONE). Returns 0 or -ENOMEM, with the hash as it was.
int hash_put(struct hash *hash, uint64_t key, uint32_t value);

// True when the key was there.
bool hash_remove(struct hash *hash, uint64_t key);

// Removes every key and keeps the room.
void hash_clear(struct hash *hash);
