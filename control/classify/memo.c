// SPDX-License-Identifier: BSD-3-Clause
#include "control/classify/memo.h"

#include <stdlib.h>
#include <string.h>

enum {
    SLOTS = 8192, // a power of two
    KEPT_MOST = 8192,
    KEPT_BYTES = 64 << 20,
    TOGETHER_MOST = 8, // of one slot
};

struct memo {
    struct memo_entry *slots[SLOTS];
    uint64_t generation; // from 1; another one whenever entries have gone
    size_t kept;
    size_t bytes;
};

struct memo *memo_new(void)
{
    struct memo *memo = calloc(1, sizeof(*memo));
    if (memo != NULL)
        memo->generation = 1;
    return memo;
}

static void slot_clear(struct memo *memo, struct memo_entry **slot)
{
    memo->generation++;
    while (*slot != NULL) {
        struct memo_entry *entry = *slot;
        *slot = entry->next;
        memo->kept--;
        memo->bytes -= entry->bytes;
        free(entry);
    }
}

void memo_clear(struct memo *memo)
{
    for (size_t i = 0; i < SLOTS; i++)
        slot_clear(memo, &memo->slots[i]);
}

void memo_free(struct memo *memo)
{
    if (memo == NULL)
        return;
    memo_clear(memo);
    free(memo);
}

// Eight bytes at a time: it is made of a hundred bytes or two for every record.
static uint64_t hash_of(const void *key, size_t bytes)
{
    const uint8_t *at = key;
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ bytes;
    uint64_t word = 0;
    for (; bytes >= sizeof(word); bytes -= sizeof(word), at += sizeof(word)) {
        memcpy(&word, at, sizeof(word));
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
    }
    word = 0;
    memcpy(&word, at, bytes);
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

struct memo_entry *memo_find(const struct memo *memo, const void *key, size_t key_bytes)
{
    uint64_t hash = hash_of(key, key_bytes);
    for (struct memo_entry *entry = memo->slots[hash & (SLOTS - 1)]; entry != NULL; entry = entry->next)
        if (entry->hash == hash && entry->key_bytes == key_bytes && memcmp(entry->key, key, key_bytes) == 0)
            return entry;
    return NULL;
}

void memo_keep(struct memo *memo, struct memo_entry *entry)
{
    entry->hash = hash_of(entry->key, entry->key_bytes);
    struct memo_entry **slot = &memo->slots[entry->hash & (SLOTS - 1)];
    size_t together = 0;
    for (const struct memo_entry *other = *slot; other != NULL; other = other->next)
        together++;
    if (memo->kept >= KEPT_MOST || memo->bytes > KEPT_BYTES)
        memo_clear(memo);
    else if (together >= TOGETHER_MOST)
        slot_clear(memo, slot);
    entry->next = *slot;
    *slot = entry;
    memo->kept++;
    memo->bytes += entry->bytes;
}

struct memo_hint memo_hint(const struct memo *memo, struct memo_entry *entry)
{
    return (struct memo_hint){.generation = memo->generation, .entry = entry};
}

struct memo_entry *memo_recall(const struct memo *memo, const struct memo_hint *hint)
{
    return hint->generation == memo->generation ? hint->entry : NULL;
}

size_t memo_texts_bytes(const struct part *part, const void *rows, uint32_t count)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < count; i++)
        for (size_t f = 0; f < part->field_count; f++) {
            const void *row = (const uint8_t *)rows + i * part->bytes;
            const struct field *field = &part->fields[f];
            if (field->kind == FIELD_TEXT && field_known(row, field))
                bytes += ((const struct text *)field_value_const(row, field))->length + 1;
        }
    return bytes;
}

char *memo_texts_copy(const struct part *part, void *rows, uint32_t count, char *to)
{
    for (uint32_t i = 0; i < count; i++)
        for (size_t f = 0; f < part->field_count; f++) {
            void *row = (uint8_t *)rows + i * part->bytes;
            const struct field *field = &part->fields[f];
            struct text *text = field_value(row, field);
            if (field->kind != FIELD_TEXT || !field_known(row, field))
                continue;
            memcpy(to, text->data, text->length);
            to[text->length] = '\0';
            text->data = to;
            to += text->length + 1;
        }
    return to;
}
