// SPDX-License-Identifier: BSD-3-Clause
#include "control/report/intern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS_FIRST = 1024, ROOM_FIRST = 512, BYTES_FIRST = 16 << 10 };

// Not keyed: who fills a report with chosen values makes it slow, and the bound on their bytes keeps that small.
static uint64_t hash_of(const uint8_t *bytes, size_t length)
{
    uint64_t hash = UINT64_C(0x9e3779b97f4a7c15) ^ length;
    for (; length >= 8; bytes += 8, length -= 8) {
        uint64_t word;
        memcpy(&word, bytes, sizeof(word));
        hash = (hash ^ word) * UINT64_C(0xff51afd7ed558ccd);
        hash ^= hash >> 32;
    }
    uint64_t word = 0;
    memcpy(&word, bytes, length);
    hash = (hash ^ word) * UINT64_C(0xc4ceb9fe1a85ec53);
    return hash ^ hash >> 29;
}

int intern_init(struct intern *intern, size_t bytes_max)
{
    uint32_t empty;
    *intern = (struct intern){
        .bytes = malloc(BYTES_FIRST),
        .capacity = BYTES_FIRST,
        .offsets = malloc((ROOM_FIRST + 1) * sizeof(uint64_t)),
        .hashes = malloc(ROOM_FIRST * sizeof(uint64_t)),
        .room = ROOM_FIRST,
        .slots = calloc(SLOTS_FIRST, sizeof(uint32_t)),
        .slot_count = SLOTS_FIRST,
        .bytes_max = bytes_max,
    };
    if (intern->bytes == NULL || intern->offsets == NULL || intern->hashes == NULL || intern->slots == NULL)
        return -ENOMEM;
    intern->offsets[0] = 0;
    return intern_put(intern, "", 0, &empty);
}

void intern_fini(struct intern *intern)
{
    free(intern->bytes);
    free(intern->offsets);
    free(intern->hashes);
    free(intern->slots);
    *intern = (struct intern){0};
}

const void *intern_get(const struct intern *intern, uint32_t number, size_t *ret_length)
{
    *ret_length = intern->offsets[number + 1] - intern->offsets[number];
    return intern->bytes + intern->offsets[number];
}

static void slot_take(struct intern *intern, uint64_t hash, uint32_t number)
{
    size_t at = hash & (intern->slot_count - 1);
    while (intern->slots[at] != 0)
        at = (at + 1) & (intern->slot_count - 1);
    intern->slots[at] = number + 1;
}

static int slots_grow(struct intern *intern)
{
    uint32_t *slots = calloc(intern->slot_count * 2, sizeof(slots[0]));
    if (slots == NULL)
        return -ENOMEM;
    free(intern->slots);
    intern->slots = slots;
    intern->slot_count *= 2;
    for (uint32_t i = 0; i < intern->count; i++)
        slot_take(intern, intern->hashes[i], i);
    return 0;
}

static int room_grow(struct intern *intern)
{
    uint32_t room = intern->room * 2;
    uint64_t *offsets = reallocarray(intern->offsets, (size_t)room + 1, sizeof(offsets[0]));
    if (offsets == NULL)
        return -ENOMEM;
    intern->offsets = offsets;
    uint64_t *hashes = reallocarray(intern->hashes, room, sizeof(hashes[0]));
    if (hashes == NULL)
        return -ENOMEM;
    intern->hashes = hashes;
    intern->room = room;
    return 0;
}

static int bytes_grow(struct intern *intern, size_t length)
{
    size_t capacity = intern->capacity;
    while (capacity - intern->length < length)
        capacity *= 2;
    uint8_t *bytes = realloc(intern->bytes, capacity);
    if (bytes == NULL)
        return -ENOMEM;
    intern->bytes = bytes;
    intern->capacity = capacity;
    return 0;
}

static int number_add(struct intern *intern, const void *bytes, size_t length, uint64_t hash)
{
    if (length > intern->bytes_max - intern->length || intern->count == UINT32_MAX / 4)
        return -ENOSPC;
    int error = intern->count == intern->room ? room_grow(intern) : 0;
    if (error == 0 && intern->capacity - intern->length < length)
        error = bytes_grow(intern, length);
    if (error == 0 && (size_t)intern->count * 2 >= intern->slot_count)
        error = slots_grow(intern);
    if (error != 0)
        return error;
    if (length > 0)
        memcpy(intern->bytes + intern->length, bytes, length);
    intern->length += length;
    intern->hashes[intern->count] = hash;
    intern->offsets[intern->count + 1] = intern->length;
    slot_take(intern, hash, intern->count++);
    return 0;
}

static bool number_find(const struct intern *intern, const void *bytes, size_t length, uint64_t hash,
                        uint32_t *ret_number)
{
    for (size_t at = hash & (intern->slot_count - 1); intern->slots[at] != 0;
         at = (at + 1) & (intern->slot_count - 1)) {
        uint32_t number = intern->slots[at] - 1;
        if (intern->hashes[number] != hash || intern->offsets[number + 1] - intern->offsets[number] != length)
            continue;
        if (length == 0 || memcmp(intern->bytes + intern->offsets[number], bytes, length) == 0) {
            *ret_number = number;
            return true;
        }
    }
    return false;
}

bool intern_find(const struct intern *intern, const void *bytes, size_t length, uint32_t *ret_number)
{
    return number_find(intern, bytes, length, hash_of(bytes, length), ret_number);
}

int intern_put(struct intern *intern, const void *bytes, size_t length, uint32_t *ret_number)
{
    uint64_t hash = hash_of(bytes, length);
    if (number_find(intern, bytes, length, hash, ret_number))
        return 0;
    uint32_t number = intern->count;
    int error = number_add(intern, bytes, length, hash);
    if (error == 0)
        *ret_number = number;
    return error;
}
