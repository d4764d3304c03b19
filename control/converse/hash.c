// SPDX-License-Identifier: BSD-3-Clause
#include "control/converse/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

enum { HASH_SLOTS_MIN = 64 };

static inline uint64_t rotate(uint64_t value, int bits)
{
    return value << bits | value >> (64 - bits);
}

static inline void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

// SipHash-2-4 (Aumasson and Bernstein, 2012) of one little-endian word.
static uint64_t key_hash(const uint64_t secret[2], uint64_t key)
{
    uint64_t v[4] = {secret[0] ^ UINT64_C(0x736f6d6570736575), secret[1] ^ UINT64_C(0x646f72616e646f6d),
                     secret[0] ^ UINT64_C(0x6c7967656e657261), secret[1] ^ UINT64_C(0x7465646279746573)};
    const uint64_t words[2] = {key, UINT64_C(8) << 56};
    for (int i = 0; i < 2; i++) {
        v[3] ^= words[i];
        sip_round(v);
        sip_round(v);
        v[0] ^= words[i];
    }
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static struct hash_slot *slots_new(size_t count)
{
    struct hash_slot *slots = malloc(count * sizeof(*slots));
    for (size_t i = 0; slots != NULL && i < count; i++)
        slots[i] = (struct hash_slot){.value = HASH_NONE};
    return slots;
}

int hash_init(struct hash *hash, size_t expected)
{
    size_t count = HASH_SLOTS_MIN;
    *hash = (struct hash){0};
    while (count / 4 * 3 <= expected)
        count *= 2;
    if (getrandom(hash->secret, sizeof(hash->secret), 0) != (ssize_t)sizeof(hash->secret))
        return -errno;
    hash->slots = slots_new(count);
    if (hash->slots == NULL)
        return -ENOMEM;
    hash->mask = count - 1;
    return 0;
}

void hash_fini(struct hash *hash)
{
    free(hash->slots);
    *hash = (struct hash){0};
}

// The key's slot, or the empty one where it belongs.
static size_t slot_find(const struct hash *hash, uint64_t key)
{
    size_t at = key_hash(hash->secret, key) & hash->mask;
    while (hash->slots[at].value != HASH_NONE && hash->slots[at].key != key)
        at = (at + 1) & hash->mask;
    return at;
}

uint32_t hash_find(const struct hash *hash, uint64_t key)
{
    return hash->slots[slot_find(hash, key)].value;
}

static int hash_grow(struct hash *hash)
{
    struct hash larger = *hash;
    larger.mask = hash->mask * 2 + 1;
    larger.slots = slots_new(larger.mask + 1);
    if (larger.slots == NULL)
        return -ENOMEM;
    for (size_t i = 0; i <= hash->mask; i++)
        if (hash->slots[i].value != HASH_NONE)
            larger.slots[slot_find(&larger, hash->slots[i].key)] = hash->slots[i];
    free(hash->slots);
    *hash = larger;
    return 0;
}

int hash_put(struct hash *hash, uint64_t key, uint32_t value)
{
    if (hash->count >= (hash->mask + 1) / 4 * 3 && hash_grow(hash) != 0)
        return -ENOMEM;
    struct hash_slot *slot = &hash->slots[slot_find(hash, key)];
    if (slot->value == HASH_NONE)
        hash->count++;
    *slot = (struct hash_slot){.key = key, .value = value};
    return 0;
}

bool hash_remove(struct hash *hash, uint64_t key)
{
    size_t hole = slot_find(hash, key);
    if (hash->slots[hole].value == HASH_NONE)
        return false;
    hash->count--;
    for (size_t at = (hole + 1) & hash->mask; hash->slots[at].value != HASH_NONE; at = (at + 1) & hash->mask) {
        size_t home = key_hash(hash->secret, hash->slots[at].key) & hash->mask;
        // The entry may move into the hole when its home does not lie cyclically between the two.
        if (((at - home) & hash->mask) >= ((at - hole) & hash->mask)) {
            hash->slots[hole] = hash->slots[at];
            hole = at;
        }
    }
    hash->slots[hole].value = HASH_NONE;
    return true;
}

void hash_clear(struct hash *hash)
{
    for (size_t i = 0; i <= hash->mask; i++)
        hash->slots[i].value = HASH_NONE;
    hash->count = 0;
}
