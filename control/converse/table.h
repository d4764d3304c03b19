// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A map from 64-bit keys to 32-bit values, which is also a set of keys: open addressing with linear probing and
// backward shift (Knuth, TAOCP 6.4, algorithm R), under SipHash-2-4 with a key of its own, because remote hosts choose
// the keys. One thread at a time.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TABLE_NONE UINT32_MAX

struct table_slot {
    uint64_t key;
    uint32_t value; // TABLE_NONE: empty
};

struct table {
    struct table_slot *slots;
    size_t mask; // slots - 1
    size_t count;
    uint64_t secret[2];
};

// Room for `expected` keys without growing; it grows by itself. Returns 0 or -ENOMEM. fini may follow a failed init.
int table_init(struct table *table, size_t expected);
void table_fini(struct table *table);

// The key's value, or TABLE_NONE.
uint32_t table_find(const struct table *table, uint64_t key);

// Sets the key's value (not TABLE_NONE). Returns 0 or -ENOMEM, with the table as it was.
int table_put(struct table *table, uint64_t key, uint32_t value);

// True when the key was there.
bool table_remove(struct table *table, uint64_t key);

// Removes every key and keeps the room.
void table_clear(struct table *table);
