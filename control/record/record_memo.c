// SPDX-License-Identifier: BSD-3-Clause
#include "control/record/record_memo.h"

#include <stdlib.h>
#include <string.h>

// By its first bytes an object is looked for, so a shorter one is not kept; those of a version of a product name it.
enum { HEAD_BYTES = 256, LENGTH_MIN = 512, SLOTS = 1 << 16, DEPTH_MAX = 32, CHAIN_MAX = 8 };

struct entry {
    struct record_memo_part part;
    struct entry *next; // of the same slot
    uint64_t hash;
    enum part_id id;
    char *text; // changed by reading
    char raw[]; // [part.length]
};

struct record_memo {
    struct entry **slots;
    size_t bytes;
    size_t bytes_max;
    uint32_t count;
};

struct record_memo *record_memo_new(size_t bytes_max)
{
    struct record_memo *memo = calloc(1, sizeof(*memo));
    struct entry **slots = calloc(SLOTS, sizeof(slots[0]));
    if (memo == NULL || slots == NULL) {
        free(memo);
        free(slots);
        return NULL;
    }
    *memo = (struct record_memo){.slots = slots, .bytes_max = bytes_max};
    return memo;
}

static void entry_free(struct entry *entry)
{
    observation_fini(&entry->part.held);
    free(entry->text);
    free(entry);
}

void record_memo_free(struct record_memo *memo)
{
    if (memo == NULL)
        return;
    for (size_t i = 0; i < SLOTS; i++)
        for (struct entry *entry = memo->slots[i], *next; entry != NULL; entry = next) {
            next = entry->next;
            entry_free(entry);
        }
    free(memo->slots);
    free(memo);
}

// Not keyed: a chain has an end.
static uint64_t head_hash(const char *text)
{
    uint64_t hash = UINT64_C(0x9e3779b97f4a7c15);
    for (size_t i = 0; i < HEAD_BYTES; i += 8) {
        uint64_t word;
        memcpy(&word, text + i, sizeof(word));
        hash = (hash ^ word) * UINT64_C(0xff51afd7ed558ccd);
        hash ^= hash >> 32;
    }
    return hash;
}

const struct record_memo_part *record_memo_find(const struct record_memo *memo, enum part_id id, const char *text,
                                                size_t length)
{
    if (length < LENGTH_MIN)
        return NULL;
    uint64_t hash = head_hash(text);
    for (const struct entry *entry = memo->slots[hash % SLOTS]; entry != NULL; entry = entry->next)
        if (entry->hash == hash && entry->id == id && entry->part.length <= length &&
            memcmp(entry->raw, text, entry->part.length) == 0)
            return &entry->part;
    return NULL;
}

// How long the object or array is that the text begins with, by its brackets; 0 when it does not end. Whether it is
// right is for its reader to say.
static size_t object_length(const char *text, size_t length)
{
    size_t depth = 0;
    bool quoted = false;
    if (length == 0 || text[0] != '{')
        return 0;
    for (size_t i = 0; i < length; i++)
        if (quoted && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            quoted = !quoted;
        else if (!quoted && (text[i] == '{' || text[i] == '['))
            depth++;
        else if (!quoted && (text[i] == '}' || text[i] == ']') && --depth == 0)
            return i + 1;
    return 0;
}

// An entry whose part was read. NULL: no memory, or it cannot be read.
static struct entry *entry_new(enum part_id id, const char *text, size_t length, record_memo_read *read)
{
    struct entry *entry = malloc(sizeof(*entry) + length);
    if (entry == NULL)
        return NULL;
    *entry = (struct entry){.id = id, .hash = head_hash(text), .text = malloc(length + 1), .part.length = length};
    memcpy(entry->raw, text, length);
    observation_init(&entry->part.held);
    if (entry->text != NULL) {
        memcpy(entry->text, text, length);
        entry->text[length] = '\0';
        if (read(id, entry->text, length, &entry->part.held, &entry->part.unknown))
            return entry;
    }
    entry_free(entry);
    return NULL;
}

static bool chain_is_full(const struct record_memo *memo, uint64_t hash)
{
    size_t count = 0;
    for (const struct entry *entry = memo->slots[hash % SLOTS]; entry != NULL; entry = entry->next)
        count++;
    return count >= CHAIN_MAX;
}

const struct record_memo_part *record_memo_put(struct record_memo *memo, enum part_id id, const char *text,
                                               size_t length, record_memo_read *read)
{
    if (length < LENGTH_MIN || memo->bytes >= memo->bytes_max || chain_is_full(memo, head_hash(text)))
        return NULL;
    size_t object = object_length(text, length);
    if (object < LENGTH_MIN)
        return NULL;
    struct entry *entry = entry_new(id, text, object, read);
    if (entry == NULL)
        return NULL;
    // Once read it is known what it takes; the last one may go beyond the bound by itself.
    memo->bytes += sizeof(*entry) + 2 * object + arena_bytes(&entry->part.held.arena);
    entry->part.number = ++memo->count;
    entry->next = memo->slots[entry->hash % SLOTS];
    memo->slots[entry->hash % SLOTS] = entry;
    return &entry->part;
}
