// SPDX-License-Identifier: BSD-3-Clause
#include "config/image_build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { IMAGE_ALIGNMENT = 64, FIRST_SLOTS = 256 };

static uint64_t string_hash(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); // FNV-1a
    for (; *text != '\0'; text++)
        hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    return hash;
}

int string_table_init(struct string_table *table)
{
    *table = (struct string_table){.length = 1, .capacity = 4096, .slot_count = FIRST_SLOTS};
    table->bytes = calloc(1, table->capacity);
    table->slots = calloc(table->slot_count, sizeof(*table->slots));
    if (table->bytes == NULL || table->slots == NULL) {
        string_table_fini(table);
        return -ENOMEM;
    }
    return 0;
}

void string_table_fini(struct string_table *table)
{
    free(table->bytes);
    free(table->slots);
    *table = (struct string_table){0};
}

int string_table_clone(const struct string_table *table, struct string_table *ret_clone)
{
    struct string_table clone = *table;
    clone.bytes = malloc(table->capacity);
    clone.slots = calloc(table->slot_count, sizeof(*clone.slots));
    if (clone.bytes == NULL || clone.slots == NULL) {
        string_table_fini(&clone);
        return -ENOMEM;
    }
    memcpy(clone.bytes, table->bytes, table->length);
    memcpy(clone.slots, table->slots, table->slot_count * sizeof(*clone.slots));
    *ret_clone = clone;
    return 0;
}

// The slot that holds text, or the empty one where it belongs. Offset 0 marks an empty slot: "" is never looked up.
static uint32_t *string_table_slot(const struct string_table *table, const char *text)
{
    size_t mask = table->slot_count - 1;
    size_t at = (size_t)string_hash(text) & mask;
    while (table->slots[at] != 0 && strcmp(table->bytes + table->slots[at], text) != 0)
        at = (at + 1) & mask;
    return &table->slots[at];
}

static int string_table_grow(struct string_table *table)
{
    struct string_table bigger = *table;
    bigger.slot_count = table->slot_count * 2;
    bigger.slots = calloc(bigger.slot_count, sizeof(*bigger.slots));
    if (bigger.slots == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < table->slot_count; i++)
        if (table->slots[i] != 0)
            *string_table_slot(&bigger, table->bytes + table->slots[i]) = table->slots[i];
    free(table->slots);
    *table = bigger;
    return 0;
}

static int string_table_reserve(struct string_table *table, size_t bytes)
{
    if (table->length + bytes > UINT32_MAX)
        return -EOVERFLOW;
    size_t capacity = table->capacity;
    while (capacity < table->length + bytes)
        capacity *= 2;
    if (capacity == table->capacity)
        return 0;
    char *moved = realloc(table->bytes, capacity);
    if (moved == NULL)
        return -ENOMEM;
    table->bytes = moved;
    table->capacity = capacity;
    return 0;
}

int string_table_add(struct string_table *table, const char *text, uint32_t *ret_offset)
{
    if (text == NULL || text[0] == '\0') {
        *ret_offset = 0;
        return 0;
    }
    uint32_t *slot = string_table_slot(table, text);
    if (*slot != 0) {
        *ret_offset = *slot;
        return 0;
    }
    size_t bytes = strlen(text) + 1;
    int error = string_table_reserve(table, bytes);
    if (error == 0 && (table->used + 1) * 2 > table->slot_count)
        error = string_table_grow(table);
    if (error != 0)
        return error;
    uint32_t offset = (uint32_t)table->length;
    memcpy(table->bytes + offset, text, bytes);
    table->length += bytes;
    table->used++;
    *string_table_slot(table, text) = offset;
    *ret_offset = offset;
    return 0;
}

void image_parts_targets(struct image_parts *parts, const struct targets *targets)
{
    parts->settings.addresses = targets->count;
    parts->settings.whole_addresses = targets->whole_addresses;
    parts->settings.sixteen_addresses = targets->sixteen_addresses;
    parts->parts[IMAGE_TARGET_BASES] = (struct image_part){targets->bases, targets->base_count};
    parts->parts[IMAGE_TARGET_DIRECTORY] = (struct image_part){targets->directory, 65536};
    parts->parts[IMAGE_TARGET_BLOCKS] = (struct image_part){targets->blocks, targets->block_count};
    parts->parts[IMAGE_TARGET_PARTIALS] = (struct image_part){targets->partials, targets->partial_count};
}

static int write_at(int fd, const void *data, size_t length, uint64_t offset)
{
    const char *bytes = data;
    while (length > 0) {
        ssize_t written = pwrite(fd, bytes, length, (off_t)offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -errno;
        bytes += written;
        length -= (size_t)written;
        offset += (uint64_t)written;
    }
    return 0;
}

static const size_t element_bytes[IMAGE_SECTION_COUNT] = {
#define X(name, type) [name] = sizeof(type),
    IMAGE_SECTIONS(X)
#undef X
};

int image_write(const struct image_parts *parts, int fd)
{
    struct image_header header = {
        .magic = IMAGE_MAGIC,
        .version = IMAGE_VERSION,
        .header_bytes = sizeof(header),
        .settings = parts->settings,
    };
    uint64_t end = sizeof(header);
    for (size_t i = 0; i < IMAGE_SECTION_COUNT; i++) {
        end = (end + IMAGE_ALIGNMENT - 1) & ~(uint64_t)(IMAGE_ALIGNMENT - 1);
        header.sections[i] = (struct image_slice){.offset = end, .count = parts->parts[i].count};
        end += parts->parts[i].count * element_bytes[i];
    }
    header.bytes = end;
    if (ftruncate(fd, (off_t)end) != 0)
        return -errno;
    int error = write_at(fd, &header, sizeof(header), 0);
    for (size_t i = 0; i < IMAGE_SECTION_COUNT && error == 0; i++)
        error =
            write_at(fd, parts->parts[i].items, parts->parts[i].count * element_bytes[i], header.sections[i].offset);
    return error;
}

void image_port_index(const uint16_t *ports, uint32_t count, int32_t *ret_index)
{
    for (size_t port = 0; port < IMAGE_PORTS_MAX; port++)
        ret_index[port] = -1;
    for (uint32_t i = 0; i < count; i++)
        ret_index[ports[i]] = (int32_t)i;
}
