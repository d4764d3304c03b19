// SPDX-License-Identifier: BSD-3-Clause
#include "control/converse/table.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

enum { TABLE_SLOTS_MIN = 64 };

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

static struct table_slot *slots_new(size_t count)
{
    struct table_slot *slots = malloc(count * sizeof(*slots));
    for (size_t i = 0; slots != NULL && i < count; i++)
        slots[i] = (struct table_slot){.value = TABLE_NONE};
    return slots;
}

int table_init(struct table *table, size_t expected)
{
    size_t count = TABLE_SLOTS_MIN;
    *table = (struct table){0};
    while (count / 4 * 3 <= expected)
        count *= 2;
    if (getrandom(table->secret, sizeof(table->secret), 0) != (ssize_t)sizeof(table->secret))
        return -errno;
    table->slots = slots_new(count);
    if (table->slots == NULL)
        return -ENOMEM;
    table->mask = count - 1;
    return 0;
}

void table_fini(struct table *table)
{
    free(table->slots);
    *table = (struct table){0};
}

// The key's slot, or the empty one where it belongs.
static size_t slot_find(const struct table *table, uint64_t key)
{
    size_t at = key_hash(table->secret, key) & table->mask;
    while (table->slots[at].value != TABLE_NONE && table->slots[at].key != key)
        at = (at + 1) & table->mask;
    return at;
}

uint32_t table_find(const struct table *table, uint64_t key)
{
    return table->slots[slot_find(table, key)].value;
}

static int table_grow(struct table *table)
{
    struct table larger = *table;
    larger.mask = table->mask * 2 + 1;
    larger.slots = slots_new(larger.mask + 1);
    if (larger.slots == NULL)
        return -ENOMEM;
    for (size_t i = 0; i <= table->mask; i++) {
        if (table->slots[i].value != TABLE_NONE)
            larger.slots[slot_find(&larger, table->slots[i].key)] = table->slots[i];
    }
    free(table->slots);
    *table = larger;
    return 0;
}

int table_put(struct table *table, uint64_t key, uint32_t value)
{
    if (table->count >= (table->mask + 1) / 4 * 3 && table_grow(table) != 0)
        return -ENOMEM;
    struct table_slot *slot = &table->slots[slot_find(table, key)];
    if (slot->value == TABLE_NONE)
        table->count++;
    *slot = (struct table_slot){.key = key, .value = value};
    return 0;
}

bool table_remove(struct table *table, uint64_t key)
{
    size_t hole = slot_find(table, key);
    if (table->slots[hole].value == TABLE_NONE)
        return false;
    table->count--;
    for (size_t at = (hole + 1) & table->mask; table->slots[at].value != TABLE_NONE; at = (at + 1) & table->mask) {
        size_t home = key_hash(table->secret, table->slots[at].key) & table->mask;
        // The entry may move into the hole when its home does not lie cyclically between the two.
        if (((at - home) & table->mask) >= ((at - hole) & table->mask)) {
            table->slots[hole] = table->slots[at];
            hole = at;
        }
    }
    table->slots[hole].value = TABLE_NONE;
    return true;
}

void table_clear(struct table *table)
{
    for (size_t i = 0; i <= table->mask; i++)
        table->slots[i].value = TABLE_NONE;
    table->count = 0;
}
